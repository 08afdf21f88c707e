--- Puts the server's answers into the form that Neovim takes.
---
--- Neovim would show `\r` of a file with CRLF, leave an old suggestion where the new answer is that
--- there is none, and show one although something else was typed since.

local place = require('sc2_lsp.place')

local M = {}

local METHOD = 'textDocument/inlineCompletion'

---@param item lsp.InlineCompletionItem
---@param bufnr integer
---@param encoding string
---@return boolean
local function fits(item, bufnr, encoding)
  if type(item.insertText) ~= 'string' or not item.range then
    return true
  end
  local start = item.range.start
  local line = vim.api.nvim_buf_get_lines(bufnr, start.line, start.line + 1, false)[1]
  if not line then
    return false
  end
  local col = vim.str_byteindex(line, encoding, start.character, false)
  return place.typed(bufnr, start.line, col, item.insertText) ~= nil
end

---@param result lsp.InlineCompletionList|lsp.InlineCompletionItem[]|nil
---@param bufnr integer
---@param encoding string
---@return lsp.InlineCompletionList
local function adapted(result, bufnr, encoding)
  local items = {}
  for _, item in ipairs(result and (result.items or result) or {}) do
    if type(item.insertText) == 'string' then
      item.insertText = item.insertText:gsub('\r\n?', '\n')
    end
    if fits(item, bufnr, encoding) then
      items[#items + 1] = item
    end
  end
  return { items = items }
end

--- Have the answers to this client's requests adapted. An answer that a newer request has overtaken
--- is dropped, and one that Neovim makes by itself is not sent where none is wanted.
---@param client vim.lsp.Client
---@param is_wanted fun(bufnr: integer): boolean
function M.adapt(client, is_wanted)
  local request = client.request
  local latest = {} ---@type table<integer, integer>

  ---@diagnostic disable-next-line: duplicate-set-field
  client.request = function(self, method, params, handler, bufnr)
    if method ~= METHOD or not handler then
      return request(self, method, params, handler, bufnr)
    end
    local asked = vim._resolve_bufnr and vim._resolve_bufnr(bufnr) or bufnr
    local kind = vim.tbl_get(params, 'context', 'triggerKind')
    if kind == vim.lsp.protocol.InlineCompletionTriggerKind.Automatic and not is_wanted(asked) then
      return false
    end
    local number = (latest[asked] or 0) + 1
    latest[asked] = number
    return request(self, method, params, function(err, result, ctx)
      if not err then
        local is_current = latest[asked] == number and asked == vim.api.nvim_get_current_buf()
        result = is_current and adapted(result, asked, self.offset_encoding) or nil
      end
      return handler(err, result, ctx)
    end, bufnr)
  end
end

return M
