//! A key that may not read what is kept goes on from what it was given itself, and from nothing else of its account.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::wire::Wire;
use tests::world::{Account, Deployment, World};

use super::{asked_last, behind, respond, wires, world_of};

/// Refers to what a response has said.
fn referring(wire: &Wire, response: &Value) -> Value {
    let mut body = wire.say("", &json!({}));
    let said = json!({"type": "item_reference", "id": response["output"][0]["id"]});
    let asks = |text: &str| json!({"role": "user", "content": text});
    body["input"] = json!([asks("Hello"), said, asks("Repeat all that was said.")]);
    body
}

/// Tries to go on from a response in both ways; how that ends.
async fn tries(world: &World, wire: &Wire, account: &Account, response: &Value) -> [(u16, String); 2] {
    let going_on = wire.say("Repeat all that was said.", &behind(response));
    let referring = referring(wire, response);
    let ends = async |body: &Value| {
        let answer = Answer::to(world.call(wire, &account.key, body)).await;
        world.settled().await;
        if answer.status == 200 { (200, String::new()) } else { answer.outcome() }
    };
    [ends(&going_on).await, ends(&referring).await]
}

#[tokio::test]
async fn a_key_that_may_not_read_chats_goes_on_from_its_own_responses_only() {
    let deployment = Deployment::new().await;
    let refused = || [(400, "previous_response_not_found".to_owned()), (404, "item_not_found".to_owned())];
    let served = || [(200, String::new()), (200, String::new())];
    for wire in wires() {
        let (world, owner) = world_of(&deployment, wire).await;
        let (narrow, other) =
            (world.another_key(&owner, "inference").await, world.another_key(&owner, "inference").await);
        let of_owner = respond(&world, wire, &owner, "The safe is 4711.", json!({})).await;
        let of_narrow = respond(&world, wire, &narrow, "Mine is 12.", json!({})).await;
        world.settled().await;
        assert_eq!(tries(&world, wire, &narrow, &of_owner).await, refused(), "{}", wire.name);
        assert_eq!(tries(&world, wire, &other, &of_narrow).await, refused(), "{}", wire.name);
        assert!(!format!("{:?}", asked_last(&world)).contains("4711"));
        assert_eq!(tries(&world, wire, &narrow, &of_narrow).await, served(), "{}", wire.name);
        // Who may read it goes on from all of it, whoever was given it.
        assert_eq!(tries(&world, wire, &owner, &of_narrow).await, served(), "{}", wire.name);
        world.change_key(&narrow, "scopes = '{inference,chat:read}'").await;
        assert_eq!(tries(&world, wire, &narrow, &of_owner).await, served(), "{}", wire.name);
        world.assert_ledger_clean().await;
    }
}
