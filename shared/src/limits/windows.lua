-- Shared head of all scripts: sliding counters of two buckets each, kept as "bucket current previous" in one hash a
-- subject. What counts now is current + previous * the part of the previous bucket that still lies in the window.
-- A subject is a key or an account, by its id.

local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- name, length in ms, place of its limit in a subject's limits, whether it counts tokens
local WINDOWS = {
  { 'rm', 60000, 1, false },
  { 'rb', 10000, 2, false },
  { 'rh', 3600000, 3, false },
  { 'rd', 86400000, 4, false },
  { 'tm', 60000, 5, true },
  { 'td', 86400000, 6, true },
}
local NAMES = {}
for i, window in ipairs(WINDOWS) do NAMES[i] = window[1] end
local TWO_DAYS = 172800000

local function counters_of(subject) return prefix .. 'rate:' .. subject end
local function leases_of(subject) return prefix .. 'lease:' .. subject end

-- The counters of a subject as of now: { bucket, current, previous } a window.
local function read(subject)
  local stored = redis.call('HMGET', counters_of(subject), unpack(NAMES))
  local counters = {}
  for i, window in ipairs(WINDOWS) do
    local bucket = math.floor(now / window[2])
    local at, current, previous = 0, 0, 0
    if stored[i] then
      local a, c, p = string.match(stored[i], '^(%d+) (%d+) (%d+)$')
      at, current, previous = tonumber(a), tonumber(c), tonumber(p)
    end
    if at == bucket - 1 then
      current, previous = 0, current
    elseif at ~= bucket then
      current, previous = 0, 0
    end
    counters[i] = { bucket, current, previous }
  end
  return counters
end

local function used_now(counter, length)
  local share = 1 - (now - counter[1] * length) / length
  return counter[2] + counter[3] * share
end

local function write(subject, counters)
  local fields = {}
  for i, window in ipairs(WINDOWS) do
    local counter = counters[i]
    fields[#fields + 1] = window[1]
    fields[#fields + 1] = string.format('%d %d %d', counter[1], counter[2], counter[3])
  end
  redis.call('HSET', counters_of(subject), unpack(fields))
  redis.call('PEXPIRE', counters_of(subject), TWO_DAYS)
end

-- Adds to the buckets in which `at` lies, as far as they still count.
local function correct(counters, at, requests, tokens)
  for i, window in ipairs(WINDOWS) do
    local counter = counters[i]
    local change = window[4] and tokens or requests
    local age = counter[1] - math.floor(at / window[2])
    if age == 0 then
      counter[2] = math.max(counter[2] + change, 0)
    elseif age == 1 then
      counter[3] = math.max(counter[3] + change, 0)
    end
  end
end
