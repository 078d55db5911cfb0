//! An account keeps so much at most: the conversations go that were longest without a new response. One conversation is so long
//! at most.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{Deployment, World};

use super::{behind, kept, read, respond, wires, world_of};

/// Narrows what is kept.
async fn bound(world: &World, bounds: &str) {
    world
        .sql(&format!(
            "create or replace function gateway.response_bounds(
               out responses integer, out bytes bigint, out responses_a_thread integer, out bytes_a_thread bigint,
               out depth integer, out bytes_a_call bigint)
             language sql immutable parallel safe return ({bounds})"
        ))
        .await;
}

#[tokio::test]
async fn the_conversations_go_that_were_longest_without_a_new_response() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    bound(&world, "3, 1000000::bigint, 100, 1000000::bigint, 100, 1000000::bigint").await;
    let first = respond(&world, wire, &account, "First.", json!({})).await;
    let second = respond(&world, wire, &account, "Second.", json!({})).await;
    let third = respond(&world, wire, &account, "Third.", behind(&first)).await;
    assert_eq!(kept(&world, &account).await, 3);
    let fourth = respond(&world, wire, &account, "Fourth.", json!({})).await;
    assert_eq!(kept(&world, &account).await, 3);
    read(&world, &account, &second).await.refused(404, "response_not_found");
    for response in [&first, &third, &fourth] {
        assert_eq!(read(&world, &account, response).await.success(), *response);
    }
    // By bytes as well, and never the one that goes on.
    let size = world.value("select min(bytes) from gateway.response_threads").await.as_i64().expect("bytes");
    bound(&world, &format!("100, {}::bigint, 100, 1000000::bigint, 100, 1000000::bigint", 3 * size)).await;
    let fifth = respond(&world, wire, &account, "Fifth.", behind(&fourth)).await;
    read(&world, &account, &first).await.refused(404, "response_not_found");
    assert_eq!(read(&world, &account, &fifth).await.success(), fifth);
    kept(&world, &account).await;
}

#[tokio::test]
async fn a_conversation_that_is_full_is_not_gone_on_from() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let root = respond(&world, wire, &account, "Root.", json!({})).await;
    let next = respond(&world, wire, &account, "Next.", behind(&root)).await;
    for bounds in [
        "100, 1000000::bigint, 2, 1000000::bigint, 100, 1000000::bigint",
        "100, 1000000::bigint, 100, 10::bigint, 100, 1000000::bigint",
        "100, 1000000::bigint, 100, 1000000::bigint, 2, 1000000::bigint",
        "100, 1000000::bigint, 100, 1000000::bigint, 100, 10::bigint",
    ] {
        bound(&world, bounds).await;
        let body = wire.say("Again.", &behind(&next));
        let refused = Answer::to(world.call(wire, &account.key, &body)).await.refused(409, "response_thread_full");
        assert_eq!(refused["param"], "previous_response_id");
    }
    assert_eq!(kept(&world, &account).await, 2);
}
