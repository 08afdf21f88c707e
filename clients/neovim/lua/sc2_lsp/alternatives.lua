--- Other suggestions for the same place. While you type there is one; more are made on demand.

local native = require('sc2_lsp.native')
local place = require('sc2_lsp.place')

local M = {}

---@param client vim.lsp.Client
---@param count integer
local function ask(client, count)
  local bufnr = vim.api.nvim_get_current_buf()
  local row, col = place.cursor()
  local tick = vim.api.nvim_buf_get_changedtick(bufnr)
  local shown = native.text(bufnr)
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  ---@cast params lsp.InlineCompletionParams
  params.context = { triggerKind = vim.lsp.protocol.InlineCompletionTriggerKind.Invoked }
  client:request('textDocument/inlineCompletion', params, function(err, result, ctx)
    local now_row, now_col = place.cursor()
    local is_same_place = now_row == row and now_col == col
    if is_same_place and tick == vim.api.nvim_buf_get_changedtick(bufnr) then
      native.take(bufnr, err, result, ctx)
      -- The first one need not be what was shown; going round once only shows its number.
      local is_new = native.text(bufnr) ~= shown
      local steps = is_new and native.count(bufnr) or count
      vim.lsp.inline_completion.select({ bufnr = bufnr, count = steps })
    end
  end, bufnr)
end

---@param count integer 1 for the next, -1 for the one before
function M.show(count)
  local bufnr = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ name = 'sc2_lsp', bufnr = bufnr })[1]
  if client and native.count(bufnr) < 2 then
    ask(client, count)
  else
    vim.lsp.inline_completion.select({ bufnr = bufnr, count = count })
  end
end

return M
