--- `:checkhealth sc2_lsp`.

local M = {}

local VERSION_TIMEOUT_MS = 20000
local STATS_TIMEOUT_MS = 2000

---@param config vim.lsp.Config
local function check_server(config)
  local cmd = config.cmd
  if type(cmd) ~= 'table' then
    vim.health.info('The server is started by a function of yours.')
    return
  end
  if vim.fn.executable(cmd[1]) == 0 then
    vim.health.error(('The server was not found: %s'):format(cmd[1]), {
      'Install sc2-lsp, or name its program:',
      "vim.lsp.config('sc2_lsp', { cmd = { '/path/to/.venv/bin/sc2-lsp', 'serve' } })",
    })
    return
  end
  local ok, result = pcall(function()
    return vim.system({ cmd[1], '--version' }, { text = true }):wait(VERSION_TIMEOUT_MS)
  end)
  local version = ok and result.code == 0 and vim.trim(result.stdout)
  if version then
    vim.health.ok(('Server: %s, %s'):format(version, vim.fn.exepath(cmd[1])))
  else
    vim.health.warn(('%s --version gave no answer.'):format(cmd[1]))
  end
end

local function check_is_enabled()
  if not vim.lsp.is_enabled('sc2_lsp') then
    vim.health.warn('The server is not enabled.', { "vim.lsp.enable('sc2_lsp')" })
  end
  if require('sc2_lsp').is_enabled() then
    vim.health.ok('Suggestions are shown.')
  else
    vim.health.warn('Suggestions are switched off.', { ':Sc2 toggle' })
  end
end

---@param client vim.lsp.Client
local function check_engine(client)
  local stats, problem =
    require('sc2_lsp.server').execute_sync(client, 'sc2.stats', STATS_TIMEOUT_MS)
  if not stats then
    vim.health.error('The server does not answer: ' .. (problem or 'no reason given'))
    return
  end
  local model = ('Model: %s, engine %s'):format(stats.model, stats.engine.state)
  if stats.engine.state == 'failed' then
    vim.health.error(model, { ':messages and :Sc2 log say why.' })
  else
    vim.health.ok(model)
  end
  vim.health.info('Speed: ' .. require('sc2_lsp.report').speed(stats))
end

local function check_clients()
  local clients = vim.lsp.get_clients({ name = 'sc2_lsp' })
  if #clients == 0 then
    vim.health.info('The server does not run; it starts with a file that has a filetype.')
  end
  for _, client in ipairs(clients) do
    local n_buffers = vim.tbl_count(client.attached_buffers)
    vim.health.ok(('Running for %d buffers, root %s'):format(n_buffers, client.root_dir or 'none'))
    check_engine(client)
  end
end

function M.check()
  vim.health.start('sc2_lsp')
  if vim.fn.has('nvim-0.12') == 0 then
    vim.health.error('Neovim 0.12 or later is needed, for vim.lsp.inline_completion.')
    return
  end
  vim.health.ok('Neovim ' .. tostring(vim.version()))
  local config = vim.lsp.config.sc2_lsp
  if not config then
    vim.health.error('The folder clients/neovim is not in your runtimepath.')
    return
  end
  check_server(config)
  check_is_enabled()
  check_clients()
  vim.health.info('Log: ' .. vim.lsp.log.get_filename())
end

return M
