-- What is known of an agent is one packed text, `of:AGENT`, which is cheaper to write
-- than a hash. The agents that are remembered are a set by name.
local HISTORY = 16

local function server_ms()
  return math.floor(server_us() / 1000)
end

-- When its key goes, the record, its metadata and name as JSON, the arrivals with
-- commas between and their count, whether it was the last beat, and by the server's
-- clock in milliseconds when it was made and when this text goes; nothing of an agent
-- that is forgotten at a time.
local function taken_apart(packed, at)
  if not packed then return nil end
  local expires, value, metadata, name, arrivals, count, final, made, goes = cmsgpack.unpack(packed)
  if at >= tonumber(expires) + GRACE then return nil end
  return expires, value, metadata, name, arrivals, count, final, made, goes
end

local function row(agent)
  return taken_apart(call('GET', own .. 'of:' .. agent), now)
end

-- The arrivals with one more. An agent that starts anew has no rhythm yet.
local function arrive(arrivals, count, anew, at, once)
  if not arrivals or anew then return at, 1 end
  -- An attempt whose answer was lost, or a record that was noticed twice.
  if once and string.match(arrivals, '[^,]*$') == at then return arrivals, count end
  if count < HISTORY then return arrivals .. ',' .. at, count + 1 end
  return string.sub(arrivals, string.find(arrivals, ',', 1, true) + 1) .. ',' .. at, count
end

-- Writes what is known of an agent, so that it stays for `life` milliseconds. It stays
-- an hour longer, so that its end need not be set anew with every beat: `goes` is the
-- end that is set.
local function remember(of, ms, life, goes, expires, value, metadata, name, arrivals, count, final, made)
  if goes and goes >= ms + life then
    local packed = cmsgpack.pack(expires, value, metadata, name, arrivals, count, final, made, goes)
    call('SET', of, packed, 'KEEPTTL')
    return packed
  end
  local stays = life + 3600000
  goes = ms + stays
  local packed = cmsgpack.pack(expires, value, metadata, name, arrivals, count, final, made, goes)
  call('SET', of, packed, 'PX', text(stays))
  return packed
end
