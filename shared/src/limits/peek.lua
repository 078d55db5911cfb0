-- Says what the windows of a key and of its account have counted, and how many calls run. Writes nothing.
--
-- ARGV: 1 prefix, 2 key id, 3 account id.
-- Answers for the key, then for the account: what each window counts now, rounded up, in the order of WINDOWS, and the
-- leases that have not lapsed.

local used = {}
for _, subject in ipairs({ 'key:' .. ARGV[2], 'account:' .. ARGV[3] }) do
  local counters = read(subject)
  for i, window in ipairs(WINDOWS) do
    used[#used + 1] = math.ceil(used_now(counters[i], window[2]))
  end
  used[#used + 1] = redis.call('ZCOUNT', leases_of(subject), '(' .. now, '+inf')
end
return used
