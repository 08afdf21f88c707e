--- Where a suggestion stands in the buffer, and what of it was typed since.

local M = {}

--- Row and column of the cursor, from 0, the column in bytes.
---@return integer row
---@return integer col
function M.cursor()
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  return row - 1, col
end

--- What was typed since the place; nil if the cursor is not behind it or that is not the beginning
--- of `text`.
---@param bufnr integer
---@param row integer from 0
---@param col integer bytes, from 0
---@param text string
---@return string?
function M.typed(bufnr, row, col, text)
  local cursor_row, cursor_col = M.cursor()
  if bufnr ~= vim.api.nvim_get_current_buf() or row > cursor_row then
    return nil
  end
  -- Raises where the place is no longer in the buffer or is behind the cursor.
  local ok, lines = pcall(vim.api.nvim_buf_get_text, bufnr, row, col, cursor_row, cursor_col, {})
  local typed = ok and table.concat(lines, '\n')
  return typed and vim.startswith(text, typed) and typed or nil
end

--- Insert at the cursor and put it behind.
---@param bufnr integer
---@param text string
function M.insert(bufnr, text)
  local row, col = M.cursor()
  local lines = vim.split(text, '\n', { plain = true })
  vim.api.nvim_buf_set_text(bufnr, row, col, row, col, lines)
  local last = lines[#lines]
  vim.api.nvim_win_set_cursor(0, { row + #lines, #lines == 1 and col + #last or #last })
end

return M
