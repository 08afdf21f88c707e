-- A stack, as a sample of Lua.
local class = require("lib.class")
local json = require "json"

local Stack = {}
Stack.version = "1.0"
Stack.__index = Stack

local LIMIT = 10

-- Makes a stack.
function Stack.new(limit)
  local self = setmetatable({}, Stack)
  self.limit = limit or LIMIT
  return self
end

function Stack:push(value)
  self.items[#self.items + 1] = value
  json.encode(self.items):upper()
  return self
end

Stack.pop = function(self)
  return table.remove(self.items)
end

local function helper(a, b)
  local queue = Queue.new(a)
  queue:add(b .. a)
end

function main() end

Options = {
  colour = "red",
  draw = function(x)
    print(x)
  end,
}

return Stack
