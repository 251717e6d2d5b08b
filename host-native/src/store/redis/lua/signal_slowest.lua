local kind = ARGV[4]
local slow = kind == '' and own .. 'slowest' or own .. 'slow:' .. kind
while true do
  local top = call('ZREVRANGE', slow, 0, 0, 'WITHSCORES')
  if #top == 0 then return '' end
  local agent, of = top[1], kind
  if kind == '' then
    local digits = string.match(agent, '^%d+')
    local length = tonumber(digits)
    of = string.sub(agent, #digits + length + 3)
    agent = string.sub(agent, #digits + 2, #digits + 1 + length)
  end
  local last = call('HGET', own .. 'last:' .. agent, of)
  if last and remembered(tonumber(last)) then return text(tonumber(top[2])) end
  call('ZREM', slow, top[1])
end
