-- A stream lies at attune's key. Groups are Muster's own, on the caller's time:
-- `groups:TYPE` holds how far each was given events, `given:NAME` what is not
-- acknowledged, with `when:NAME` its time and count. `cut:TYPE` is the highest id that
-- was removed, as a padded text. `types` holds streams that only have groups yet.
local REGISTRY = records .. 'stream_registry'

local function stream_key(kind)
  return records .. 'stream:' .. kind
end

local function padded(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return string.rep('0', 20 - #ms) .. ms .. '-' .. string.rep('0', 20 - #seq) .. seq
end

local function plain(id)
  local ms, seq = string.match(id, '^0*(%d+)-0*(%d+)$')
  return ms .. '-' .. seq
end

local function cut(kind)
  return call('GET', own .. 'cut:' .. kind) or ''
end

local function last_id(key)
  if call('EXISTS', key) == 0 then return '0-0' end
  local info = call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end

local function first_id(key)
  local first = call('XRANGE', key, '-', '+', 'COUNT', 1)
  return first[1] and first[1][1] or ''
end

-- Removes the oldest entries beyond a number and keeps in mind how far.
local function trim(kind, key, max)
  local beyond = call('XLEN', key) - max
  if beyond <= 0 then return 0 end
  local from, left, last = '-', beyond, nil
  while left > 0 do
    local page = call('XRANGE', key, from, '+', 'COUNT', math.min(left, 256))
    if #page == 0 then break end
    last = page[#page][1]
    left = left - #page
    from = '(' .. last
  end
  -- First what frees room: a full server, too, can be trimmed.
  local removed = call('XTRIM', key, 'MAXLEN', text(max))
  if last then call('SET', own .. 'cut:' .. kind, padded(last)) end
  return removed
end

-- Whether entries after a position were removed unread: an empty text if not,
-- else the oldest entry that is there, or `none`.
local function gap(kind, key, after)
  if after == '0-0' or padded(after) >= cut(kind) then return '' end
  local first = first_id(key)
  return first == '' and 'none' or first
end

local function given_keys(kind, group)
  local name = #kind .. ':' .. kind .. ':' .. group
  return own .. 'given:' .. name, own .. 'when:' .. name
end

-- At most so many entries after an id.
local function entries_after(key, after, count)
  if count == '0' or padded(after) >= '18446744073709551615-18446744073709551615'
    or call('EXISTS', key) == 0 then
    return {}
  end
  return call('XRANGE', key, '(' .. after, '+', 'COUNT', count)
end
