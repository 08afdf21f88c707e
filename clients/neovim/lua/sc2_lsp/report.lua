--- Writes the server's answers as lines of text. Knows neither buffers nor the server.

local M = {}

---@param counts table<string, integer>
---@return string
local function counted(counts)
  local names = vim.tbl_keys(counts)
  table.sort(names, function(a, b)
    return counts[a] > counts[b] or (counts[a] == counts[b] and a < b)
  end)
  local parts = vim.tbl_map(function(name)
    return ('%s %d'):format(name, counts[name])
  end, names)
  return #parts > 0 and table.concat(parts, ', ') or 'none'
end

--- Milliseconds of half and of 95 % of the answers.
---@param stats table
---@return string
function M.speed(stats)
  local latency = stats.latency_ms
  if latency.n == 0 then
    return 'no answer yet'
  end
  return ('%.0f ms for half of %d answers, %.0f ms for 95 %%'):format(
    latency.p50,
    latency.n,
    latency.p95
  )
end

---@param stats table the answer to `sc2.stats`
---@return string[]
function M.stats(stats)
  return {
    '# What this session did',
    '',
    'model        ' .. stats.model,
    'engine       ' .. tostring(stats.engine.state),
    'requests     ' .. stats.requests,
    'suggestions  ' .. stats.suggestions,
    'empty        ' .. counted(stats.empty),
    'cancelled    ' .. stats.cancelled,
    'speed        ' .. M.speed(stats),
    ('prompt       %d tokens, %d of them evaluated'):format(
      stats.prompt_tokens,
      stats.prompt_tokens_evaluated
    ),
    ('generated    %d tokens'):format(stats.generated_tokens),
  }
end

---@param indexes table[] of the answer to `sc2.index`
---@return string[]
function M.index(indexes)
  local lines = { '# What is indexed' }
  for _, index in ipairs(indexes) do
    vim.list_extend(lines, { '', '## ' .. index.root, '' })
    if index.problem and index.problem ~= '' then
      lines[#lines + 1] = index.problem
    else
      vim.list_extend(lines, {
        ('files      %d'):format(index.n_files),
        'languages  ' .. counted(index.languages),
        'left out   ' .. counted(index.skipped),
      })
    end
  end
  if #indexes == 0 then
    vim.list_extend(lines, { '', 'No folder is open, or the setting index is off.' })
  end
  return lines
end

---@param context table the answer to `sc2.context`
---@return string[]
function M.context(context)
  local lines = {
    '# What the model is shown of other files here',
    '',
    ('%d of at most %d tokens'):format(context.n_tokens, context.budget),
  }
  for _, snippet in ipairs(context.snippets) do
    vim.list_extend(lines, {
      '',
      ('## %s:%d'):format(snippet.path, snippet.start_line),
      '',
      ('%s: %s, %d tokens'):format(snippet.source, snippet.reason, snippet.n_tokens),
      '',
      '~~~~',
    })
    vim.list_extend(lines, vim.split(snippet.text:gsub('\r', ''), '\n', { plain = true }))
    lines[#lines + 1] = '~~~~'
  end
  return lines
end

return M
