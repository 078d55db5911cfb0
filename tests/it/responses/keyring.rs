//! The keyring changes; responses stay readable and go on, and are sealed anew.

use serde_json::json;
use tests::answer::Answer;
use tests::world::Deployment;

use super::{behind, id, read, respond, wires, world_of};

#[tokio::test]
async fn responses_of_an_older_key_are_read_gone_on_from_and_sealed_anew() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let root = respond(&world, wire, &account, "Root.", json!({})).await;
    let lost = respond(&world, wire, &account, "Lost.", json!({})).await;
    let lost_id = id(&lost).trim_start_matches("resp_");
    world
        .sql(&format!(
            "update gateway.stored_responses set output = row ('lost', 1)::gateway.sealed_text where id = '{lost_id}'"
        ))
        .await;
    let ring = format!("2:{}=,{}", "Q".repeat(43), world.platform.variables()["ENCRYPTION_KEYS"]);
    let gateway = world.another_gateway_with(&[("ENCRYPTION_KEYS", &ring)]).await;
    let ask = |gateway: &str| {
        let request = world.http.post(format!("{gateway}{}", wire.path())).bearer_auth(&account.key);
        let body = wire.say("Next.", &behind(&root)).to_string();
        Answer::to(request.header("content-type", "application/json").body(body))
    };
    ask(&gateway).await.success();
    let sweep = || {
        let request = world.http.get(format!("{gateway}/api/cron/retention"));
        Answer::to(request.bearer_auth(&world.platform.variables()["CRON_SECRET"]))
    };
    // What nobody can read any more stays, and keeps no other from being renewed.
    assert_eq!(sweep().await.success()["renewed"], 1);
    assert_eq!(sweep().await.success()["renewed"], 0);
    // Who has only the new key reads it and goes on from it, who has only the old one does not any more.
    let newest = ring.split(',').next().expect("a key").to_owned();
    let without_old = world.another_gateway_with(&[("ENCRYPTION_KEYS", &newest)]).await;
    let url = format!("{without_old}/v1/responses/{}", id(&root));
    assert_eq!(Answer::to(world.http.get(url).bearer_auth(&account.key)).await.success(), root);
    ask(&without_old).await.success();
    read(&world, &account, &root).await.refused(503, "not_configured");
    world.settled().await;
    let before = world.money(account.id).await;
    ask(&world.base_url).await.refused(503, "not_configured");
    world.settled().await;
    assert_eq!(world.money(account.id).await, before);
    world.assert_ledger_clean().await;
}
