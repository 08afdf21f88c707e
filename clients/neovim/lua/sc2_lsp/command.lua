--- `:Sc2` and its subcommands.

local models = require('sc2_lsp.models')
local reasons = require('sc2_lsp.reasons')
local report = require('sc2_lsp.report')
local restart = require('sc2_lsp.restart')
local server = require('sc2_lsp.server')

local M = {}

local NAMES_WAIT_MS = 3000

---@param text string
---@param level? integer
local function tell(text, level)
  vim.notify('sc2_lsp: ' .. text, level or vim.log.levels.INFO)
end

---@param name string
---@param lines string[]
local function open(name, lines)
  vim.cmd('botright new')
  local bufnr = vim.api.nvim_get_current_buf()
  vim.bo[bufnr].buftype = 'nofile'
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].filetype = 'markdown'
  pcall(vim.api.nvim_buf_set_name, bufnr, 'sc2://' .. name)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].modifiable = false
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = bufnr, desc = 'Close' })
end

---@param command string
---@param arguments table[]?
---@param done fun(result: any)
local function ask(command, arguments, done)
  local client = server.client()
  if not client then
    tell('the server does not run here; :checkhealth sc2_lsp says more.', vim.log.levels.WARN)
    return
  end
  server.execute(client, command, arguments, function(result, problem)
    if problem then
      tell(problem, vim.log.levels.WARN)
    else
      done(result)
    end
  end)
end

---@param model string a path, or a name that the server knows
local function set_model(model)
  -- The first keeps it for servers that are started later, the loop tells those that run.
  vim.lsp.config('sc2_lsp', { settings = { sc2 = { model = model } } })
  for _, client in ipairs(vim.lsp.get_clients({ name = 'sc2_lsp' })) do
    client.settings = vim.tbl_deep_extend('force', client.settings, { sc2 = { model = model } })
    client:notify('workspace/didChangeConfiguration', { settings = client.settings })
  end
  tell('the model is ' .. model .. ' until you leave Neovim.')
end

---@param model sc2_lsp.Model
local function use_listed(model)
  if model.path then
    set_model(model.name)
  else
    tell(('fetch it first: sc2-lsp model pull %s'):format(model.name))
  end
end

---@param wanted string a path, or a name that the server knows
local function use_model(wanted)
  local path = vim.fn.fnamemodify(vim.fn.expand(wanted), ':p')
  if vim.fn.filereadable(path) == 1 then
    set_model(path)
    return
  end
  if wanted:find('[/\\]') or vim.endswith(wanted, '.gguf') then
    tell(('there is no file %s.'):format(path), vim.log.levels.ERROR)
    return
  end
  models.list(function(list)
    if not list then
      -- The server knows, and says what is wrong.
      set_model(wanted)
      return
    end
    for _, model in ipairs(list) do
      if model.name == wanted then
        use_listed(model)
        return
      end
    end
    tell(('there is no model and no file named %s.'):format(wanted), vim.log.levels.ERROR)
  end)
end

local function choose_model()
  models.list(function(list)
    if not list then
      ask('sc2.stats', nil, function(stats)
        tell('the model is ' .. stats.model)
      end)
      return
    end
    local function chosen(model)
      -- What is said before the list is gone from the screen goes with it.
      vim.cmd.redraw()
      if model then
        use_listed(model)
      end
    end
    vim.ui.select(list, { prompt = 'Model:', format_item = models.line }, chosen)
  end)
end

---@class sc2_lsp.Subcommand
---@field run fun(argument: string?)
---@field complete? fun(lead: string): string[]

---@type table<string, sc2_lsp.Subcommand>
local subcommands = {
  status = {
    run = function()
      ask('sc2.stats', nil, function(stats)
        local shown = require('sc2_lsp').is_enabled(vim.bo.filetype) and 'on' or 'off'
        local speed = ('%s ms'):format(stats.latency_ms.p50 or '?')
        tell(('%s, %s, suggestions %s, %s'):format(stats.engine.state, stats.model, shown, speed))
      end)
    end,
  },
  why = {
    run = function()
      ask('sc2.stats', nil, function(stats)
        local reason = stats.last_empty
        if stats.requests == 0 then
          tell('nothing was asked yet: suggestions come in insert mode.')
        elseif reason == nil or reason == vim.NIL then
          tell('the last answer was a suggestion.')
        else
          tell(('%s (%s)'):format(reasons[reason] or 'There is no more to say.', reason))
        end
      end)
    end,
  },
  context = {
    run = function()
      local client = server.client()
      local encoding = client and client.offset_encoding or 'utf-16'
      local here = vim.lsp.util.make_position_params(0, encoding)
      ask('sc2.context', { here }, function(context)
        if context and context ~= vim.NIL then
          open('context', report.context(context))
        else
          tell('there is no context: the buffer is not open, or the engine is not ready.')
        end
      end)
    end,
  },
  index = {
    run = function()
      ask('sc2.index', nil, function(result)
        open('index', report.index(result.indexes))
      end)
    end,
  },
  stats = {
    run = function()
      ask('sc2.stats', nil, function(stats)
        open('stats', report.stats(stats))
      end)
    end,
  },
  log = {
    run = function()
      vim.cmd.tabnew({ vim.fn.fnameescape(vim.lsp.log.get_filename()) })
      vim.cmd.normal({ 'G', bang = true })
    end,
  },
  restart = {
    run = restart.restart,
  },
  toggle = {
    run = function(filetype)
      local shown = require('sc2_lsp').toggle(nil, filetype) and 'on' or 'off'
      tell(('suggestions are %s%s.'):format(shown, filetype and ' in ' .. filetype or ''))
    end,
    complete = function(lead)
      return vim.fn.getcompletion(lead, 'filetype')
    end,
  },
  model = {
    run = function(wanted)
      if wanted then
        use_model(wanted)
      else
        choose_model()
      end
    end,
    complete = function(lead)
      local files = vim.tbl_filter(function(path)
        return vim.endswith(path, '.gguf') or vim.endswith(path, '/')
      end, vim.fn.getcompletion(lead, 'file'))
      local names = vim.tbl_filter(function(name)
        return vim.startswith(name, lead)
      end, models.names(NAMES_WAIT_MS))
      return vim.list_extend(names, vim.tbl_map(vim.fn.fnameescape, files))
    end,
  },
}

---@return string[]
local function names()
  local all = vim.tbl_keys(subcommands)
  table.sort(all)
  return all
end

--- Without an argument: status.
---@param arguments string[]
function M.run(arguments)
  local name = arguments[1] or 'status'
  local subcommand = subcommands[name]
  local argument = #arguments > 1 and table.concat(arguments, ' ', 2) or nil
  if not subcommand then
    tell(("there is no '%s': Tab after :Sc2 shows what is."):format(name), vim.log.levels.ERROR)
  elseif argument and not subcommand.complete then
    tell(("'%s' takes no argument."):format(name), vim.log.levels.ERROR)
  else
    subcommand.run(argument)
  end
end

--- What stands behind `Sc2` in a command line, without what is being completed.
---@param lead string
---@param line string up to the cursor
---@return string[]
local function words_before(lead, line)
  local ok, parsed = pcall(vim.api.nvim_parse_cmd, line, {})
  -- It can stand behind a bar, or behind a command that takes another one.
  while ok and parsed.nextcmd ~= '' do
    ok, parsed = pcall(vim.api.nvim_parse_cmd, parsed.nextcmd, {})
  end
  if not ok then
    return {}
  end
  local words = vim.list_extend({ parsed.cmd }, parsed.args or {})
  while words[1] and words[1] ~= 'Sc2' do
    table.remove(words, 1)
  end
  return vim.list_slice(words, 2, lead == '' and #words or #words - 1)
end

---@param lead string
---@param line string up to wherever it goes
---@param position integer of the cursor in `line`
---@return string[]
function M.complete(lead, line, position)
  local words = words_before(lead, line:sub(1, position))
  if #words == 0 then
    return vim.tbl_filter(function(name)
      return vim.startswith(name, lead)
    end, names())
  end
  local subcommand = subcommands[words[1]]
  return #words == 1 and subcommand and subcommand.complete and subcommand.complete(lead) or {}
end

return M
