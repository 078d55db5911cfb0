//! Lambda never tells a function that its client has left: the call runs to its end and is charged as reported.

use local::provider::Ending;
use tests::certain;
use tests::lambda::LambdaHost;
use tests::wire::{each_form_of_formats, each_format};

use super::super::{ask, assert_reported, books, call_event, variables, world_with};
use super::ending;
use crate::platforms::function;

#[tokio::test]
async fn before_the_head() {
    each_form_of_formats(async |wire, stream, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        let host = LambdaHost::start(function(), &variables(&world)).await;
        let gate = world.platform.providers.control().gate();
        tokio::select! {
            _ = host.invoke(call_event(wire, &account, &ask(wire, stream))) => panic!("the provider is held"),
            () = certain("the call at the provider", gate.wait_for(1)) => {}
        }
        gate.release();
        assert_eq!(ending(&world).await.0, Ending::Completed);
        host.asked(2).await;
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn after_the_first_chunks() {
    each_format(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/gated?after=3&tokens=1000").await;
        let host = LambdaHost::start(function(), &variables(&world)).await;
        let gate = world.platform.providers.control().gate_within();
        let mut answer = host.invoke(call_event(wire, &account, &ask(wire, true))).await.expect("an answer");
        let mut text = String::new();
        while wire.pieces(&text).is_empty() {
            text.push_str(str::from_utf8(&answer.chunk().await.expect("a chunk")).expect("UTF-8"));
        }
        drop(answer);
        gate.release();
        assert_eq!(ending(&world).await.0, Ending::Completed);
        host.asked(2).await;
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}
