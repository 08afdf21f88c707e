-- What `vim.lsp.enable('sc2_lsp')` starts. Change any of it with `vim.lsp.config('sc2_lsp', {…})`.

-- Neovim 0.11 reads this file as well. There it says that no buffer is for the server.
if vim.fn.has('nvim-0.12') == 0 then
  return { cmd = { 'sc2-lsp', 'serve' }, filetypes = {}, root_dir = function() end }
end

---@type vim.lsp.Config
return {
  cmd = { 'sc2-lsp', 'serve' },
  root_markers = { '.git', '.hg', '.jj' },
  -- The server is asked to end when Neovim does, and is ended if it has not after this time.
  exit_timeout = 2000,
  ---@type { sc2: sc2_lsp.Settings }
  settings = { sc2 = vim.empty_dict() },
  on_exit = function(_, _, client_id)
    require('sc2_lsp.restart').exited(client_id)
  end,
}
