--- The models that the server's own command knows, as `sc2-lsp model list --json` tells them.

local M = {}

local TIMEOUT_MS = 30000

---@class sc2_lsp.Model
---@field name string
---@field title string
---@field size_bytes integer
---@field path string? nil where it was not fetched
---@field is_current boolean
---@field expected_tokens_per_s number?
---@field fits boolean?

---@type string[]? of the last list
local names = nil
local n_asked = 0 -- lists that are still to come

--- The command that lists them; nil where the server is started in another way.
---@return string[]?
local function command()
  local cmd = vim.lsp.config.sc2_lsp.cmd
  if type(cmd) ~= 'table' then
    return nil
  end
  for position, argument in ipairs(cmd) do
    if argument == 'serve' then
      return vim.list_extend(vim.list_slice(cmd, 1, position - 1), { 'model', 'list', '--json' })
    end
  end
end

---@param text string
---@return sc2_lsp.Model[]?
local function parsed(text)
  local ok, reply = pcall(vim.json.decode, text, { luanil = { object = true } })
  return ok and type(reply) == 'table' and type(reply.models) == 'table' and reply.models or nil
end

--- Asks for the list; beside the editor, for the command takes a moment to start.
---@param done fun(models: sc2_lsp.Model[]?) nil where there is none
function M.list(done)
  local cmd = command()
  n_asked = n_asked + 1
  local function finish(models)
    n_asked = n_asked - 1
    names = models and vim.tbl_map(function(model)
      return model.name
    end, models) or names
    done(models)
  end
  local ok = cmd
    and pcall(
      vim.system,
      cmd,
      { text = true, timeout = TIMEOUT_MS },
      vim.schedule_wrap(function(result)
        finish(result.code == 0 and parsed(result.stdout) or nil)
      end)
    )
  if not ok then
    finish(nil)
  end
end

--- The names of the list that came last. Before there was one, it is asked for.
---@param wait_ms integer longest time to wait for it
---@return string[] empty where it has not come
function M.names(wait_ms)
  if not names then
    if n_asked == 0 then
      M.list(function() end)
    end
    vim.wait(wait_ms, function()
      return n_asked == 0
    end, 20)
  end
  return names or {}
end

--- One line about a model: its name, size, speed here, and what is in its way.
---@param model sc2_lsp.Model
---@return string
function M.line(model)
  local parts = { model.name, ('%.1f GB'):format(model.size_bytes / 1e9) }
  local speed = model.expected_tokens_per_s
  if speed then
    local form = speed < 10 and 'about %.1f tokens/s here' or 'about %.0f tokens/s here'
    parts[#parts + 1] = form:format(speed)
  end
  if model.fits == false then
    parts[#parts + 1] = 'does not fit into memory'
  end
  if not model.path then
    parts[#parts + 1] = 'not fetched'
  end
  if model.is_current then
    parts[#parts + 1] = 'chosen'
  end
  return table.concat(parts, ', ')
end

return M
