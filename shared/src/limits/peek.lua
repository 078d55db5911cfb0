-- Says what the windows of a key and of its account have counted, and how many calls run. Writes nothing.
--
-- ARGV: 1 prefix, 2 key id, 3 account id.
-- Answers for each limit its name, then for the key and for the account what counts now: of a window rounded up, of
-- calls that run the leases that have not lapsed. Then for both in how many ms nothing of it will count any more.

local key, account = 'key:' .. ARGV[2], 'account:' .. ARGV[3]
local of_key, of_account = read(key, WINDOWS), read(account, WINDOWS)
local answer = {}
local function say(...)
  for _, part in ipairs({ ... }) do answer[#answer + 1] = part end
end

for i, window in ipairs(WINDOWS) do
  local length = window.length
  say(window.name, math.ceil(used_now(of_key[i], length)), math.ceil(used_now(of_account[i], length)),
    math.ceil(empty_in(of_key[i], length)), math.ceil(empty_in(of_account[i], length)))
end
local function running(subject) return redis.call('ZCOUNT', leases_of(subject), '(' .. now, '+inf') end
say(CONCURRENCY, running(key), running(account), 0, 0)
return answer
