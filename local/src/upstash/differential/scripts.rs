//! The scripts that both engines run.

/// A limiter as the gateway has it: counters of a window in a hash, leases in a sorted set, numbers as text.
pub(super) const LIMITER: &str = r#"
local now, limit, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lease, leases_max, lapse = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local answer = {}
for index, width in ipairs({10000, 60000, 3600000}) do
    local key = KEYS[1] .. ':' .. width
    local start = now - now % width
    local state = redis.call('HMGET', key, 'start', 'count', 'before')
    local count, before = tonumber(state[2] or 0) or 0, tonumber(state[3] or 0) or 0
    if tonumber(state[1] or 0) ~= start then
        before = tonumber(state[1] or 0) == start - width and count or 0
        count = 0
    end
    local weight = (width - now % width) / width
    local used = before * weight + count
    if used + cost > limit then
        return {0, index, tostring(used), {limit, math.floor(limit - used)}}
    end
    redis.call('HSET', key, 'start', start, 'count', count + cost, 'before', before)
    redis.call('PEXPIRE', key, 2 * width)
    answer[index] = {tostring(used + cost), tostring(weight), limit - count - cost}
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= leases_max then
    return {0, 'concurrency', redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')}
end
redis.call('ZADD', KEYS[2], now + lapse, lease)
redis.call('PEXPIRE', KEYS[2], lapse + 60000)
redis.call('HINCRBY', KEYS[1] .. ':total', 'calls', 1)
local open = redis.call('GET', KEYS[1] .. ':breaker')
return {1, answer, open, redis.call('ZCOUNT', KEYS[2], now, '+inf'), cost / 3 > 1}
"#;

/// Small scripts that show how values and errors cross between Redis and Lua.
pub(super) const SCRIPTS: [&str; 22] = [
    LIMITER,
    "return redis.call(unpack(ARGV))",
    "return redis.pcall(unpack(ARGV))",
    "local ok, e = pcall(redis.call, unpack(ARGV)) return {tostring(ok), type(e), e}",
    "local r = redis.pcall(unpack(ARGV)) return type(r) == 'table' and {r.err or r.ok or '', #r} or r",
    "local r = redis.call('HGETALL', KEYS[1]) return {#r, type(r)}",
    "return {1, 2.9, -2.9, true, false, 'x', {}, {{ok = 'y'}}, nil, 3}",
    "return {KEYS, ARGV}",
    "return tonumber(ARGV[1])",
    "return {tostring(tonumber(ARGV[1])), tostring(0.1 + 0.2), tostring(1e15), tostring(2 ^ 53)}",
    // Greater numbers are written in another form by Redis before 7.2.
    "local n = tonumber(ARGV[1]) redis.call('SET', KEYS[1], n and math.abs(n) < 2 ^ 53 and n or 'none') return redis.call('GET', KEYS[1])",
    "local n = redis.call('INCR', KEYS[1])\nif n > 2 then error('too many') end\nreturn n",
    "redis.call('RPUSH', KEYS[1], 'a', 1, 2.5)\nreturn redis.call('LRANGE', KEYS[1], 0, -1)",
    "return redis.error_reply(ARGV[1] or 'ONE')",
    "return redis.status_reply(ARGV[1])",
    "return {err = 'SOME failure'}",
    "error({err = 'SOME failure'})",
    "\n\nlocal t = nil\nreturn t.x",
    "return nowhere",
    "global = 1",
    "return 1 +",
    "local t = {} for i = 1, #ARGV do t[i] = string.format('%s|%d|%.3f', ARGV[i], i, i / 3) end table.sort(t) return table.concat(t, ',')",
];
