--- Turns Neovim's inline completion on where the server attaches, and off and on again for you.

local answers = require('sc2_lsp.answers')

local M = {}

local is_enabled = true
local adapted = {} ---@type table<integer, true>

---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  if not client:supports_method('textDocument/inlineCompletion', bufnr) then
    return
  end
  if not adapted[client.id] then
    adapted[client.id] = true
    answers.adapt(client)
  end
  vim.lsp.inline_completion.enable(true, { bufnr = bufnr })
  if not is_enabled then
    vim.lsp.inline_completion.enable(false, { client_id = client.id })
  end
end

---@return boolean
function M.is_enabled()
  return is_enabled
end

---@param enable boolean
function M.enable(enable)
  is_enabled = enable
  for _, client in ipairs(vim.lsp.get_clients({ name = 'sc2_lsp' })) do
    vim.lsp.inline_completion.enable(enable, { client_id = client.id })
  end
  vim.cmd.redrawstatus({ bang = true })
end

return M
