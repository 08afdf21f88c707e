--- Says where the server's program is not there: Neovim only writes that to its log.

local M = {}

---@return boolean missing
function M.tell()
  local cmd = vim.lsp.is_enabled('sc2_lsp') and vim.lsp.config.sc2_lsp.cmd
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    local text = 'sc2_lsp: %s was not found; :checkhealth sc2_lsp says more.'
    vim.notify(text:format(cmd[1]), vim.log.levels.WARN)
    return true
  end
  return false
end

return M
