--- Turns Neovim's inline completion on where the server attaches, and off and on again for you.

local answers = require('sc2_lsp.answers')
local native = require('sc2_lsp.native')
local place = require('sc2_lsp.place')
local restart = require('sc2_lsp.restart')

local M = {}

local is_enabled = true
local off_in = {} ---@type table<string, true> by filetype
local adapted = {} ---@type table<integer, true>

--- Take a suggestion off the screen once something else was typed. Neovim goes on drawing its end
--- until it has asked again.
---@param client_id integer
---@param bufnr integer
local function hide_stale(client_id, bufnr)
  local item = native.item(bufnr)
  if not item or item.client_id ~= client_id or type(item.insert_text) ~= 'string' then
    return
  end
  if item.range and item.range:is_empty() then
    local row, col = item.range:to_extmark()
    if not place.typed(bufnr, row, col, item.insert_text) then
      native.hide(bufnr)
    end
  end
end

---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  restart.attached(client)
  if not client:supports_method('textDocument/inlineCompletion', bufnr) then
    return
  end
  if not adapted[client.id] then
    adapted[client.id] = true
    answers.adapt(client, function(asked)
      return M.is_enabled(vim.bo[asked].filetype)
    end)
  end
  vim.lsp.inline_completion.enable(true, { bufnr = bufnr })
  -- Behind Neovim's own, which draws.
  vim.api.nvim_create_autocmd({ 'CursorMovedI', 'TextChangedP' }, {
    group = vim.api.nvim_create_augroup('sc2_lsp.stale.' .. bufnr, {}),
    buffer = bufnr,
    desc = 'Hide what was typed past',
    callback = function()
      hide_stale(client.id, bufnr)
    end,
  })
  if not is_enabled then
    vim.lsp.inline_completion.enable(false, { client_id = client.id })
  end
end

--- Whether suggestions are shown, in buffers of one filetype if it is given.
---@param filetype? string
---@return boolean
function M.is_enabled(filetype)
  return is_enabled and not (filetype and off_in[filetype])
end

--- In one filetype other servers' suggestions stay: ours are not asked for.
---@param enable boolean
---@param filetype? string all of them if left out
function M.enable(enable, filetype)
  if filetype then
    off_in[filetype] = not enable or nil
    vim.cmd.redrawstatus({ bang = true })
    return
  end
  is_enabled = enable
  for _, client in ipairs(vim.lsp.get_clients({ name = 'sc2_lsp' })) do
    vim.lsp.inline_completion.enable(enable, { client_id = client.id })
  end
  vim.cmd.redrawstatus({ bang = true })
end

return M
