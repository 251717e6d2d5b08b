-- An agent is a hash, `of:AGENT`; the agents that are remembered are a set by name.
local function row(agent)
  local h = call('HMGET', own .. 'of:' .. agent,
    'value', 'metadata', 'name', 'arrivals', 'expires', 'final', 'stored')
  if not h[1] or not remembered(tonumber(h[5])) then return nil end
  return { value = h[1], metadata = h[2], name = h[3], arrivals = h[4], expires = h[5],
    final = h[6] == '1', stored = tonumber(h[7]) }
end

local function put(agent, value, metadata, name, known, starts, final, at, expires, stored, once)
  local arrivals = at
  if known and not starts and not known.final then
    local kept = {}
    for one in string.gmatch(known.arrivals, '[^,]+') do kept[#kept + 1] = one end
    -- An attempt whose answer was lost, or a record that was noticed twice.
    if not once or kept[#kept] ~= at then kept[#kept + 1] = at end
    while #kept > 16 do table.remove(kept, 1) end
    arrivals = table.concat(kept, ',')
  end
  local of = own .. 'of:' .. agent
  call('HSET', of, 'value', value, 'metadata', metadata, 'name', name, 'arrivals', arrivals,
    'expires', expires, 'final', final, 'stored', text(stored))
  keep(of, tonumber(expires) - now + GRACE)
  call('ZADD', own .. 'agents', 0, agent)
  call('PUBLISH', own .. 'wake', agent)
end
