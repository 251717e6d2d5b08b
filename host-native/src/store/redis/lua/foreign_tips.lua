-- Wakes those who wait for streams that others have appended to, and says which
-- open requests others have answered.
local seen = own .. 'tips'
for _, key in ipairs(call('SMEMBERS', 'stream_registry')) do
  if call('TYPE', key).ok == 'stream' then
    local info = call('XINFO', 'STREAM', key)
    for i = 1, #info, 2 do
      if info[i] == 'last-generated-id' and call('HGET', seen, key) ~= info[i + 1] then
        call('HSET', seen, key, info[i + 1])
        call('PUBLISH', 'muster:stream:wake:' .. string.sub(key, #'stream:' + 1), '')
      end
    end
  end
end
local answered = {}
for _, id in ipairs(call('ZRANGEBYSCORE', 'muster:approval:open', '(' .. ARGV[3], '+inf')) do
  if call('EXISTS', 'approval_response:' .. id) == 1 then answered[#answered + 1] = id end
end
return answered
