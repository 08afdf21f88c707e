--- The commands of the server, as `workspace/executeCommand`.

local M = {}

--- The client of a buffer, or any if the buffer has none.
---@param bufnr? integer current if left out
---@return vim.lsp.Client?
function M.client(bufnr)
  local of_buffer = vim.lsp.get_clients({ name = 'sc2_lsp', bufnr = bufnr or 0 })
  return of_buffer[1] or vim.lsp.get_clients({ name = 'sc2_lsp' })[1]
end

---@param client vim.lsp.Client
---@param command string
---@param arguments table[]?
---@param done fun(result: any, problem: string?)
function M.execute(client, command, arguments, done)
  local params = { command = command, arguments = arguments }
  local sent = client:request('workspace/executeCommand', params, function(err, result)
    done(result, err and err.message)
  end)
  if not sent then
    done(nil, 'The server has ended.')
  end
end

--- The same, waiting for the answer; for `:checkhealth`.
---@param client vim.lsp.Client
---@param command string
---@param timeout_ms integer
---@return any result
---@return string? problem
function M.execute_sync(client, command, timeout_ms)
  local reply, problem =
    client:request_sync('workspace/executeCommand', { command = command }, timeout_ms)
  if not reply then
    return nil, problem
  end
  return reply.result, reply.err and reply.err.message
end

return M
