--- Starts the server again when it ended by itself: with growing pauses, and not for ever.

local M = {}

local PAUSES_MS = { 500, 2000, 8000, 30000 }
local FORGOTTEN_AFTER_S = 300
local SIGTERM = 15

local n_restarts = 0
local last_exit_s = 0
local is_waiting = false

local function start()
  is_waiting = false
  if vim.lsp.is_enabled('sc2_lsp') then
    -- Neovim starts it anew for every buffer that it belongs to.
    vim.lsp.enable('sc2_lsp')
  end
end

local function tell(text, level)
  vim.notify('sc2_lsp: ' .. text, level)
end

---@param code integer
---@param signal integer
local function exited(code, signal)
  local was_asked = code == 128 + SIGTERM or (code == 0 and (signal == 0 or signal == SIGTERM))
  local is_leaving = vim.v.exiting ~= vim.NIL
  if was_asked or is_leaving or is_waiting or not vim.lsp.is_enabled('sc2_lsp') then
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
    vim.cmd.redrawstatus({ bang = true })
  else
    tell(
      'the server ended too often. :Sc2 log says why, :Sc2 restart tries again.',
      vim.log.levels.ERROR
    )
  end
end

--- The server's process ended.
---@param code integer
---@param signal integer
function M.exited(code, signal)
  vim.schedule(function()
    exited(code, signal)
  end)
end

--- Whether a restart is under way.
---@return boolean
function M.is_waiting()
  return is_waiting
end

--- Stop the server if it runs, and start it.
function M.restart()
  n_restarts = 0
  if #vim.lsp.get_clients({ name = 'sc2_lsp' }) > 0 then
    vim.cmd('lsp restart sc2_lsp')
  else
    vim.lsp.enable('sc2_lsp')
  end
end

return M
