--- What the statusline shows. Costs nothing unless it is asked.

local attach = require('sc2_lsp.attach')
local restart = require('sc2_lsp.restart')
local server = require('sc2_lsp.server')

local M = {}

---@alias sc2_lsp.State 'none'|'restarting'|'stopped'|'off'|'loading'|'error'|'working'|'ready'

local FRESH_FOR_MS = 2000
local ASK_AGAIN_MS = 1000

---@class sc2_lsp.Known
---@field engine string?
---@field percent integer? how much of the weights is there
---@field asked_ms number
---@field is_asking boolean

---@type table<integer, sc2_lsp.Known>
local known = {}
local is_followed = false

local function redraw()
  vim.cmd.redrawstatus({ bang = true })
end

--- Have the statusline drawn when something happens to the server, now that somebody shows it.
local function follow()
  is_followed = true
  vim.api.nvim_create_autocmd({ 'LspAttach', 'LspDetach', 'LspRequest' }, {
    group = vim.api.nvim_create_augroup('sc2_lsp.status', {}),
    desc = 'Draw the status of sc2_lsp',
    callback = function(event)
      local request = event.data.request
      if not request or request.method == 'textDocument/inlineCompletion' then
        vim.schedule(redraw)
      end
    end,
  })
end

---@param client vim.lsp.Client
local function refresh(client)
  local entry = known[client.id] or { asked_ms = -math.huge, is_asking = false }
  known[client.id] = entry
  if entry.is_asking or vim.uv.now() - entry.asked_ms < FRESH_FOR_MS or not client.initialized then
    return
  end
  entry.is_asking = true
  server.execute(client, 'sc2.stats', nil, function(stats)
    entry.is_asking = false
    entry.asked_ms = vim.uv.now()
    local engine = stats and stats.engine.state
    local share = stats and stats.engine.load_share
    local percent = type(share) == 'number' and math.floor(100 * share) or nil
    if engine ~= entry.engine or percent ~= entry.percent then
      entry.engine, entry.percent = engine, percent
      redraw()
    end
    if engine ~= 'ready' then
      vim.defer_fn(function()
        if not client:is_stopped() then
          entry.asked_ms = -math.huge
          refresh(client)
        end
      end, ASK_AGAIN_MS)
    end
  end)
end

---@param client vim.lsp.Client
---@return boolean
local function is_working(client)
  for _, request in pairs(client.requests) do
    if request.method == 'textDocument/inlineCompletion' and request.type == 'pending' then
      return true
    end
  end
  return false
end

--- Whether there should be a server for the buffer.
---@param bufnr integer
---@return boolean
local function is_for(bufnr)
  local filetype = vim.bo[bufnr].filetype
  local filetypes = vim.lsp.config.sc2_lsp.filetypes
  return vim.bo[bufnr].buftype == ''
    and filetype ~= ''
    and (not filetypes or vim.list_contains(filetypes, filetype))
end

--- In one word how the server is for a buffer.
---@param bufnr? integer current if left out
---@return sc2_lsp.State
function M.state(bufnr)
  if not is_followed then
    follow()
  end
  local client = vim.lsp.get_clients({ name = 'sc2_lsp', bufnr = bufnr or 0 })[1]
  if not client then
    local absence = restart.absence()
    return absence ~= 'none' and is_for(bufnr or 0) and absence or 'none'
  end
  refresh(client)
  if not attach.is_enabled(vim.bo[bufnr or 0].filetype) then
    return 'off'
  end
  local engine = known[client.id].engine
  if engine == 'failed' then
    return 'error'
  end
  if engine == 'loading' or engine == nil then
    return 'loading'
  end
  return is_working(client) and 'working' or 'ready'
end

--- The same for a statusline.
---@param bufnr? integer
---@return string
function M.text(bufnr)
  local state = M.state(bufnr)
  if state == 'none' then
    return ''
  end
  if state == 'loading' then
    local client = vim.lsp.get_clients({ name = 'sc2_lsp', bufnr = bufnr or 0 })[1]
    local percent = client and known[client.id].percent
    return percent and ('sc2 loading %d/100'):format(percent) or 'sc2 loading'
  end
  return state == 'ready' and 'sc2' or 'sc2 ' .. state
end

return M
