-- What is known of an agent is one packed text, `of:AGENT`, which is cheaper to write
-- than a hash; how long ago it was written follows from what is left of its life. The
-- agents that are remembered are a set by name.
local HISTORY = 16

-- When its key goes, the record, its metadata and name as JSON, the arrivals with
-- commas between and their count, whether it was the last beat, and its life; nothing
-- of an agent that is forgotten at a time.
local function taken_apart(packed, at)
  if not packed then return nil end
  local expires, value, metadata, name, arrivals, count, final, life = cmsgpack.unpack(packed)
  if at >= tonumber(expires) + GRACE then return nil end
  return expires, value, metadata, name, arrivals, count, final, life
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

-- `age`: how long ago the beat was made, in milliseconds, where others made it.
local function put(agent, is_new, expires, value, metadata, name, arrivals, count, final, age)
  local life = math.max(1, math.ceil((tonumber(expires) - now + GRACE) / 1000))
  call('SET', own .. 'of:' .. agent,
    cmsgpack.pack(expires, value, metadata, name, arrivals, count, final, life + age),
    'PX', text(life))
  if is_new then call('ZADD', own .. 'agents', 0, agent) end
  call('PUBLISH', own .. 'wake', agent)
end
