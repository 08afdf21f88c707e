--- Starts the server again when it ended by itself: with growing pauses, and not for ever.

local missing = require('sc2_lsp.missing')

local M = {}

local PAUSES_MS = { 500, 2000, 8000, 30000 }
local FORGOTTEN_AFTER_S = 300

---@alias sc2_lsp.Absence 'none'|'restarting'|'stopped'

local n_restarts = 0
local last_exit_s = 0
local is_waiting = false
local absence = 'none' ---@type sc2_lsp.Absence
local is_asked = {} ---@type table<integer, boolean> by client: whether it was told to end

---@param why sc2_lsp.Absence
local function set_absence(why)
  absence = why
  vim.cmd.redrawstatus({ bang = true })
end

local function start()
  is_waiting = false
  if missing.tell() or not vim.lsp.is_enabled('sc2_lsp') then
    set_absence('stopped')
  else
    -- Neovim starts it anew for every buffer that it belongs to.
    vim.lsp.enable('sc2_lsp')
  end
end

local function tell(text, level)
  vim.notify('sc2_lsp: ' .. text, level)
end

---@param was_asked boolean
local function exited(was_asked)
  local is_leaving = vim.v.exiting ~= vim.NIL
  if is_leaving or is_waiting then
    return
  end
  if was_asked or not vim.lsp.is_enabled('sc2_lsp') then
    -- Between the two halves of a restart it is none that was stopped.
    set_absence(absence == 'restarting' and absence or 'stopped')
    return
  end
  local now_s = vim.uv.now() / 1000
  if now_s - last_exit_s > FORGOTTEN_AFTER_S then
    n_restarts = 0
  end
  last_exit_s = now_s
  n_restarts = n_restarts + 1
  local pause_ms = PAUSES_MS[n_restarts]
  if pause_ms then
    is_waiting = true
    vim.defer_fn(start, pause_ms)
    set_absence('restarting')
  else
    set_absence('stopped')
    tell(
      'the server ended too often. :Sc2 log says why, :Sc2 restart tries again.',
      vim.log.levels.ERROR
    )
  end
end

--- The server's process ended. Its exit code does not tell whether it was asked to: others can end
--- it by the signal that Neovim uses.
---@param client_id integer
function M.exited(client_id)
  local was_asked = is_asked[client_id] == true
  is_asked[client_id] = nil
  vim.schedule(function()
    exited(was_asked)
  end)
end

--- The server has attached to a buffer. From now on it is kept in mind whether it is told to end.
---@param client vim.lsp.Client
function M.attached(client)
  absence = 'none'
  if is_asked[client.id] ~= nil then
    return
  end
  is_asked[client.id] = false
  local stop = client.stop
  ---@diagnostic disable-next-line: duplicate-set-field
  client.stop = function(self, force)
    is_asked[self.id] = true
    return stop(self, force)
  end
end

--- Why there is no server where there should be one.
---@return sc2_lsp.Absence
function M.absence()
  return absence
end

--- Stop the server if it runs, and start it.
function M.restart()
  n_restarts = 0
  if #vim.lsp.get_clients({ name = 'sc2_lsp' }) > 0 then
    vim.cmd('lsp restart sc2_lsp')
  else
    vim.lsp.enable('sc2_lsp')
  end
  set_absence(missing.tell() and 'stopped' or 'restarting')
end

return M
