//! A hold is no money, so its begin does not wait for the disk; a crash of the database may lose it. Its call is charged all
//! the same, once, by what the settlement brings back. A settle does wait: what is charged stays charged.

use std::fs;
use std::process::Command;

use local::database::{Database, Source};
use local::schema::Layout;
use serde_json::{Value, json};
use tests::facts::facts;
use tests::rows;
use tests::watch::poll;
use tests::world::CREDIT;
use tokio_postgres::types::Json;
use uuid::Uuid;

/// 10 prompt tokens and 20 completion tokens.
const COST: i64 = 10 * 1_000 + 20 * 2_000;
/// An account, its key, its credit on trial, and a model.
const BOOKS: &str = "
    insert into gateway.models (id, name, developer, context_length, max_output) values ('m', 'm', 'test', 128000, 16384);
    insert into gateway.model_routes (model_id, provider, upstream_model, prompt_price, completion_price)
      values ('m', 'openrouter', 'm', 1000000000, 2000000000);
    insert into gateway.accounts (email, trial_ends_at, trial_requests_left)
      values ('one@test.example', now() + interval '1 day', 10);
    insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, scopes, max_requests)
      select id, 'hash', 'gw_live_', 'last', 'test', 'live', array['*'], 100 from gateway.accounts;
    select gateway.grant_credit(accounts, 'trial', 1000000000, now() + interval '1 day', 'test', now()) from gateway.accounts;";

/// A server that really flushes, and can be killed.
struct Server {
    folder: tempfile::TempDir,
    source: Source,
    database: Database,
}

impl Server {
    /// None where no Postgres is installed: nothing else can be killed.
    async fn start() -> Option<Self> {
        let environment = |name: &str| match name {
            "GATEWAY_DATABASE" => Some("installed".to_owned()),
            name => std::env::var(name).ok(),
        };
        let Ok(source @ Source::Installed(_)) = Source::detect(environment, None) else {
            tests::skipped("a crash of the database: no Postgres is installed");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::start(source.clone(), Some(folder.path())).await.expect("a server");
        database.apply(&Layout::of_repository().for_tests().expect("a blueprint")).await.expect("the schemas");
        database.execute(BOOKS).await.expect("an account");
        Some(Self { folder, source, database })
    }

    /// The postmaster and its processes by what they do: `postgres: walwriter` and so on.
    fn processes(&self) -> Vec<(String, String)> {
        let lock = fs::read_to_string(self.folder.path().join("postgres/data/postmaster.pid")).expect("a lock file");
        let postmaster = lock.lines().next().expect("a process id").to_owned();
        let listed = Command::new("ps").args(["-o", "pid=,args=", "--ppid", &postmaster]).output().expect("ps");
        let listed = String::from_utf8(listed.stdout).expect("a text");
        let children = listed.lines().filter_map(|line| line.trim().split_once(' '));
        let children = children.map(|(process, what)| (process.to_owned(), what.trim().to_owned()));
        std::iter::once((postmaster.clone(), "postmaster".to_owned())).chain(children).collect()
    }

    /// Stops the processes that write to the disk in the background: what no commit waits for stays in memory.
    fn hold_back_writes(&self) {
        let writers = ["walwriter", "background writer", "checkpointer"];
        let processes = self.processes();
        for writer in writers {
            let (process, _) = processes.iter().find(|(_, what)| what.contains(writer)).expect(writer);
            signal("STOP", process);
        }
    }

    /// kill -9 of all of it, and a new start on what is on the disk.
    async fn crash(self) -> Self {
        // Stopped, it starts no process that the list would not know.
        signal("STOP", &self.processes()[0].0);
        let processes = self.processes();
        for (process, _) in &processes {
            // One that has ended by itself meanwhile is none to be killed.
            Command::new("kill").args(["-KILL", process]).output().expect("kill");
        }
        // The next server refuses to start while any of them has the memory that they share.
        for (process, what) in &processes {
            poll(&format!("the end of {what}"), || async { is_over(process) }).await;
        }
        let Self { folder, source, database: dead } = self;
        // Who waits for its end looks here. (A process that nobody has waited for looks alive to the next server, too.)
        fs::remove_file(folder.path().join("postgres/data/postmaster.pid")).expect("a lock file");
        tokio::task::spawn_blocking(move || drop(dead)).await.expect("no panic");
        let database = Database::start(source.clone(), Some(folder.path())).await.expect("the server after its crash");
        Self { folder, source, database }
    }

    async fn call(&self, sql: &str, arguments: &[&Value]) -> Value {
        let arguments: Vec<_> = arguments.iter().map(|argument| Json(*argument)).collect();
        let parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            arguments.iter().map(|argument| argument as _).collect();
        let rows = self.database.query(sql, &parameters).await.expect(sql);
        let Json(answer) = rows[0].get(0);
        answer
    }

    async fn begin(&self, call: Uuid) -> Value {
        let caller = json!({"key_hashes": ["hash"]});
        let call = json!({"call_id": call, "model": "m", "providers": ["openrouter"], "allowed": [], "prompt_bound": 50, "images": 0, "tools": false,
            "modalities": [], "choices": 1, "output_limit": 100, "hold_seconds": 60, "markup": 10_000});
        self.call("select public.begin_request($1)", &[&rows::asked(&json!({ "caller": caller, "call": call }))]).await
    }

    async fn finish(&self, call: Uuid, outcome: &str, begun: &Value) -> Value {
        let settlement = json!({"call_id": call, "outcome": outcome, "provider": "openrouter",
            "usage": {"prompt": 10, "completion": 20}, "hold": facts(begun, "openrouter")});
        self.call("select public.finish_request($1)", &[&rows::settled(&settlement)]).await
    }

    /// Balance, held, requests of the month, of the trial and of the key; holds and requests; and clean books.
    async fn books(&self) -> Value {
        let books = self
            .call(
                "select jsonb_build_array(a.balance, a.held, a.month_requests, a.trial_requests_left, k.requests_used,
                          (select count(*) from gateway.holds where state <> 'tombstone'),
                          (select count(*) from gateway.requests), gateway.ledger_check() -> 'ok')
                 from gateway.accounts a join gateway.api_keys k on k.account_id = a.id",
                &[],
            )
            .await;
        assert_eq!(books[7], true, "{books}");
        books
    }
}

fn signal(name: &str, process: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), process]).status().expect("kill");
    assert!(sent.success(), "kill -{name} {process}");
}

/// Whether a process has ended, be it that nobody has waited for it yet.
fn is_over(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().expect("ps").stdout;
    state.first().is_none_or(|state| *state == b'Z')
}

/// A call begins, and the database crashes before that is on the disk. Answers what the begin said.
async fn lose_a_hold(server: Server, call: Uuid) -> (Server, Value) {
    server.hold_back_writes();
    let begun = server.begin(call).await;
    let held = begun["held"].as_i64().expect("a hold");
    assert_eq!(server.books().await, json!([CREDIT, held, 1, 9, 0, 1, 0, true]));
    let server = server.crash().await;
    assert_eq!(server.books().await, json!([CREDIT, 0, 0, 10, 0, 0, 0, true]), "the crash lost no hold");
    (server, begun)
}

/// One call, charged and counted once.
fn charged_once() -> Value {
    json!([CREDIT - COST, 0, 1, 9, 1, 0, 1, true])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_hold_a_crash_lost_is_charged_and_counted_once() {
    let (Some(server), call) = (Server::start().await, Uuid::now_v7()) else { return };
    let (server, begun) = lose_a_hold(server, call).await;
    assert_eq!(server.finish(call, "completed", &begun).await["cost"], COST);
    assert_eq!(server.books().await, charged_once());
    // Whatever comes again, in whatever order, from the outbox or from a proxy that retries.
    for _ in 0..2 {
        let again = server.finish(call, "completed", &begun).await;
        assert_eq!((&again["cost"], &again["repeated"]), (&json!(COST), &json!(true)));
        assert_eq!(server.begin(call).await["refused"]["code"], "call_finished");
    }
    assert_eq!(server.books().await, charged_once());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_begin_that_is_repeated_after_the_crash_is_the_one_that_is_settled() {
    let (Some(server), call) = (Server::start().await, Uuid::now_v7()) else { return };
    let (server, begun) = lose_a_hold(server, call).await;
    let again = server.begin(call).await;
    assert_eq!(again["held"], begun["held"]);
    assert_eq!(server.finish(call, "completed", &begun).await["cost"], COST);
    assert_eq!(server.finish(call, "completed", &again).await["repeated"], true);
    assert_eq!(server.books().await, charged_once());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_refused_after_all_costs_nothing_and_counts_nowhere_though_a_crash_lost_its_hold() {
    let (Some(server), call) = (Server::start().await, Uuid::now_v7()) else { return };
    let (server, begun) = lose_a_hold(server, call).await;
    assert_eq!(server.finish(call, "refused", &begun).await["cost"], 0);
    let untouched = json!([CREDIT, 0, 0, 10, 0, 0, 0, true]);
    assert_eq!(server.books().await, untouched);
    assert_eq!(server.begin(call).await["refused"]["code"], "call_finished");
    assert_eq!(server.finish(call, "completed", &begun).await["cost"], 0);
    assert_eq!(server.books().await, untouched);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settle_is_on_the_disk_before_it_answers() {
    let (Some(server), call) = (Server::start().await, Uuid::now_v7()) else { return };
    server.hold_back_writes();
    let begun = server.begin(call).await;
    assert_eq!(server.finish(call, "completed", &begun).await["cost"], COST);
    let server = server.crash().await;
    assert_eq!(server.books().await, charged_once());
    assert_eq!(server.finish(call, "completed", &begun).await["repeated"], true);
    assert_eq!(server.books().await, charged_once());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_hold_is_not_recovered_once_it_is_forgotten_whether_it_was_settled() {
    let (Some(server), call) = (Server::start().await, Uuid::now_v7()) else { return };
    let mut begun = server.begin(call).await;
    server.finish(call, "completed", &begun).await;
    // A settle that comes out of an outbox after more than its request was kept for.
    begun["placed_at"] = server.call("select to_jsonb(now() - interval '31 days')", &[]).await;
    server.database.execute("delete from gateway.requests").await.expect("a request forgotten");
    assert_eq!(server.finish(call, "completed", &begun).await["cost"], 0);
    let money = server.call("select to_jsonb(balance) from gateway.accounts", &[]).await;
    assert_eq!(money, CREDIT - COST);
}
