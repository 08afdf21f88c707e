-- Everything else is loaded when the server attaches, or when a command or mapping is used.

if vim.g.loaded_sc2_lsp then
  return
end
vim.g.loaded_sc2_lsp = true

-- Made in an older Neovim too, where they do nothing: it would insert the names of missing ones.
for _, name in ipairs({ 'accept', 'accept_word', 'accept_line', 'next', 'previous', 'dismiss' }) do
  vim.keymap.set('i', ('<Plug>(sc2-%s)'):format(name:gsub('_', '-')), function()
    require('sc2_lsp')[name]()
  end, { desc = ('sc2_lsp: %s'):format(name:gsub('_', ' ')) })
end
vim.keymap.set({ 'n', 'i' }, '<Plug>(sc2-toggle)', function()
  require('sc2_lsp').toggle()
end, { desc = 'sc2_lsp: toggle' })

if vim.fn.has('nvim-0.12') == 0 then
  local text = 'sc2_lsp needs Neovim 0.12 or later: it does nothing here.'
  vim.notify_once(text, vim.log.levels.WARN)
  return
end

local group = vim.api.nvim_create_augroup('sc2_lsp', {})

vim.api.nvim_create_autocmd('FileType', {
  group = group,
  desc = 'Say once where the server is missing',
  callback = function(event)
    if vim.bo[event.buf].buftype == '' then
      vim.schedule(function()
        require('sc2_lsp.missing').tell()
      end)
      return true
    end
  end,
})

vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  desc = 'Show suggestions of sc2_lsp',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'sc2_lsp' then
      require('sc2_lsp.attach').attach(client, event.buf)
    end
  end,
})

vim.api.nvim_create_user_command('Sc2', function(command)
  require('sc2_lsp.command').run(command.fargs)
end, {
  nargs = '*',
  desc = 'Inline completion with StarCoder2',
  complete = function(...)
    return require('sc2_lsp.command').complete(...)
  end,
})
