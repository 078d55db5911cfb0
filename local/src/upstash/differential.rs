//! The in-process engine against a real redis-server: the same commands must have the same answers.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::engine::Backend;
use super::memory::{Clock, Memory};
use super::redis::Redis;
use super::reply::Reply;
use super::{RedisServer, spawn_redis_server};

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
redis.call('PEXPIRE', KEYS[2], lapse)
redis.call('HINCRBY', KEYS[1] .. ':total', 'calls', 1)
local open = redis.call('GET', KEYS[1] .. ':breaker')
return {1, answer, open, redis.call('ZCOUNT', KEYS[2], now, '+inf'), cost / 3 > 1}
"#;

/// Small scripts that show how values and errors cross between Redis and Lua.
const SCRIPTS: [&str; 22] = [
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
    "redis.call('SET', KEYS[1], tonumber(ARGV[1]) or 'none') return redis.call('GET', KEYS[1])",
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

/// Words for any place: keys, fields, numbers good and bad, options.
const WORDS: [&str; 42] = [
    "a",
    "b",
    "c",
    "d",
    "f",
    "g",
    "",
    "x y",
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-2",
    "10",
    "007",
    "1.5",
    "-0.5",
    "1e3",
    "(1",
    "(2.5",
    "inf",
    "-inf",
    "+inf",
    "nan",
    "1000000",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "NX",
    "XX",
    "GT",
    "LT",
    "CH",
    "INCR",
    "GET",
    "KEEPTTL",
    "LEFT",
    "right",
    "WITHSCORES",
    "LIMIT",
    "REV",
];

/// Templates of well-formed commands: `K` is a key, `F` a field or member, `N` an integer, `S` a score, `B` a bound of scores,
/// `T` a time to live, `V` any value; other words stand for themselves.
const TEMPLATES: [&str; 76] = [
    "PING",
    "PING V",
    "GET K",
    "SET K V",
    "SET K N",
    "SET K V EX T",
    "SET K V PX 9000000",
    "SET K V NX",
    "SET K V XX",
    "SET K V NX GET",
    "SET K V GET",
    "SET K V KEEPTTL",
    "SET K V XX KEEPTTL GET",
    "DEL K",
    "DEL K K",
    "EXISTS K K",
    "INCR K",
    "INCRBY K N",
    "DECR K",
    "DECRBY K N",
    "EXPIRE K T",
    "EXPIRE K T NX",
    "EXPIRE K T GT",
    "EXPIRE K T XX LT",
    "EXPIRE K -1",
    "PEXPIRE K 7000000",
    "PEXPIRE K 0",
    "PEXPIREAT K 4000000000000",
    "PEXPIREAT K 1000",
    "PEXPIREAT K 4000000000001 GT",
    "TTL K",
    "TTL K",
    "PTTL K",
    "PTTL K",
    "HGET K F",
    "HSET K F V",
    "HSET K F N F V",
    "HMGET K F F F",
    "HGETALL K",
    "HINCRBY K F N",
    "HDEL K F",
    "HDEL K F F",
    "ZADD K S F",
    "ZADD K S F S F S F",
    "ZADD K CH S F S F",
    "ZADD K NX S F",
    "ZADD K XX S F",
    "ZADD K GT CH S F",
    "ZADD K LT CH S F",
    "ZADD K INCR S F",
    "ZADD K XX INCR S F",
    "ZREM K F F",
    "ZCARD K",
    "ZSCORE K F",
    "ZCOUNT K B B",
    "ZRANGE K N N",
    "ZRANGE K N N WITHSCORES",
    "ZRANGE K N N REV",
    "ZRANGE K B B BYSCORE",
    "ZRANGE K B B BYSCORE REV LIMIT N N",
    "ZRANGEBYSCORE K B B",
    "ZRANGEBYSCORE K B B WITHSCORES LIMIT N N",
    "ZREMRANGEBYSCORE K B B",
    "LPUSH K V V",
    "RPUSH K V N V",
    "LPOP K",
    "LPOP K N",
    "RPOP K",
    "RPOP K N",
    "LLEN K",
    "LRANGE K N N",
    "LREM K N V",
    "LINDEX K N",
    "LMOVE K K LEFT RIGHT",
    "LMOVE K K RIGHT RIGHT",
    "FLUSHDB",
];

const NAMES: [&str; 42] = [
    "PING",
    "GET",
    "SET",
    "DEL",
    "EXISTS",
    "INCR",
    "INCRBY",
    "DECR",
    "DECRBY",
    "EXPIRE",
    "PEXPIRE",
    "TTL",
    "PTTL",
    "HGET",
    "HSET",
    "HMGET",
    "HGETALL",
    "HINCRBY",
    "HDEL",
    "ZADD",
    "ZREM",
    "ZCARD",
    "ZSCORE",
    "ZCOUNT",
    "ZRANGE",
    "ZRANGEBYSCORE",
    "ZREMRANGEBYSCORE",
    "LPUSH",
    "RPUSH",
    "LPOP",
    "RPOP",
    "LLEN",
    "LRANGE",
    "LREM",
    "LINDEX",
    "LMOVE",
    "EVAL",
    "EVALSHA",
    "NOSUCH",
    "get",
    "Zadd",
    "lmove",
];

type Command = Vec<String>;

fn word(kind: &str) -> BoxedStrategy<String> {
    let pool: &'static [&'static str] = match kind {
        "K" => &["a", "b", "c", "d"],
        "F" => &["f", "g", "h"],
        "N" => &["0", "1", "2", "-1", "-2", "5", "-9", "100"],
        "S" => &[
            "0",
            "1",
            "-1",
            "2.5",
            "0.125",
            "1e3",
            "inf",
            "-inf",
            "1700000000000",
            "1e20",
        ],
        "B" => &[
            "-inf",
            "+inf",
            "0",
            "1",
            "(1",
            "2.5",
            "(2.5",
            "(1700000000000",
            "-1",
        ],
        "T" => &["1000", "2000", "100000"],
        "V" => &[
            "v",
            "w",
            "1",
            "-5",
            "",
            "0.5",
            "9223372036854775807",
            "a b\r\n",
        ],
        _ => return Just(kind.to_owned()).boxed(),
    };
    select(pool).prop_map(str::to_owned).boxed()
}

fn well_formed() -> impl Strategy<Value = Command> {
    select(&TEMPLATES[..])
        .prop_flat_map(|template| template.split(' ').map(word).collect::<Vec<_>>())
}

fn any_words(most: usize) -> impl Strategy<Value = Command> {
    prop::collection::vec(select(&WORDS[..]).prop_map(str::to_owned), 0..most)
}

fn anything() -> impl Strategy<Value = Command> {
    (select(&NAMES[..]), any_words(6))
        .prop_map(|(name, words)| [vec![name.to_owned()], words].concat())
}

fn script_call() -> impl Strategy<Value = Command> {
    let arguments = prop_oneof![
        3 => well_formed(),
        1 => anything(),
        1 => any_words(7),
    ];
    (select(&SCRIPTS[..]), arguments).prop_map(|(script, arguments)| {
        let head = ["EVAL", script, "2", "a", "b"].map(str::to_owned);
        [head.to_vec(), arguments].concat()
    })
}

/// Calls of the limiter that go on in time, so that windows change, fill and empty.
fn limiter_calls() -> impl Strategy<Value = Vec<Command>> {
    let step = (0..40_000_i64, 1..20_i64, 0..5_i64);
    prop::collection::vec(step, 1..40).prop_map(|steps| {
        let mut now = 1_700_000_000_000_i64;
        let mut calls = Vec::new();
        for (turn, (wait, cost, lapse)) in steps.into_iter().enumerate() {
            now += wait;
            let numbers = [now, 100, cost];
            let mut call = ["EVAL", LIMITER, "2", "key", "leases"]
                .map(str::to_owned)
                .to_vec();
            call.extend(numbers.map(|number| number.to_string()));
            call.extend([
                format!("lease-{turn}"),
                "3".to_owned(),
                (lapse * 20_000 + 1).to_string(),
            ]);
            calls.push(call);
        }
        calls
    })
}

/// Both engines, empty.
struct Pair {
    runtime: tokio::runtime::Runtime,
    redis: Backend,
    memory: Memory,
    _server: RedisServer,
}

impl Pair {
    fn start(test: &str) -> Option<Self> {
        let Some(server) = spawn_redis_server() else {
            eprintln!(
                "SKIPPED: {test}: the in-process engine is not compared with a real redis-server"
            );
            return None;
        };
        Some(Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            redis: Backend::Redis(Redis::new(&server.url()).unwrap()),
            memory: Memory::new(Clock::wall()).unwrap(),
            _server: server,
        })
    }

    fn run(&self, command: &Command) -> (Reply, Reply) {
        let words: Vec<&[u8]> = command.iter().map(|word| word.as_bytes()).collect();
        let theirs = self.runtime.block_on(self.redis.execute(&words)).unwrap();
        (self.memory.execute(&words), theirs)
    }

    fn compare(&self, commands: &[Command]) -> Result<(), TestCaseError> {
        self.run(&vec!["FLUSHDB".to_owned()]);
        for (turn, command) in commands.iter().enumerate() {
            let (ours, theirs) = self.run(command);
            let name = command[0].to_uppercase();
            let in_script = command
                .iter()
                .map(|word| word.to_uppercase())
                .collect::<Vec<_>>();
            let timed = ["PTTL", "TTL", "TIME"]
                .iter()
                .any(|name| in_script.iter().any(|word| word == name));
            let same = match name.as_str() {
                _ if timed => close(&ours, &theirs),
                "HGETALL" | "EVAL" if in_script.iter().any(|word| word == "HGETALL") => {
                    sorted(&ours) == sorted(&theirs)
                }
                _ => ours == theirs,
            };
            prop_assert!(
                same,
                "command {turn}: {command:?}\nours:   {ours:?}\ntheirs: {theirs:?}"
            );
        }
        Ok(())
    }
}

/// The same, but for a few seconds between the two clocks' readings.
fn close(ours: &Reply, theirs: &Reply) -> bool {
    match (ours, theirs) {
        (Reply::Integer(ours), Reply::Integer(theirs)) if *ours > 0 => {
            ours.abs_diff(*theirs) <= 10_000
        }
        _ => ours == theirs,
    }
}

/// Fields in Redis's own order are compared as a set.
fn sorted(reply: &Reply) -> Vec<String> {
    let Reply::Array(items) = reply else {
        return vec![format!("{reply:?}")];
    };
    let mut items: Vec<String> = items.chunks(2).map(|pair| format!("{pair:?}")).collect();
    items.sort();
    items
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    })
}

#[test]
fn random_commands_have_the_same_answers() {
    let Some(pair) = Pair::start("random_commands_have_the_same_answers") else {
        return;
    };
    let commands = prop_oneof![
        12 => well_formed(),
        3 => anything(),
        2 => script_call(),
    ];
    runner(6000)
        .run(&prop::collection::vec(commands, 1..60), |commands| {
            pair.compare(&commands)
        })
        .unwrap();
}

#[test]
fn a_limiter_admits_the_same_calls() {
    let Some(pair) = Pair::start("a_limiter_admits_the_same_calls") else {
        return;
    };
    runner(1000)
        .run(&limiter_calls(), |calls| pair.compare(&calls))
        .unwrap();
}

#[test]
fn every_script_has_the_same_answer() {
    let Some(pair) = Pair::start("every_script_has_the_same_answer") else {
        return;
    };
    let calls: Vec<Command> = SCRIPTS
        .iter()
        .flat_map(|script| {
            [vec!["1", "2"], vec!["GET", "a"], vec!["-MY error"], vec![]].map(|arguments| {
                let head = ["EVAL", script, "2", "a", "b"];
                head.into_iter()
                    .chain(arguments)
                    .map(str::to_owned)
                    .collect()
            })
        })
        .collect();
    pair.compare(&calls).unwrap();
}
