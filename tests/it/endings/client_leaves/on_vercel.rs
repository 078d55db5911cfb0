//! On Vercel a departure shows only while an answer is streamed; before its head a call runs on.

use local::provider::Ending;
use tests::vercel::VercelHost;
use tests::wire::each_format;

use super::super::{Reader, ask, assert_reported, books, call, variables, world_with};
use super::{assert_given_up, ending, leave_before_the_head, long};
use crate::platforms::function;

#[tokio::test]
async fn before_the_head_of_a_plain_answer_the_call_runs_to_its_end() {
    each_format(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        let host = VercelHost::start(function(), &variables(&world)).await;
        let (request, invocation) = host.request("POST", wire.path());
        let gate = leave_before_the_head(&world, call(request, &account, &ask(wire, false))).await;
        gate.release();
        assert_eq!(ending(&world).await.0, Ending::Completed);
        host.ended(&invocation).await;
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn before_the_head_of_a_stream_the_provider_is_read_until_the_stream_begins() {
    each_format(async |wire, deployment| {
        let chunks = 10_000;
        let (world, account) = world_with(deployment, wire, &format!("standin/slow?ms=2&chunks={chunks}")).await;
        let host = VercelHost::start(function(), &variables(&world)).await;
        let (request, invocation) = host.request("POST", wire.path());
        let gate = leave_before_the_head(&world, call(request, &account, &long(wire, chunks))).await;
        gate.release();
        assert_given_up(wire, &world, &account, "", chunks).await;
        host.ended(&invocation).await;
    })
    .await;
}

#[tokio::test]
async fn after_the_first_chunk_the_provider_is_no_longer_read() {
    each_format(async |wire, deployment| {
        let chunks = 10_000;
        let (world, account) = world_with(deployment, wire, &format!("standin/slow?ms=2&chunks={chunks}")).await;
        let host = VercelHost::start(function(), &variables(&world)).await;
        let (request, invocation) = host.request("POST", wire.path());
        let mut reader = Reader::open(wire, call(request, &account, &long(wire, chunks))).await;
        let read = reader.content(1).await;
        drop(reader);
        assert_given_up(wire, &world, &account, &read, chunks).await;
        host.ended(&invocation).await;
    })
    .await;
}
