-- Says how routes do. Writes nothing.
--
-- ARGV: 1 prefix, then the routes' names, PROVIDER:MODEL.
-- Answers now in ms, then for each route its fields and their buckets in turn (see RINGS).

local answer = { now }
for i = 2, #ARGV do answer[#answer + 1] = redis.call('HGETALL', route_of(ARGV[i])) end
return answer
