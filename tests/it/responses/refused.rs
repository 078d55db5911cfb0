//! Who goes on from what is not there, is somebody else's, or cannot be gone on from.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{CREDIT, Deployment};

use super::{behind, delete, forms, id, keep_for, kept, respond, wires, world_of};

#[tokio::test]
async fn what_is_unknown_foreign_deleted_or_expired_is_not_found_and_nothing_is_asked_or_charged() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account) = world_of(&deployment, wire).await;
        world.set_clock("2027-03-01 12:00Z").await;
        let other = world.account(CREDIT).await;
        let foreign = respond(&world, wire, &other, "Mine.", json!({})).await;
        let deleted = respond(&world, wire, &account, "Deleted.", json!({})).await;
        let beyond = respond(&world, wire, &account, "Beyond.", behind(&deleted)).await;
        let expired = respond(&world, wire, &account, "Old.", json!({})).await;
        delete(&world, &account, &deleted).await.success();
        let unstored = respond(&world, wire, &account, "Unstored.", json!({"store": false})).await;
        world.settled().await;
        let before = world.money(account.id).await;
        let asked = world.platform.providers.control().requests().len();
        let unknown = json!({"id": "resp_0193a5b07c3e70008000000000000001"});
        let (short, none) = (json!({"id": "resp_1"}), json!({"id": "x"}));
        for previous in [&foreign, &deleted, &beyond, &unstored, &unknown, &short, &none, &expired] {
            if previous == &expired {
                world.set_clock("2027-04-01 12:00Z").await;
            }
            let mut body = wire.say("Next.", &behind(previous));
            body["stream"] = json!(stream);
            let refused = Answer::to(world.call(wire, &account.key, &body)).await;
            let refused = refused.refused(400, "previous_response_not_found");
            assert_eq!(refused["param"], "previous_response_id");
            assert_eq!(refused["type"], "invalid_request_error");
        }
        world.settled().await;
        assert_eq!(world.money(account.id).await, before);
        assert_eq!(world.platform.providers.control().requests().len(), asked);
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_session_and_a_previous_response_at_once_are_refused() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let root = respond(&world, wire, &account, "Root.", json!({})).await;
    let made = Answer::to(world.post("/v1/chat/sessions", &account.key, &json!({}))).await.success();
    let path = format!("{}?session_id={}", wire.path(), made["id"].as_str().expect("an id"));
    let body = wire.say("Next.", &behind(&root));
    let refused = Answer::to(world.post(&path, &account.key, &body)).await.refused(400, "invalid_request");
    assert_eq!(refused["param"], "previous_response_id");
}

#[tokio::test]
async fn an_account_that_keeps_none_is_told_so_by_each_response() {
    let deployment = Deployment::new().await;
    for (wire, stream) in forms() {
        let (world, account) = world_of(&deployment, wire).await;
        keep_for(&world, &account, json!(0)).await.success();
        for wish in [json!({}), json!({"store": true})] {
            let mut further = wish;
            further["stream"] = json!(stream);
            let response = respond(&world, wire, &account, "Ouagadougou", further).await;
            assert_eq!(response["store"], false, "{response}");
            world.settled().await;
            super::read(&world, &account, &response).await.refused(404, "response_not_found");
        }
        assert_eq!(kept(&world, &account).await, 0);
        let rows = world.value("select count(*) from gateway.stored_responses").await;
        assert_eq!(rows, json!(0));
    }
}

#[tokio::test]
async fn a_gateway_without_a_keyring_serves_and_stores_nothing() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let root = respond(&world, wire, &account, "Root.", json!({})).await;
    let gateway = world.another_gateway_with(&[("ENCRYPTION_KEYS", "")]).await;
    let ask = |further: Value| {
        let request = world.http.post(format!("{gateway}{}", wire.path())).bearer_auth(&account.key);
        Answer::to(request.header("content-type", "application/json").body(wire.say("Hello", &further).to_string()))
    };
    let response = ask(json!({})).await.success();
    assert_eq!(response["store"], false);
    ask(behind(&root)).await.refused(503, "not_configured");
    world.settled().await;
    assert_eq!(kept(&world, &account).await, 1);
    assert_eq!(
        world
            .value(&format!("select count(*) from gateway.stored_responses where id::text = '{}'", id(&response)))
            .await,
        json!(0)
    );
    world.assert_ledger_clean().await;
}
