--- The only door to what Neovim keeps to itself: the state of `vim.lsp.inline_completion`.
---
--- It is needed to keep the rest of a suggestion on the screen, to take one off it, and to ask for
--- alternatives. Where a later Neovim has changed it, that is left out: its next request mends it.

local M = {}

---@param bufnr integer
---@return table?
local function completor(bufnr)
  local ok, capability = pcall(require, 'vim.lsp._capability')
  return ok and vim.tbl_get(capability, 'all', 'inline_completion', 'active', bufnr) or nil
end

--- Show the item until the next answer comes.
---@param bufnr integer
---@param item vim.lsp.inline_completion.Item
function M.show(bufnr, item)
  local shown = completor(bufnr)
  if shown then
    shown.current = item
    pcall(shown.show, shown)
  end
end

--- The item that is shown; nil where there is none.
---@param bufnr integer
---@return vim.lsp.inline_completion.Item?
function M.item(bufnr)
  return vim.tbl_get(completor(bufnr) or {}, 'current')
end

--- Show nothing until the next answer comes.
---@param bufnr integer
function M.hide(bufnr)
  local shown = completor(bufnr)
  if shown then
    shown.current = nil
    pcall(shown.hide, shown)
  end
end

--- Show nothing, and ask for nothing more until something is typed. Done at once: by Neovim's own
--- function it would come behind the keys that are waiting, and take off what they asked for.
---@param bufnr integer
---@return boolean shown whether there was one
function M.dismiss(bufnr)
  local is_shown = M.item(bufnr) ~= nil
  local ok = pcall(function()
    completor(bufnr):abort()
  end)
  return ok and is_shown
    or vim.lsp.inline_completion.get({
      bufnr = bufnr,
      on_accept = function()
        return nil
      end,
    })
end

--- The text of the item that is shown; nil where there is none.
---@param bufnr integer
---@return string?
function M.text(bufnr)
  return vim.tbl_get(completor(bufnr) or {}, 'current', 'insert_text')
end

--- How many items there are to choose from.
---@param bufnr integer
---@return integer
function M.count(bufnr)
  local shown = completor(bufnr)
  local ok, n = pcall(function()
    return shown and shown.current and shown:count_items() or 0
  end)
  return ok and n or 0
end

--- Take the answer of a request as if Neovim had made it.
---@param bufnr integer
---@param err lsp.ResponseError?
---@param result any
---@param ctx lsp.HandlerContext
function M.take(bufnr, err, result, ctx)
  local shown = completor(bufnr)
  if shown then
    pcall(shown.handler, shown, err, result, ctx)
  end
end

return M
