//! Scripts, as Redis runs them.

use std::time::Duration;

use super::sha1_hex;
use crate::upstash::memory::testing::{Db, array, bulk, error, int, nil, ok, status};
use crate::upstash::reply::Reply;

fn eval(script: &str) -> Reply {
    Db::new().eval(script, &[], &[])
}

/// What a script that fails at a line answers.
fn failed(message: &str, script: &str, line: u32) -> Reply {
    let sha = sha1_hex(script.as_bytes());
    error(&format!("{message} script: {sha}, on @user_script:{line}."))
}

#[test]
fn lua_values_become_replies() {
    for (script, reply) in [
        ("return 3.99", int(3)),
        ("return -3.99", int(-3)),
        ("return 'x'", bulk("x")),
        ("return true", int(1)),
        ("return false", nil()),
        ("return nil", nil()),
        ("return", nil()),
        ("", nil()),
        ("return tostring", nil()),
        ("return tostring(0.25)", bulk("0.25")),
        ("return tostring(1e15)", bulk("1e+15")),
        ("return {1, {'a', false}, nil, 3}", array([int(1), array([bulk("a"), nil()])])),
        ("return {ok = 'FINE'}", status("FINE")),
        ("return {err = 'MY failure'}", error("MY failure")),
        ("return redis.status_reply('FINE')", status("FINE")),
        ("return redis.error_reply('Oops')", error("ERR Oops")),
        ("return redis.error_reply('-MY failure')", error("MY failure")),
        ("return redis.error_reply()", error("ERR wrong number or type of arguments")),
        ("local t = {} t[1] = t t[2] = t return t", error("ERR reached lua stack limit")),
    ] {
        assert_eq!(eval(script), reply, "{script}");
    }
}

#[test]
fn replies_become_lua_values() {
    for (script, reply) in [
        ("return redis.call('SET', 'a', 1).ok", bulk("OK")),
        ("return redis.call('GET', 'none') == false", int(1)),
        ("return type(redis.call('INCR', 'n'))", bulk("number")),
        ("redis.call('SET', 'a', 'x') return redis.call('get', 'a') .. 'y'", bulk("xy")),
        ("redis.call('HSET', 'h', 'f', 1) return redis.call('HMGET', 'h', 'f', 'g')", array([bulk("1"), nil()])),
        ("return redis.pcall('GET').err", bulk("ERR Wrong number of args calling Redis command from script")),
        ("return redis.call('PING')", status("PONG")),
    ] {
        assert_eq!(eval(script), reply, "{script}");
    }
}

#[test]
fn numbers_are_passed_to_commands_as_text() {
    for (number, text) in [
        ("1", "1"),
        ("-0.5", "-0.5"),
        ("1700000000000", "1700000000000"),
        ("2^53", "9007199254740992"),
        ("10 / 4", "2.5"),
        ("1e20", "1e+20"),
    ] {
        let script = format!("redis.call('SET', 'a', {number}) return redis.call('GET', 'a')");
        assert_eq!(eval(&script), bulk(text), "{number}");
    }
}

#[test]
fn keys_and_arguments_are_the_call_s_own() {
    let db = Db::new();
    let script = "return {KEYS[1], KEYS[2], ARGV[1], #ARGV}";
    assert_eq!(db.eval(script, &["a", "b"], &["c", "d"]), array([bulk("a"), bulk("b"), bulk("c"), int(2)]));
    // An array ends at its first nil.
    assert_eq!(db.eval(script, &["a"], &["c"]), array([bulk("a")]));
    for (count, message) in [
        ("-1", "ERR Number of keys can't be negative"),
        ("x", "ERR value is not an integer or out of range"),
        ("2", "ERR Number of keys can't be greater than number of args"),
    ] {
        assert_eq!(db.run_words(&["EVAL", "return 1", count, "a"]), error(message));
    }
}

#[test]
fn errors_name_the_script_and_the_line() {
    for (script, message, line) in [
        ("error('boom')", "ERR user_script:1: boom", 1),
        ("error({err = 'MY failure'})", "MY failure", 1),
        ("error()", "ERR nil", 1),
        ("local a\nreturn a + 1", "ERR user_script:2: attempt to perform arithmetic on local 'a' (a nil value)", 2),
        ("\nreturn redis.call('GET')", "ERR Wrong number of args calling Redis command from script", 2),
        ("redis.call('NOPE')", "ERR Unknown Redis command called from script", 1),
        ("redis.call()", "ERR Please specify at least one argument for this redis lib call", 1),
        ("redis.call('GET', {})", "ERR Lua redis lib command arguments must be strings or integers", 1),
        ("redis.call('SET', 'a', true)", "ERR Lua redis lib command arguments must be strings or integers", 1),
        ("redis.call('EVAL', 'return 1', 0)", "ERR This Redis command is not allowed from script", 1),
        (
            "local function f()\n redis.call('INCRBY', 'a', 1.5)\nend\nf()",
            "ERR value is not an integer or out of range",
            2,
        ),
        (
            "redis.call('RPUSH', 'l', 1)\nredis.call('GET', 'l')",
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            2,
        ),
        ("x = 1", "ERR user_script:1: Attempt to modify a readonly table", 1),
        ("KEYS = {}", "ERR user_script:1: Attempt to modify a readonly table", 1),
        ("string.rep = nil", "ERR user_script:1: Attempt to modify a readonly table", 1),
        ("redis.call = nil", "ERR user_script:1: Attempt to modify a readonly table", 1),
        ("return x", "ERR user_script:1: Script attempted to access nonexistent global variable 'x'", 1),
    ] {
        assert_eq!(eval(script), failed(message, script, line), "{script}");
    }
    assert_eq!(
        eval("return 1 +"),
        error("ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'")
    );
}

#[test]
fn nothing_unsafe_is_within_reach() {
    for name in [
        "io",
        "os",
        "debug",
        "require",
        "loadstring",
        "load",
        "dofile",
        "setfenv",
        "getfenv",
        "print",
        "rawset",
        "coroutine",
        "package",
    ] {
        let script = format!("return {name}");
        let message = format!("ERR user_script:1: Script attempted to access nonexistent global variable '{name}'");
        assert_eq!(eval(&script), failed(&message, &script, 1));
    }
    for protected in ["_G", "string", "redis", "''"] {
        let script = format!("return getmetatable({protected}) == false");
        assert_eq!(eval(&script), int(1), "{protected}");
    }
}

#[test]
fn a_script_can_catch_an_error_and_sees_its_text() {
    for (script, text) in [
        ("redis.call('GET')", "ERR Wrong number of args calling Redis command from script"),
        ("error('boom')", "user_script:1: boom"),
        ("error({err = 'MY failure'})", "MY failure"),
        ("local a = nowhere", "user_script:1: Script attempted to access nonexistent global variable 'nowhere'"),
    ] {
        let script = format!("local ok, e = pcall(function() {script} end) return {{tostring(ok), e}}");
        assert_eq!(eval(&script), array([bulk("false"), bulk(text)]), "{script}");
    }
    assert_eq!(
        eval("local ok, a, b = pcall(function() return 1, 2 end) return {ok, a, b}"),
        array([int(1), int(1), int(2)])
    );
}

#[test]
fn what_a_failed_script_wrote_stays() {
    let db = Db::new();
    db.eval("redis.call('SET', 'a', 1) error('late')", &[], &[]);
    assert_eq!(db.run("GET a"), bulk("1"));
}

#[test]
fn a_runaway_script_is_stopped_and_the_next_one_runs() {
    let db = Db::new();
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() return f() end f()",
    ] {
        let Reply::Error(message) = db.eval(script, &[], &[]) else {
            panic!("{script} ended");
        };
        assert!(message.starts_with("ERR the script was stopped after"), "{message}");
        assert_eq!(db.eval("local n = 0 for i = 1, 100000 do n = n + 1 end return n", &[], &[]), int(100_000));
    }
    let Reply::Error(message) = db.eval("local function f() return 1 + f() end return f()", &[], &[]) else {
        panic!("endless recursion ended");
    };
    assert!(message.contains("stack overflow"), "{message}");
}

#[test]
fn evalsha_runs_what_eval_has_run() {
    let db = Db::new();
    let script = "return ARGV[1]";
    let sha = sha1_hex(script.as_bytes());
    assert_eq!(db.run_words(&["EVALSHA", &sha, "0", "x"]), error("NOSCRIPT No matching script. Please use EVAL."));
    db.eval(script, &[], &["x"]);
    assert_eq!(db.run_words(&["EVALSHA", &sha.to_uppercase(), "0", "y"]), bulk("y"));
}

#[test]
fn many_different_scripts_do_not_pile_up() {
    let db = Db::new();
    for number in 0..=super::MAX_CACHED {
        let number = i64::try_from(number).unwrap();
        assert_eq!(db.eval(&format!("return {number}"), &[], &[]), int(number));
    }
    let first = sha1_hex(b"return 0");
    assert_eq!(db.run_words(&["EVALSHA", &first, "0"]), error("NOSCRIPT No matching script. Please use EVAL."));
}

#[test]
fn a_script_sees_one_time() {
    let db = Db::at(1_000_000);
    let script = "redis.call('SET', KEYS[1], 1, 'PX', 500) return {redis.call('PTTL', KEYS[1]), redis.call('TIME')[1]}";
    assert_eq!(db.eval(script, &["a"], &[]), array([int(500), bulk("1000")]));
    db.advance(Duration::from_millis(501));
    assert_eq!(db.run("EXISTS a"), int(0));
    assert_eq!(db.run("FLUSHDB"), ok());
}
