//! Random commands: mostly well formed, on few keys, so that they meet.

use proptest::prelude::*;
use proptest::sample::select;

use super::scripts::{LIMITER, SCRIPTS};

pub(super) type Command = Vec<String>;

/// Well-formed commands. `K` is a key, `F` a field or member, `N` an integer, `S` a score, `B` a bound of scores, `T` a time to
/// live in seconds, `P` a point in time in ms, `V` any value; every other word stands for itself.
const TEMPLATES: &str = "
PING; PING V; GET K; SET K V; SET K N; SET K V EX T; SET K V PX 9000000; SET K V NX;
SET K V XX; SET K V NX GET; SET K V GET; SET K V KEEPTTL; SET K V XX KEEPTTL GET; DEL K;
DEL K K; EXISTS K K; INCR K; INCRBY K N; DECR K; DECRBY K N; EXPIRE K T; EXPIRE K T NX;
PEXPIREAT K P; PEXPIREAT K P GT; PEXPIREAT K P LT; PEXPIREAT K P XX LT; PEXPIREAT K P NX;
EXPIRE K -1; PEXPIRE K 7000000; PEXPIRE K 0; PEXPIREAT K 1000; TTL K; TTL K; PTTL K;
PTTL K; HGET K F; HSET K F V; HSET K F N F V; HMGET K F F F; HGETALL K; HINCRBY K F N;
HDEL K F; HDEL K F F; ZADD K S F; ZADD K S F S F S F; ZADD K CH S F S F; ZADD K NX S F;
ZADD K XX S F; ZADD K GT CH S F; ZADD K LT CH S F; ZADD K INCR S F; ZADD K XX INCR S F;
ZREM K F F; ZCARD K; ZSCORE K F; ZCOUNT K B B; ZRANGE K N N; ZRANGE K N N WITHSCORES;
ZRANGE K N N REV; ZRANGE K B B BYSCORE; ZRANGE K B B BYSCORE REV LIMIT N N;
ZRANGEBYSCORE K B B; ZRANGEBYSCORE K B B WITHSCORES LIMIT N N; ZREMRANGEBYSCORE K B B;
LPUSH K V V; RPUSH K V N V; LPOP K; LPOP K N; RPOP K; RPOP K N; LLEN K; LRANGE K N N;
LREM K N V; LINDEX K N; LMOVE K K LEFT RIGHT; LMOVE K K RIGHT RIGHT; FLUSHDB";

/// Words for any place: keys, fields, numbers good and bad, options.
const WORDS: &str = "
a b c d f g 0 1 2 3 -1 -2 10 007 1.5 -0.5 1e3 (1 (2.5 inf -inf +inf nan 1000000
9223372036854775807 -9223372036854775808 9223372036854775808 NX XX GT LT CH INCR GET
KEEPTTL LEFT right WITHSCORES LIMIT REV";

/// Commands to put any words after. EXPIRE is left out: its answer to GT and LT may depend on the millisecond.
const NAMES: &str = "
PING GET SET DEL EXISTS INCR INCRBY DECR DECRBY PEXPIREAT TTL PTTL HGET HSET HMGET HGETALL
HINCRBY HDEL ZADD ZREM ZCARD ZSCORE ZCOUNT ZRANGE ZRANGEBYSCORE ZREMRANGEBYSCORE LPUSH
RPUSH LPOP RPOP LLEN LRANGE LREM LINDEX LMOVE EVAL EVALSHA NOSUCH get Zadd lmove";

fn word(kind: &str) -> BoxedStrategy<String> {
    let pool: &'static [&'static str] = match kind {
        "K" => &["a", "b", "c", "d"],
        "F" => &["f", "g", "h"],
        "N" => &["0", "1", "2", "-1", "-2", "5", "-9", "100"],
        "S" => &["0", "1", "-1", "2.5", "0.1", "1e3", "inf", "-inf", "1700000000000", "1e20"],
        "B" => &["-inf", "+inf", "0", "1", "(1", "2.5", "(2.5", "(1700000000000", "-1"],
        "T" => &["1000", "2000", "100000"],
        "P" => &["4000000000000", "4100000000000", "4200000000000"],
        "V" => &["v", "w", "1", "-5", "", "0.5", "9223372036854775807", "a b\r\n"],
        _ => return Just(kind.to_owned()).boxed(),
    };
    select(pool).prop_map(str::to_owned).boxed()
}

fn well_formed() -> impl Strategy<Value = Command> {
    let templates: Vec<&str> = TEMPLATES.split([';', '\n']).map(str::trim).collect();
    let templates: Vec<&str> = templates.into_iter().filter(|line| !line.is_empty()).collect();
    select(templates).prop_flat_map(|template| template.split(' ').map(word).collect::<Vec<_>>())
}

fn any_words(most: usize) -> impl Strategy<Value = Command> {
    let words: Vec<&str> = WORDS.split_whitespace().chain(["", "x y"]).collect();
    prop::collection::vec(select(words).prop_map(str::to_owned), 0..most)
}

fn anything() -> impl Strategy<Value = Command> {
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    (select(names), any_words(6)).prop_map(|(name, words)| [vec![name.to_owned()], words].concat())
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

/// Any commands, one after the other.
pub(super) fn commands() -> impl Strategy<Value = Vec<Command>> {
    let command = prop_oneof![
        12 => well_formed(),
        3 => anything(),
        2 => script_call(),
    ];
    prop::collection::vec(command, 1..60)
}

/// Calls of the limiter that go on in time, so that windows change, fill and empty.
pub(super) fn limiter_calls() -> impl Strategy<Value = Vec<Command>> {
    let step = (0..40_000_i64, 1..20_i64, 0..5_i64);
    prop::collection::vec(step, 1..40).prop_map(|steps| {
        let mut now = 1_700_000_000_000_i64;
        let mut calls = Vec::new();
        for (turn, (wait, cost, lapse)) in steps.into_iter().enumerate() {
            now += wait;
            let numbers = [now, 100, cost];
            let mut call = ["EVAL", LIMITER, "2", "key", "leases"].map(str::to_owned).to_vec();
            call.extend(numbers.map(|number| number.to_string()));
            call.extend([format!("lease-{turn}"), "3".to_owned(), (lapse * 20_000 + 1).to_string()]);
            calls.push(call);
        }
        calls
    })
}
