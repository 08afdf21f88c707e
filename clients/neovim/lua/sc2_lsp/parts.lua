--- Where a suggestion can be cut. Knows texts alone.

local M = {}

--- The next word with the blanks before it: letters and digits as 'iskeyword' has them, or a run
--- of other characters. Never empty unless `text` is.
---@param text string
---@return string
function M.word(text)
  local word = vim.fn.matchstr(text, [[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\)]])
  return word ~= '' and word or text
end

--- What is left of the current line; where that is nothing, the next line that is not empty.
---@param text string
---@return string
function M.line(text)
  return assert(text:match('^\n*[^\n]*'))
end

return M
