local kind, data, at, source, max, ms = unpack(ARGV, 4, 9)
local key = stream_key(kind)
max = tonumber(max)
if again then
  -- The attempt before may have arrived: then its entry is among the newest.
  for _, entry in ipairs(call('XREVRANGE', key, '+', ms .. '-0', 'COUNT', 1000)) do
    local fields = entry[2]
    if #fields == 8 and fields[4] == at and fields[6] == data and fields[8] == source then
      return entry[1]
    end
  end
end
local length = call('XLEN', key)
call('PUBLISH', own .. 'wake:' .. kind, '')
if length == 0 then call('SADD', REGISTRY, key) end
-- Some more than asked for stay, so that not every call has to trim.
if length >= max + math.floor(max / 100) then trim(kind, key, max - 1) end
local id = redis.pcall('XADD', key, ms .. '-*', 'event_type', kind, 'timestamp', at, 'data', data, 'source', source)
if type(id) ~= 'string' then
  -- The newest entry is of a later millisecond, or the server knows no such ids.
  local last_ms, last_seq = string.match(last_id(key), '^(%d+)-(%d+)$')
  local next_id = ms .. '-0'
  if tonumber(ms) <= tonumber(last_ms) then next_id = last_ms .. '-' .. text(tonumber(last_seq) + 1) end
  id = call('XADD', key, next_id, 'event_type', kind, 'timestamp', at, 'data', data, 'source', source)
end
return id
