-- All streams: those that attune's agents can see, and those that only have groups.
local kinds, seen = {}, {}
local prefix = stream_key('')
for _, key in ipairs(call('SMEMBERS', REGISTRY)) do
  local kind = string.sub(key, #prefix + 1)
  if string.sub(key, 1, #prefix) == prefix and not seen[kind] then
    seen[kind] = true
    kinds[#kinds + 1] = kind
  end
end
for _, kind in ipairs(call('SMEMBERS', own .. 'types')) do
  if not seen[kind] then kinds[#kinds + 1] = kind end
end
local rows = {}
for _, kind in ipairs(kinds) do
  local key = stream_key(kind)
  local held = call('TYPE', key).ok
  local groups = {}
  local reached = call('HGETALL', own .. 'groups:' .. kind)
  local old = cut(kind)
  for i = 1, #reached, 2 do
    local given = given_keys(kind, reached[i])
    local open = call('ZLEXCOUNT', given, old == '' and '-' or '(' .. old, '+')
    groups[#groups + 1] = { reached[i], reached[i + 1], open }
  end
  if held == 'stream' then
    rows[#rows + 1] = { kind, call('XLEN', key), first_id(key), last_id(key), groups }
  elseif held == 'none' and #groups > 0 then
    rows[#rows + 1] = { kind, 0, '', '0-0', groups }
  end
end
return rows
