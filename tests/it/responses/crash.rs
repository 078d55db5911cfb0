//! The gateway dies between a call's begin and its settle: nothing is half stored, the conversation goes on from where it was, and
//! the hold is given back.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{CREDIT, Deployment};
use uuid::Uuid;

use super::{asked_last, behind, id, kept, read, respond, wires, world_of};

#[tokio::test]
async fn a_call_that_is_never_settled_leaves_no_half_of_a_response_and_breaks_no_chain() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let root = respond(&world, wire, &account, "Root.", json!({})).await;
    world.settled().await;
    let (spent, call) = (world.money(account.id).await.0, Uuid::now_v7());
    // What the gateway asks for, and then it is gone.
    let caller =
        json!({"key_hashes": [world.hash(&account.key)], "ip": "192.0.2.1", "user_agent": "test", "request_id": "r"});
    let previous = id(&root).trim_start_matches("resp_");
    let begin = json!({"call_id": call, "model": "test/model", "providers": [wire.provider], "allowed": [wire.provider],
        "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100,
        "hold_seconds": 60, "markup": 10_000,
        "stored_response": {"wished": true, "previous": previous, "counted": false}});
    let begun = world
        .value(&format!("select public.begin_request('{}')::jsonb", json!({ "caller": caller, "call": begin })))
        .await;
    assert_eq!((&begun["stores"], begun["history"].as_array().map(Vec::len)), (&json!(true), Some(2)), "{begun}");
    assert!(world.money(account.id).await.1 > 0);
    assert_eq!(kept(&world, &account).await, 1);
    // The others go on meanwhile, and from the same response.
    let next = respond(&world, wire, &account, "Next.", behind(&root)).await;
    assert_eq!(asked_last(&world)[0].1, "Root.");
    // A hold that nobody settles is given back when its time is over.
    world
        .sql(&format!(
            "update gateway.holds set expires_at = gateway.now() - interval '1 second' where call_id = '{call}';
             update gateway.accounts set next_overdue = gateway.now() - interval '1 second' where id = '{}'",
            account.id
        ))
        .await;
    let secret = &world.platform.variables()["CRON_SECRET"];
    Answer::to(world.get("/api/cron/sweep-holds", secret)).await.success();
    let (balance, held, debt) = world.money(account.id).await;
    assert!(held == 0 && debt == 0 && balance <= spent && balance < CREDIT, "{balance} {held} {debt}");
    assert_eq!(kept(&world, &account).await, 2);
    assert_eq!(read(&world, &account, &root).await.success(), root);
    assert_eq!(read(&world, &account, &next).await.success(), next);
    respond(&world, wire, &account, "On.", behind(&next)).await;
    world.settled().await;
    world.assert_ledger_clean().await;
}
