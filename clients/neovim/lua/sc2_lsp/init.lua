--- What your own mappings and statusline call. Nothing here needs a setup.

local M = {}

--- Insert the suggestion that is shown.
---@return boolean shown whether there was one, so that a mapping can do something else
function M.accept()
  return require('sc2_lsp.accept').all()
end

--- Insert the next word of the suggestion; the rest stays.
---@return boolean shown
function M.accept_word()
  return require('sc2_lsp.accept').word()
end

--- Insert the next line of the suggestion; the rest stays.
---@return boolean shown
function M.accept_line()
  return require('sc2_lsp.accept').line()
end

--- Show the next alternative. The first time, alternatives are asked for, which takes longer than
--- a suggestion while typing.
function M.next()
  require('sc2_lsp.alternatives').show(1)
end

--- Show the alternative before this one.
function M.previous()
  require('sc2_lsp.alternatives').show(-1)
end

--- Hide the suggestion until you type on.
---@return boolean shown whether there was one
function M.dismiss()
  return require('sc2_lsp.native').dismiss(vim.api.nvim_get_current_buf())
end

--- Whether suggestions are shown.
---@param filetype? string in buffers of this one
---@return boolean
function M.is_enabled(filetype)
  return require('sc2_lsp.attach').is_enabled(filetype)
end

--- Show suggestions, or stop showing them.
---@param enable? boolean the other way round if left out
---@param filetype? string in buffers of this one; in all if left out
---@return boolean enabled
function M.toggle(enable, filetype)
  if enable == nil then
    enable = not M.is_enabled(filetype)
  end
  require('sc2_lsp.attach').enable(enable, filetype)
  if vim.v.vim_did_enter == 1 and not enable then
    M.dismiss()
  end
  return M.is_enabled(filetype)
end

--- For a statusline: `sc2`, or `sc2 loading 40/100` and the like; empty without a server.
---@param bufnr? integer current if left out
---@return string
function M.status(bufnr)
  return require('sc2_lsp.status').text(bufnr)
end

if vim.fn.has('nvim-0.12') == 0 then
  for name in pairs(M) do
    M[name] = function()
      return name == 'status' and '' or false
    end
  end
end

return M
