local id = ARGV[4]
local known = row(id)
local at_key = redis.pcall('GET', request_key(id))
if type(at_key) ~= 'string' then at_key = '' end
return { known and told(id, known) or {}, at_key }
