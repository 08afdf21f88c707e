--- Turns Neovim's inline completion on where the server attaches, and off and on again for you.

local answers = require('sc2_lsp.answers')

local M = {}

local is_enabled = true
local off_in = {} ---@type table<string, true> by filetype
local adapted = {} ---@type table<integer, true>

---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
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
