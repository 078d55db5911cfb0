//! The in-process engine against a real redis-server: the same commands must have the same answers.

mod compare;
mod generate;
mod scripts;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use super::engine::Backend;
use super::memory::{Clock, Memory};
use super::redis::Redis;
use super::reply::Reply;
use super::{RedisServer, spawn_redis_server};
use compare::Comparison;
use generate::{Command, commands, limiter_calls};
use scripts::SCRIPTS;

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
            crate::skipped(&format!("{test}: the in-process engine is not compared with a real redis-server"));
            return None;
        };
        Some(Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
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
            let same = Comparison::of(command).holds(&ours, &theirs);
            prop_assert!(same, "command {turn}: {}\nours:   {ours:?}\ntheirs: {theirs:?}", brief(command));
        }
        Ok(())
    }
}

/// Compares the answers to `cases` generated sequences of commands; the shortest that differs is printed.
fn compare_all(pair: &Pair, cases: u32, sequences: impl Strategy<Value = Vec<Command>>) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    match runner.run(&sequences, |commands| pair.compare(&commands)) {
        Ok(()) => {}
        Err(TestError::Abort(reason)) => panic!("{reason}"),
        Err(TestError::Fail(reason, commands)) => {
            let lines: Vec<String> = commands.iter().map(|command| brief(command)).collect();
            panic!("{reason}\nafter:\n{}", lines.join("\n"));
        }
    }
}

/// A command on one line; of a script only the beginning.
fn brief(command: &[String]) -> String {
    let words: Vec<String> =
        command.iter().map(|word| format!("{:?}", word.chars().take(60).collect::<String>())).collect();
    words.join(" ")
}

#[test]
fn random_commands_have_the_same_answers() {
    if let Some(pair) = Pair::start("random_commands_have_the_same_answers") {
        compare_all(&pair, 300, commands());
    }
}

#[test]
fn a_limiter_admits_the_same_calls() {
    if let Some(pair) = Pair::start("a_limiter_admits_the_same_calls") {
        compare_all(&pair, 60, limiter_calls());
    }
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
                head.into_iter().chain(arguments).map(str::to_owned).collect()
            })
        })
        .collect();
    pair.compare(&calls).unwrap();
}
