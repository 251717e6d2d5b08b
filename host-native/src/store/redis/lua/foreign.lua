-- Of a key that attune's agents use: what it holds, unless that is known already.
local SIGNAL, BEAT = 'empathy:signal:', 'empathy:heartbeat:'
local REQUEST, ANSWER, SCORE = 'approval_request:', 'approval_response:', 'feedback:'

local function begins(key, prefix)
  return string.sub(key, 1, #prefix) == prefix
end

-- Whether a value is the one that Muster wrote of an agent. Only the second of the
-- parts is of interest.
local function is_own_beat(value, known)
  return known and select(3, cmsgpack.unpack_limit(known, 2)) == value
end

local function look(key, found)
  if begins(key, SIGNAL) then
    local id = string.match(key, '([^:]*)$')
    if call('EXISTS', 'muster:signal:id:' .. id) == 1 then return end
  elseif begins(key, REQUEST) then
    if call('EXISTS', 'muster:approval:of:' .. string.sub(key, #REQUEST + 1)) == 1 then return end
  elseif begins(key, ANSWER) then
    -- Of a request that is not known, it is taken in with the request.
    local of = 'muster:approval:of:' .. string.sub(key, #ANSWER + 1)
    local known = call('HMGET', of, 'value', 'response', 'contested')
    local value = redis.pcall('GET', key)
    if not known[1] or value == known[2] or value == known[3] then return end
  elseif not begins(key, BEAT) and not begins(key, SCORE) then
    return
  end
  local value = redis.pcall('GET', key)
  -- A key of another type, or one that has gone.
  if type(value) ~= 'string' then
    if value == false then return end
    value = ''
  end
  if begins(key, BEAT) then
    if is_own_beat(value, call('GET', 'muster:beat:of:' .. string.sub(key, #BEAT + 1))) then return end
  end
  found[#found + 1] = key
  found[#found + 1] = value
end
