-- Before each script. KEYS[1] is the prefix of the keys it owns, all of one slot;
-- ARGV[1] is 1 when the answer of an earlier attempt was lost; ARGV[2] is what
-- stands before attune's key names (nothing, or the same slot's prefix); ARGV[3]
-- is the caller's time in microseconds. Times are texts of whole numbers.
-- A script that fails midway is not rolled back. So whatever can be refused comes
-- first: waking others (a user may lack the right to their channel), then indexes
-- (which can be of another type), then the record.
if redis.replicate_commands then redis.replicate_commands() end
local call = redis.call
local own, again, records, now = KEYS[1], ARGV[1] == '1', ARGV[2], tonumber(ARGV[3])
local GRACE = 86400 * 1000000

local function text(number)
  return string.format('%.0f', number)
end

local function server_us()
  local time = call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function remembered(over_at)
  return now < over_at + GRACE
end

-- A full server refuses the first write of a script if it needs room, and else none:
-- after this, what frees room later or is there already is not refused.
local function also_when_full()
  call('DEL', own .. 'room')
end

-- The key stays for at least so many microseconds from now on; an hour longer, so
-- that this need not be said at every call.
local function keep(key, us)
  local ms = math.max(1, math.ceil(us / 1000))
  if call('PTTL', key) < ms then
    call('PEXPIRE', key, text(ms + 3600000))
  end
end

-- How old the mark of the process that watches foreign writers is, in milliseconds.
local function mark_age()
  if records ~= '' then return -1 end
  local mark = call('GET', 'muster:watch:mark')
  if not mark then return -1 end
  return math.floor((server_us() - tonumber(mark)) / 1000)
end
