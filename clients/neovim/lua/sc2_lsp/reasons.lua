--- Why there was no suggestion, for `:Sc2 why`. A test checks that none is missing.

---@type table<string, string>
return {
  disabled = 'The setting automatic is off and you did not ask by a key.',
  unknown_document = 'The server does not know this buffer.',
  inside_word = 'The cursor stands before the rest of a word.',
  excluded = 'The file is one that holds secrets, or the cursor stands in or right behind one.',
  loading = 'The weights are being loaded; try again in a moment.',
  engine_down = 'The engine died and is restarted with increasing pauses.',
  model_error = 'The file in the setting model cannot be used; :messages and :Sc2 log say why.',
  deadline = 'Nothing was ready within deadline_ms: use a smaller model or less context.',
  superseded = 'You typed on, and a newer request took its place.',
  nothing_generated = 'The model had nothing to add.',
  blank = 'The model wrote only blanks.',
  repeats_document = 'The model wrote what stands around the cursor already.',
  failed = 'Something went wrong in the server; :Sc2 log says what.',
}
