//! A plain server notices at once that a client has left, whether it is waiting for a head or reading.

use std::time::Duration;

use local::provider::Ending;
use serde_json::json;
use tests::certain;
use tests::plain::PlainServer;
use tests::wire::{Wire, each};
use tests::world::{Account, World};
use tokio::time::sleep;

use super::super::{CREDIT, Reader, ask, assert_estimated, call_at, let_it_reason, settled, variables, world_with};
use super::{ending, leave_before_the_head};
use crate::platforms::function;

async fn before_the_head(wire: &'static Wire, world: &World, base_url: &str, account: &Account, stream: bool) {
    let _closed = leave_before_the_head(world, call_at(wire, world, base_url, account, &ask(wire, stream))).await;
    assert_eq!(ending(world).await, (Ending::ClientGone, 0));
    assert_estimated(wire, &settled(world, account).await, "client_left", "");
}

#[tokio::test]
async fn in_process_before_the_head_of_a_plain_answer() {
    each(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        before_the_head(wire, &world, &world.base_url, &account, false).await;
    })
    .await;
}

#[tokio::test]
async fn in_process_before_the_head_of_a_stream() {
    each(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        before_the_head(wire, &world, &world.base_url, &account, true).await;
    })
    .await;
}

#[tokio::test]
async fn compiled_before_the_head_of_a_plain_answer() {
    each(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        let server = PlainServer::start(function(), &variables(&world)).await;
        before_the_head(wire, &world, &server.base_url, &account, false).await;
    })
    .await;
}

#[tokio::test]
async fn compiled_before_the_head_of_a_stream() {
    each(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        let server = PlainServer::start(function(), &variables(&world)).await;
        before_the_head(wire, &world, &server.base_url, &account, true).await;
    })
    .await;
}

/// The provider stops after three chunks, so what is produced is what the client has read.
async fn after_the_first_chunks(wire: &'static Wire, world: &World, base_url: &str, account: &Account) {
    let mut reader = Reader::open(wire, call_at(wire, world, base_url, account, &ask(wire, true))).await;
    let read = reader.content(3).await;
    drop(reader);
    assert_eq!(ending(world).await, (Ending::ClientGone, wire.events_before_text() + 3));
    assert_estimated(wire, &settled(world, account).await, "client_left", &read);
}

#[tokio::test]
async fn in_process_after_the_first_chunks() {
    each(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/stall?after=3").await;
        after_the_first_chunks(wire, &world, &world.base_url, &account).await;
    })
    .await;
}

#[tokio::test]
async fn compiled_after_the_first_chunks() {
    each(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/stall?after=3").await;
        let server = PlainServer::start(function(), &variables(&world)).await;
        after_the_first_chunks(wire, &world, &server.base_url, &account).await;
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_goes_on_writing_is_no_longer_read() {
    each(async |wire, deployment| {
        let chunks = 10_000;
        let (world, account) = world_with(deployment, wire, &format!("standin/slow?ms=2&chunks={chunks}")).await;
        let mut reader =
            Reader::open(wire, call_at(wire, &world, &world.base_url, &account, &super::long(wire, chunks))).await;
        let read = reader.content(1).await;
        drop(reader);
        super::assert_given_up(wire, &world, &account, &read, chunks).await;
    })
    .await;
}

#[tokio::test]
async fn in_the_middle_of_a_plain_answer() {
    each(async |wire, deployment| {
        // That the provider has sent half of it does not say that the gateway has read it.
        for patience in [0, 200, 2_000, 10_000].map(Duration::from_millis) {
            let (world, account) = world_with(deployment, wire, "standin/gated").await;
            let gate = world.platform.providers.control().gate_within();
            let client = tokio::spawn(call_at(wire, &world, &world.base_url, &account, &ask(wire, false)).send());
            certain("half of the answer", gate.wait_for(1)).await;
            sleep(patience).await;
            client.abort();
            let (ending, chunks) = ending(&world).await;
            assert!(ending == Ending::ClientGone && chunks > 0, "{ending:?} after {chunks}");
            let row = settled(&world, &account).await;
            if row["completion_tokens"] != 0 {
                return super::super::assert_counted(wire, &row, "client_left");
            }
            assert_eq!(row["outcome"], "client_left", "{row}");
        }
        panic!("{}: nothing of the answer was counted", wire.name);
    })
    .await;
}

#[tokio::test]
async fn before_the_provider_is_asked_it_never_is_and_nothing_is_charged() {
    each(async |wire, deployment| {
        for reasoning in [false, true] {
            let (world, account) = world_with(deployment, wire, "standin/normal").await;
            if reasoning {
                let_it_reason(&world, wire).await;
            }
            let server = PlainServer::start(function(), &variables(&world)).await;
            let postgrest = world.platform.postgrest.control();
            postgrest.record(true);
            let hold = postgrest.gate(Some("begin_request"));
            let client = tokio::spawn(call_at(wire, &world, &server.base_url, &account, &ask(wire, false)).send());
            certain("the hold", hold.waiting(1)).await;
            client.abort();
            let noticed = server.function.line(|line| line.contains("request left by its client")).await;
            assert!(noticed.is_some(), "{:#?}", server.function.output());
            hold.open();
            let released = async {
                while !postgrest.calls().iter().any(|call| call.function == "finish_request") {
                    tokio::task::yield_now().await;
                }
            };
            certain("the release of the hold", released).await;
            world.settled().await;
            assert!(world.platform.providers.control().requests().is_empty());
            let of = |what: &str| format!("{what} = '{}'", account.id);
            let recorded = of("select count(*) from gateway.requests where account_id");
            assert_eq!(world.value(&recorded).await, json!(0));
            assert_eq!(world.value(&of("select month_requests from gateway.accounts where id")).await, json!(0));
            assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
            world.assert_ledger_clean().await;
        }
    })
    .await;
}
