--- Inserts a suggestion or its beginning, at the cursor and nowhere else.
---
--- Neovim inserts where the suggestion was asked for. Who has typed on since, within the pause
--- before Neovim asks again, would get those characters twice.

local native = require('sc2_lsp.native')
local parts = require('sc2_lsp.parts')
local place = require('sc2_lsp.place')

local M = {}

--- The text of an item that is still to be inserted; nil where the cursor has left it.
---@param bufnr integer
---@param item vim.lsp.inline_completion.Item
---@return string?
local function rest_of(bufnr, item)
  local text = item.insert_text
  if type(text) ~= 'string' then
    return nil
  end
  if not item.range then
    return text
  end
  local row, col = item.range:to_extmark()
  local typed = place.typed(bufnr, row, col, text)
  return typed and text:sub(#typed + 1)
end

---@param bufnr integer
---@param item vim.lsp.inline_completion.Item
---@param text string
local function keep(bufnr, item, text)
  local row, col = place.cursor()
  local range = vim.range.extmark(bufnr, row, col, row, col)
  native.show(bufnr, vim.tbl_extend('force', item, { insert_text = text, range = range }))
end

---@param item vim.lsp.inline_completion.Item
---@param bufnr integer
local function run_command_of(item, bufnr)
  local client = item.command and vim.lsp.get_client_by_id(item.client_id)
  if client then
    client:exec_cmd(item.command, { bufnr = bufnr })
  end
end

---@param cut fun(text: string): string the part to insert
---@return boolean shown
local function accept(cut)
  local bufnr = vim.api.nvim_get_current_buf()
  return vim.lsp.inline_completion.get({
    bufnr = bufnr,
    on_accept = function(item)
      -- One that replaces text is another server's, and Neovim's to insert.
      if item.range and not item.range:is_empty() then
        return item
      end
      local rest = rest_of(bufnr, item)
      if not rest or rest == '' then
        return nil
      end
      local part = cut(rest)
      -- What is accepted is undone by itself.
      vim.bo[bufnr].undolevels = vim.bo[bufnr].undolevels
      place.insert(bufnr, part)
      if #part < #rest then
        keep(bufnr, item, rest:sub(#part + 1))
      else
        run_command_of(item, bufnr)
      end
      return nil
    end,
  })
end

---@return boolean shown
function M.all()
  return accept(function(text)
    return text
  end)
end

---@return boolean shown
function M.word()
  return accept(parts.word)
end

---@return boolean shown
function M.line()
  return accept(parts.line)
end

return M
