-- The watcher has noticed all that was written before this; `since` when it began.
local process, lease_ms, since = ARGV[4], ARGV[5], ARGV[6]
if call('GET', own .. 'lease') ~= process then return 0 end
call('PEXPIRE', own .. 'lease', lease_ms)
call('SET', own .. 'mark', text(server_us()), 'PX', 600000)
if since ~= '' then call('SET', 'muster:signal:since', since) end
return 1
