-- Forgets the cached answers of an account.
--
-- ARGV: 1 prefix, 2 account id. Answers how many there were.

local answers = answers_of(ARGV[2])
redis.call('ZREMRANGEBYSCORE', answers, '-inf', now)
local names = redis.call('ZRANGE', answers, 0, -1)
for _, name in ipairs(names) do redis.call('DEL', answers .. ':' .. string.match(name, '^%x+')) end
redis.call('DEL', answers)
return #names
