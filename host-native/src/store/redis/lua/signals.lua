-- A box is an agent's, or '*' of broadcasts. A signal is a hash, `held:PLACE`;
-- places are padded, so that they sort as text. Of each box and type there is a
-- queue of what was not received; of each box a set `gone` of what expired, by
-- when. A box that is never read is emptied by the expiry of its keys.
local function queue_key(box, kind)
  return own .. 'queue:' .. #box .. ':' .. box .. ':' .. kind
end

local function types_key(box)
  return own .. 'types:' .. box
end

local function gone_key(box)
  return own .. 'gone:' .. box
end

local function received_key(agent)
  return own .. 'received:' .. agent
end

local function load(place)
  local h = call('HMGET', own .. 'held:' .. place,
    'value', 'key', 'box', 'type', 'source', 'sent', 'expires', 'key_gone')
  if not h[1] then return nil end
  return {
    place = place, value = h[1], key = h[2], box = h[3], type = h[4], source = h[5],
    sent = tonumber(h[6]), expires = tonumber(h[7]), expires_text = h[7],
    key_gone = tonumber(h[8]),
  }
end

local function queue(place, box, kind, life)
  local queued, types = queue_key(box, kind), types_key(box)
  call('ZADD', queued, place, place)
  keep(queued, life)
  call('SADD', types, kind)
  keep(types, life)
end

-- Keeps a new signal. Nothing is written before this. `mark` tells what it says from
-- what others say; of a foreign signal there is none.
local function hold(id, box, kind, source, value, sent, expires, ttl, key, key_ms, mark)
  call('PUBLISH', own .. 'wake:' .. box, '')
  local place = string.format('%016.0f', call('INCR', own .. 'seq'))
  local life = math.max(ttl, tonumber(key_ms) * 1000) + GRACE
  local held = own .. 'held:' .. place
  queue(place, box, kind, life)
  call('ZADD', own .. 'all', place, place)
  call('HSET', held, 'value', value, 'key', key, 'box', box, 'type', kind, 'source', source,
    'sent', sent, 'expires', expires, 'key_gone', text(server_us() + tonumber(key_ms) * 1000))
  keep(held, life)
  call('SET', own .. 'id:' .. id, expires .. ' ' .. mark, 'PX', key_ms)
  -- What nobody came for is swept up behind, some at a time.
  if tonumber(place) % 16 == 0 then
    local start = tonumber(place) % call('ZCARD', own .. 'all')
    for _, old in ipairs(call('ZRANGE', own .. 'all', start, start + 31)) do
      if call('EXISTS', own .. 'held:' .. old) == 0 then
        call('ZREM', own .. 'all', old)
      end
    end
  end
end

-- A signal to one agent goes for good.
local function drop(s)
  call('ZREM', queue_key(s.box, s.type), s.place)
  call('ZREM', gone_key(s.box), s.place)
  call('ZREM', own .. 'all', s.place)
  call('DEL', own .. 'held:' .. s.place)
end

-- Takes a signal out of what one agent can receive.
local function remove(s, agent)
  if s.box == '*' then
    local received = received_key(agent)
    call('ZREMRANGEBYSCORE', received, '-inf', text(now - GRACE))
    call('ZADD', received, s.expires_text, s.place)
    keep(received, s.expires - now + GRACE)
    call('HSET', own .. 'held:' .. s.place, 'any', '1', 'by:' .. agent, '1')
  else
    drop(s)
    if s.key ~= '' then call('DEL', s.key) end
  end
end

local function expire(s)
  call('ZREM', queue_key(s.box, s.type), s.place)
  local gone = gone_key(s.box)
  call('ZADD', gone, s.expires_text, s.place)
  keep(gone, s.expires - now + GRACE)
end

local function delivered(agent, kind, took)
  local last = own .. 'last:' .. agent
  local before = tonumber(call('HGET', last, kind) or '-inf')
  local goes_on = before and remembered(before)
  call('HSET', last, kind, text(goes_on and math.max(before, now) or now))
  keep(last, GRACE)
  for slow, route in pairs({
    [own .. 'slow:' .. kind] = agent,
    [own .. 'slowest'] = #agent .. ':' .. agent .. ':' .. kind,
  }) do
    local known = goes_on and tonumber(call('ZSCORE', slow, route) or '0') or 0
    call('ZADD', slow, text(math.max(known, took)), route)
    keep(slow, GRACE)
  end
end

-- A clock that was set back makes receivable again what had expired.
local function revive(box)
  local gone = gone_key(box)
  for _, place in ipairs(call('ZRANGEBYSCORE', gone, '(' .. ARGV[3], '+inf')) do
    local s = load(place)
    call('ZREM', gone, place)
    if s then queue(place, box, s.type, s.expires - now + GRACE) end
  end
end

-- Whether nobody has received the signal: attune's agents delete the key.
local function is_there(s)
  if s.box == '*' or s.key == '' or call('EXISTS', s.key) == 1 then return true end
  if server_us() < s.key_gone then
    call('PUBLISH', own .. 'taken', '')
    drop(s)
    delivered(s.box, s.type, math.max(0, now - s.sent))
  else
    expire(s)
  end
  return false
end

local function received(s, agent)
  return s.box == '*' and
    (s.source == agent or call('ZSCORE', received_key(agent), s.place) ~= false)
end

-- Visits what an agent can receive of one queue after a place (empty: from the first
-- on), in order, until told to stop.
local function walk(box, kind, agent, source, after, visit)
  local queued = queue_key(box, kind)
  local from, size = after == '' and '-inf' or '(' .. after, 1
  while true do
    local places = call('ZRANGEBYSCORE', queued, from, '+inf', 'LIMIT', 0, size)
    for _, place in ipairs(places) do
      local s = load(place)
      if not s then
        call('ZREM', queued, place)
      elseif s.expires <= now then
        expire(s)
      elseif (source == '' or s.source == source) and not received(s, agent) and is_there(s) then
        if visit(s) then return end
      end
    end
    if #places < size then return end
    from, size = '(' .. places[#places], math.min(size * 4, 256)
  end
end

-- Visits what an agent can receive and the filter lets through, queue by queue,
-- each after a place.
local function each(agent, kind, source, after, visit)
  for _, box in ipairs({ agent, '*' }) do
    revive(box)
    local kinds = kind ~= '' and { kind } or call('SMEMBERS', types_key(box))
    for _, one in ipairs(kinds) do
      walk(box, one, agent, source, after, visit)
      if kind == '' and call('EXISTS', queue_key(box, one)) == 0 then
        call('SREM', types_key(box), one)
      end
    end
  end
end

local function oldest(agent, kind, source)
  local best
  each(agent, kind, source, '', function(s)
    if not best or s.place < best.place then best = s end
    return true
  end)
  return best
end

-- What is known when nothing waits.
local function nothing(agent, kind, source)
  local best
  for _, box in ipairs({ agent, '*' }) do
    local gone = gone_key(box)
    local bound = text(now - GRACE)
    local over = call('ZRANGEBYSCORE', gone, '-inf', bound)
    for _, place in ipairs(over) do
      call('ZREM', own .. 'all', place)
    end
    if #over > 0 then call('ZREMRANGEBYSCORE', gone, '-inf', bound) end
    local start = 0
    while true do
      local places = call('ZREVRANGEBYSCORE', gone, ARGV[3], '(' .. bound, 'LIMIT', start, 64)
      local found
      for _, place in ipairs(places) do
        local s = load(place)
        if s and (kind == '' or s.type == kind) and (source == '' or s.source == source)
          and not received(s, agent) then
          found = s
          break
        end
      end
      if found then
        if not best or found.expires > best.expires
          or (found.expires == best.expires and found.place > best.place) then
          best = found
        end
        break
      end
      if #places < 64 then break end
      start = start + 64
    end
  end
  if best then return { 'expired', best.expires_text, best.value, mark_age() } end
  local last = -1
  local known = own .. 'last:' .. agent
  local times = kind ~= '' and { call('HGET', known, kind) or nil } or call('HVALS', known)
  for _, at in ipairs(times) do
    at = tonumber(at)
    if remembered(at) and at > last then last = at end
  end
  return { 'never', text(last), call('GET', own .. (records ~= '' and 'began' or 'since')) or '', mark_age() }
end
