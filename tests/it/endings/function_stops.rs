//! A function that is told to stop ends its calls first and settles them.

use serde_json::json;
use tests::certain;
use tests::function::Function;
use tests::lambda::LambdaHost;
use tests::plain::PlainServer;
use tests::vercel::VercelHost;
use tests::wire::{each_format, each_translation};
use tests::world::{read, send};
use tokio::net::TcpStream;

use super::client_leaves::leave_before_the_head;
use super::{
    Reader, ask, assert_estimated, assert_reported, books, call, call_at, call_event, must_not_come, variables,
    world_with,
};
use crate::platforms::function;

/// Tells a plain server to stop and waits until it takes no more connections.
async fn stop(server: &PlainServer) {
    server.function.terminate().await;
    let address = server.base_url.trim_start_matches("http://");
    let closed = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    certain("the closed port", closed).await;
}

/// Stops a function whose settle is held: it waits for it.
async fn ends_with_its_settle(function: &mut Function, settle: local::postgrest::Gate) {
    must_not_come("the end of the process", function.ended()).await;
    settle.open();
    assert!(function.ended().await.success());
}

#[tokio::test]
async fn a_plain_server_finishes_the_answers_under_way_and_settles_them() {
    each_translation(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/gated?after=3").await;
        let control = world.platform.providers.control();
        let mut server = PlainServer::start(function(), &variables(&world)).await;
        let within = control.gate_within();
        let mut reader = Reader::open(wire, call_at(wire, &world, &server.base_url, &account, &ask(wire, true))).await;
        reader.content(3).await;
        let head = control.gate();
        let plain = tokio::spawn(call_at(wire, &world, &server.base_url, &account, &ask(wire, false)).send());
        certain("the plain call at the provider", head.wait_for(1)).await;

        stop(&server).await;
        head.release();
        within.release();
        assert!(wire.is_over(&reader.whole().await));
        let (status, answer) =
            read(certain("the plain answer", plain).await.expect("no panic").expect("an answer")).await;
        assert_eq!(status, 200, "{answer}");
        assert!(server.function.ended().await.success());
        let ended = "select jsonb_agg(outcome) from gateway.requests where account_id";
        let ended = world.value(&format!("{ended} = '{}'", account.id)).await;
        assert_eq!(ended, json!(["completed", "completed"]));
        assert_eq!((world.money(account.id).await.1, world.leases().await), (0, 0));
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn a_plain_server_settles_the_calls_of_clients_that_have_left() {
    each_format(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        let mut server = PlainServer::start(function(), &variables(&world)).await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let _closed =
            leave_before_the_head(&world, call_at(wire, &world, &server.base_url, &account, &ask(wire, false))).await;
        certain("the settle", settle.waiting(1)).await;
        stop(&server).await;
        ends_with_its_settle(&mut server.function, settle).await;
        assert_estimated(wire, &books(&world, &account).await, "client_left", "");
    })
    .await;
}

#[tokio::test]
async fn a_function_on_vercel_settles_what_it_has_answered() {
    each_format(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        let mut host = VercelHost::start(function(), &variables(&world)).await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let (request, _) = host.request("POST", wire.path());
        let response = send(call(request, &account, &ask(wire, false))).await;
        assert_eq!(read(response).await.0, 200);
        certain("the settle", settle.waiting(1)).await;
        host.function.terminate().await;
        ends_with_its_settle(&mut host.function, settle).await;
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn a_function_on_lambda_settles_what_it_has_answered() {
    each_format(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        let mut host = LambdaHost::start(function(), &variables(&world)).await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let answer = host.invoke(call_event(wire, &account, &ask(wire, false))).await.expect("an answer");
        assert_eq!(answer.status, 200);
        certain("the settle", settle.waiting(1)).await;
        host.function.terminate().await;
        ends_with_its_settle(&mut host.function, settle).await;
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}
