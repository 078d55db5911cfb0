//! A settle that the database does not take waits in Redis, and is booked later, once.

use futures_util::future::join_all;
use local::postgrest::Fault;
use local::settle_command::{self, Booked, Found};
use local::upstash;
use serde_json::{Value, json};
use shared::config::Config;
use shared::money::Nanos;
use tests::certain;
use tests::plain::PlainServer;
use tests::watch::{Watch, poll};
use tests::world::{Account, World, hello, nanos, read, send};

use super::{CREDIT, always, waiting_settles};
use crate::platforms::function;

/// Makes a call whose settle the database does not take, and gives its cost. The settle waits in the outbox.
async fn unsettled(world: &World, account: &Account, stream: bool, fault: Fault) -> i64 {
    let before = waiting_settles(world).await;
    let control = always(world, "finish_request", fault);
    let body = match stream {
        true => hello(&json!({ "stream": true, "stream_options": { "include_usage": true } })),
        false => hello(&json!({})),
    };
    let response = send(world.chat(&account.key, &body)).await;
    assert_eq!(response.status(), 200);
    let text = certain("a body", response.text()).await.expect("a body");
    let usage = match stream {
        true => tests::world::events(&text).last().expect("events")["usage"].clone(),
        false => serde_json::from_str::<Value>(&text).expect("JSON")["usage"].clone(),
    };
    poll("the settle in the outbox", || async { waiting_settles(world).await == before + 1 }).await;
    control.clear();
    nanos(&usage["cost"])
}

async fn sweep(world: &World) -> Value {
    let secret = &world.platform.variables()["CRON_SECRET"];
    let (status, swept) = read(send(world.get("/api/cron/sweep-holds", secret)).await).await;
    assert_eq!(status, 200, "{swept}");
    swept
}

#[tokio::test]
async fn a_settle_that_the_database_does_not_take_is_booked_by_the_next_call() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    for stream in [false, true] {
        let before = world.money(account.id).await.0;
        let first = unsettled(&world, &account, stream, Fault::Refuse).await;
        let (balance, held, _) = world.money(account.id).await;
        assert!(balance == before && held >= first, "the hold keeps what the call will cost: {balance} {held}");
        let second = nanos(&world.completion(&account.key, &hello(&json!({}))).await["usage"]["cost"]);
        poll("an empty outbox", || async { waiting_settles(&world).await == 0 }).await;
        world.settled().await;
        assert_eq!(world.money(account.id).await, (before - first - second, 0, 0));
    }
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(4));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_cron_job_books_what_waits() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let cost = unsettled(&world, &account, false, Fault::Raise("40P01".to_owned())).await
        + unsettled(&world, &account, true, Fault::Refuse).await;
    assert_eq!(sweep(&world).await["settled_from_outbox"], 2);
    assert_eq!(waiting_settles(&world).await, 0);
    assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
    assert_eq!(sweep(&world).await["settled_from_outbox"], 0);
    assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_waits_is_booked_once_even_if_it_was_booked_before_or_by_several() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    // Each of these was committed; only the answers were lost.
    let mut cost = unsettled(&world, &account, false, Fault::DropAnswer).await;
    assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
    cost += unsettled(&world, &account, false, Fault::Refuse).await;
    join_all((0..6).map(|_| sweep(&world))).await;
    assert_eq!(waiting_settles(&world).await, 0);
    assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(2));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_outbox_keeps_its_settles_while_the_database_is_away() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let cost = unsettled(&world, &account, false, Fault::Refuse).await;
    let control = always(&world, "finish_request", Fault::Refuse);
    assert_eq!(sweep(&world).await["settled_from_outbox"], 0);
    assert_eq!(waiting_settles(&world).await, 1);
    control.clear();
    assert_eq!(sweep(&world).await["settled_from_outbox"], 1);
    assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
}

#[tokio::test]
async fn a_call_that_finds_the_database_away_asks_it_for_no_others() {
    let mut world = World::start().await;
    let account = world.account(CREDIT).await;
    unsettled(&world, &account, false, Fault::Refuse).await;
    let watch = Watch::new(&world);
    unsettled(&world, &account, false, Fault::Refuse).await;
    // A gateway that has stopped has nothing left to ask.
    world.stop_gateway().await;
    let settles = watch.functions().iter().filter(|function| *function == "finish_request").count();
    assert_eq!((settles, waiting_settles(&world).await), (4, 2));
}

#[tokio::test]
async fn what_is_no_settle_does_not_stop_those_behind_it() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    for entry in ["no json", r#"{"call_id":"no id"}"#] {
        world.platform.upstash.execute(&["RPUSH", "outbox", entry]).await.expect("RPUSH");
    }
    let cost = unsettled(&world, &account, false, Fault::Refuse).await;
    assert_eq!(sweep(&world).await["settled_from_outbox"], 1);
    assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
    assert_eq!(waiting_settles(&world).await, 1, "what may be a settle is kept");
}

#[tokio::test]
async fn a_settle_that_no_store_takes_is_one_error_line_that_holds_all_of_it() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let mut variables: Vec<(&str, &str)> =
        world.platform.variables().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    variables.push(("VERCEL_ENV", "production"));
    let server = PlainServer::start(function(), &variables).await;

    let provider = world.platform.providers.control().gate();
    let url = format!("{}/v1/chat/completions", server.base_url);
    let request = world.http.post(url).bearer_auth(&account.key).header("content-type", "application/json");
    let call = tokio::spawn(send(request.body(hello(&json!({})).to_string())));
    certain("the call at the provider", provider.wait_for(1)).await;
    let database = always(&world, "finish_request", Fault::Refuse);
    world.platform.upstash.control().fault_always(upstash::Fault::Refuse);
    provider.release();
    let (status, answer) = read(call.await.expect("no panic")).await;
    assert_eq!(status, 200, "{answer}");

    const LINE: &str = "a settle could not be stored anywhere";
    let line = server.function.line(|line| line.contains(LINE)).await.expect("a line");
    let line: Value = serde_json::from_str(&line).expect("a JSON line");
    assert_eq!(line["level"], "ERROR");
    let lines = server.function.output().iter().filter(|line| line.contains(LINE)).count();
    assert_eq!(lines, 1);

    // An operator books it from there, as often as he likes.
    database.clear();
    let lookup = |name: &str| world.platform.variables().get(name).cloned();
    let deployment = settle_command::deployment(Config::from_lookup(lookup)).expect("a deployment");
    let found = Found::in_line(&line.to_string()).expect("a settlement");
    let cost = nanos(&answer["usage"]["cost"]);
    for expected in [Booked::Charged(Nanos(cost)), Booked::Before(Nanos(cost))] {
        assert_eq!(settle_command::book(&deployment, &found).await.expect("an answer"), expected);
        assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
    }
    world.assert_ledger_clean().await;
}

#[test]
fn a_settlement_is_found_in_either_kind_of_line_and_nothing_else_is_taken_for_one() {
    let settlement = r#"{"call_id":"0193a1b2-0000-7000-8000-000000000001","outcome":"completed","usage":null}"#;
    let refused = json!({ "level": "ERROR", "entry": settlement, "refusal": "…" }).to_string();
    let lost = json!({ "level": "ERROR", "settlement": settlement }).to_string();
    let collected = json!({ "timestamp": 1, "message": lost }).to_string();
    let timed = format!("2026-11-28T12:00:00Z\t{lost}\n");
    for line in [settlement, &refused, &lost, &collected, &timed] {
        assert!(Found::in_line(line).is_some(), "{line}");
    }
    for line in ["", "INFO ready", "{}", r#"{"call_id":"x","outcome":"completed"}"#, r#"{"settlement":"{}"}"#] {
        assert!(Found::in_line(line).is_none(), "{line}");
    }
}
