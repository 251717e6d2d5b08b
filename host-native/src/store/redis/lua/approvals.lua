-- A request is a hash, `of:ID`. `asked` holds all by when they were asked, `open`
-- the unanswered by deadline, `unswept` those of them whose record says pending.
local PENDING = '"status": "pending"}'

local function status(value, name)
  if string.sub(value, -#PENDING) ~= PENDING then return value end
  return string.sub(value, 1, -#PENDING - 1) .. '"status": "' .. name .. '"}'
end

local function request_key(id)
  return records .. 'approval_request:' .. id
end

local function response_key(id)
  return records .. 'approval_response:' .. id
end

local function row(id)
  local h = call('HMGET', own .. 'of:' .. id,
    'value', 'asked', 'deadline', 'foreign', 'status', 'response', 'answered', 'approved',
    'contested')
  if not h[1] then return nil end
  local deadline, answered = tonumber(h[3]), tonumber(h[7] or '')
  if not remembered(answered or deadline) then return nil end
  return { value = h[1], asked = h[2], deadline = deadline, deadline_text = h[3],
    foreign = h[4], status = h[5], response = h[6] or '', answered = answered, approved = h[8],
    contested = h[9] or '' }
end

-- A request as it is told: also an answer at attune's key that is not known yet.
local function told(id, known)
  local at_key = redis.pcall('GET', response_key(id))
  if type(at_key) ~= 'string' or at_key == known.response or at_key == known.contested then
    at_key = ''
  end
  return { id, known.value, known.asked, known.deadline_text, known.foreign, known.status,
    known.response, at_key, known.contested }
end

local function ask(id, value, asked, deadline, foreign, state)
  local of = own .. 'of:' .. id
  call('PUBLISH', own .. 'wake', id)
  call('ZADD', own .. 'asked', asked, id)
  call('ZADD', own .. 'open', deadline, id)
  if state == 'pending' then call('ZADD', own .. 'unswept', deadline, id) end
  call('DEL', of)
  call('HSET', of, 'value', value, 'asked', asked, 'deadline', deadline, 'foreign', foreign,
    'status', state)
  keep(of, math.max(0, tonumber(deadline) - now) + GRACE)
end

local function answer(id, response, approved, at)
  local of = own .. 'of:' .. id
  call('PUBLISH', own .. 'wake', id)
  call('PUBLISH', own .. 'wake:' .. id, '')
  call('ZREM', own .. 'open', id)
  call('ZREM', own .. 'unswept', id)
  call('HSET', of, 'response', response, 'answered', at, 'approved', approved,
    'status', approved == '1' and 'approved' or 'rejected')
  keep(of, GRACE)
end
