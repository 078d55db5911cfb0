//! What a reasoning model has produced is known only from its usage, so its provider is read on.

use local::provider::Ending;
use tests::certain;
use tests::deadline::late_enough;
use tests::plain::PlainServer;
use tests::vercel::VercelHost;
use tests::wire::{each, each_form_of_formats, each_format};
use tests::world::send;

use super::super::{
    Reader, ask, assert_members, assert_reported, call, call_at, let_it_reason, settled, variables, world_with,
    world_within,
};
use super::{ending, leave_before_the_head};
use crate::platforms::function;

/// So much text follows that the gateway cannot help noticing that nobody reads it: more than it keeps under way.
const GATED: &str = "standin/gated?after=3&tokens=2000";

#[tokio::test]
async fn before_the_head_its_provider_is_read_on_and_the_reported_usage_charged() {
    each_form_of_formats(async |wire, stream, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/reasoning").await;
        let_it_reason(&world, wire).await;
        let server = PlainServer::start(function(), &variables(&world)).await;
        let gate =
            leave_before_the_head(&world, call_at(wire, &world, &server.base_url, &account, &ask(wire, stream))).await;
        let noticed = server.function.line(|line| line.contains("request left by its client")).await;
        assert!(noticed.is_some(), "{:#?}", server.function.output());
        assert_eq!(gate.waiting(), 1, "the provider is still being asked");
        gate.release();
        assert_eq!(ending(&world).await.0, Ending::Completed);
        let row = settled(&world, &account).await;
        assert!(row["reasoning_tokens"].as_u64() > Some(0), "{row}");
        assert_reported(&row, if stream { "client_left" } else { "completed" });
    })
    .await;
}

#[tokio::test]
async fn in_the_middle_its_provider_is_read_on_and_the_reported_usage_charged() {
    each(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, GATED).await;
        let_it_reason(&world, wire).await;
        let gate = world.platform.providers.control().gate_within();
        let mut reader = Reader::open(wire, call_at(wire, &world, &world.base_url, &account, &ask(wire, true))).await;
        reader.content(3).await;
        drop(reader);
        gate.release();
        assert_eq!(ending(&world).await.0, Ending::Completed);
        assert_reported(&settled(&world, &account).await, "client_left");
    })
    .await;
}

#[tokio::test]
async fn in_the_middle_on_vercel_its_provider_is_read_on_and_the_reported_usage_charged() {
    each_format(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, GATED).await;
        let_it_reason(&world, wire).await;
        let host = VercelHost::start(function(), &variables(&world)).await;
        let gate = world.platform.providers.control().gate_within();
        let (request, invocation) = host.request("POST", wire.path());
        let mut reader = Reader::open(wire, call(request, &account, &ask(wire, true))).await;
        reader.content(3).await;
        drop(reader);
        gate.release();
        assert_eq!(ending(&world).await.0, Ending::Completed);
        host.ended(&invocation).await;
        assert_reported(&settled(&world, &account).await, "client_left");
    })
    .await;
}

#[tokio::test]
async fn usage_that_never_comes_costs_the_hold_at_the_deadline() {
    each(async |wire, deployment| {
        late_enough(async |deadline, _| {
            let (world, account) = world_within(deployment, wire, "standin/stall?after=3", deadline).await;
            let_it_reason(&world, wire).await;
            let response = send(call_at(wire, &world, &world.base_url, &account, &ask(wire, true))).await;
            if response.status() == 504 {
                return None;
            }
            let mut reader = Reader::of(wire, response);
            let late = |text: &str| text.contains("deadline_exceeded");
            if late(reader.until(|text| wire.pieces(text).len() >= 3 || late(text)).await) {
                return None;
            }
            drop(reader);
            assert_eq!(certain("the deadline", ending(&world)).await.0, Ending::ClientGone);
            let row = settled(&world, &account).await;
            assert_members(&row, &serde_json::json!({"outcome": "deadline", "estimated": true, "cost": row["held"]}));
            Some(())
        })
        .await;
    })
    .await;
}
