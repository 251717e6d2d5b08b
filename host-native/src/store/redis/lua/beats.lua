-- What is known of an agent is one packed text, `of:AGENT`, which is cheaper to write
-- than a hash. The agents that are remembered are a set by name.
local HISTORY = 16

local function server_ms()
  return math.floor(server_us() / 1000)
end

-- When its key goes, the record, its metadata and name as JSON, the arrivals with
-- commas between and their count, whether it was the last beat, by the server's clock
-- in milliseconds when it was made and when this text goes, and what is left of earlier
-- beats (since when no gap stood out, and the longest one since then, as the core has
-- it); nothing of an agent that is forgotten at a time.
local function taken_apart(packed, at)
  if not packed then return nil end
  local expires, value, metadata, name, arrivals, count, final, made, goes, since, longest =
    cmsgpack.unpack(packed)
  if at >= tonumber(expires) + GRACE then return nil end
  -- Of an older Muster: eight parts, the last of which is how long it lives.
  if longest == nil then made, goes, since, longest = server_ms(), nil, '', 0 end
  return expires, value, metadata, name, arrivals, count, final, made, goes, since, longest
end

local function row(agent)
  return taken_apart(call('GET', own .. 'of:' .. agent), now)
end

-- The arrivals with one more, and what is left of earlier ones. An agent that starts
-- anew has no rhythm yet.
local function arrive(arrivals, count, since, longest, anew, at, once)
  if not arrivals or anew then return at, 1, '', 0 end
  local last = string.match(arrivals, '[^,]*$')
  -- An attempt whose answer was lost, or a record that was noticed twice.
  if once and last == at then return arrivals, count, since, longest end
  if count < HISTORY then return arrivals .. ',' .. at, count + 1, since, longest end
  local oldest, second, third = string.match(arrivals, '^(-?%d+),(-?%d+),(-?%d+)')
  local gap = math.max(0, second - oldest)
  if gap * 2 * (HISTORY - 2) > math.max(0, last - second) * 3 then
    since, longest = third, 0
  else
    if since == '' then since = oldest end
    longest = math.max(longest, gap)
  end
  return string.sub(arrivals, #oldest + 2) .. ',' .. at, count, since, longest
end

-- Writes what is known of an agent, so that it stays for `life` milliseconds. It stays
-- an hour longer, so that its end need not be set anew with every beat: `goes` is the
-- end that is set.
local function remember(of, ms, life, goes, expires, value, metadata, name, arrivals, count, final, made, since, longest)
  local keeps = goes and goes >= ms + life
  local stays = life + 3600000
  if not keeps then goes = ms + stays end
  local packed =
    cmsgpack.pack(expires, value, metadata, name, arrivals, count, final, made, goes, since, longest)
  if keeps then
    call('SET', of, packed, 'KEEPTTL')
  else
    call('SET', of, packed, 'PX', text(stays))
  end
  return packed
end
