local kind, max = ARGV[4], tonumber(ARGV[5])
local key = stream_key(kind)
if call('EXISTS', key) == 0 then return 0 end
return trim(kind, key, max)
