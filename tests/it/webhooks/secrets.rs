//! What deliveries are signed with: shown once, sealed, rotated with an overlap, and in nothing that is sent.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{Account, World};
use uuid::Uuid;

use super::{cron, happens, shown, with_webhook};

async fn rotate(world: &World, account: &Account, id: Uuid, hours: u32) -> String {
    let path = format!("/user/webhooks/{id}/rotate-secret");
    let rotated = Answer::to(world.post(&path, &account.key, &json!({"overlap_hours": hours}))).await.success();
    rotated["secret"].as_str().expect("a secret").to_owned()
}

#[tokio::test]
async fn a_former_secret_signs_beside_the_new_one_until_its_end() {
    let (world, account, receiver, id, first) = with_webhook(&["payment.succeeded"]).await;
    let second = rotate(&world, &account, id, 24).await;
    assert_eq!(shown(&world, &account, id).await["former_secrets"].as_array().map(Vec::len), Some(1));
    let sent = async || {
        happens(&world, &account, 5).await;
        cron(&world).await;
        receiver.take().pop().expect("a delivery")
    };
    let both = sent().await;
    assert!(both.is_signed_with(&first) && both.is_signed_with(&second) && first != second);
    let only = |one: &super::receiver::Received| one.header("webhook-signature").split(' ').count();
    assert_eq!(only(&both), 2);
    world.sql("update gateway.webhook_secrets set expires_at = gateway.now() where expires_at is not null").await;
    let one = sent().await;
    assert!(!one.is_signed_with(&first) && one.is_signed_with(&second) && only(&one) == 1);
    let third = rotate(&world, &account, id, 0).await;
    let one = sent().await;
    assert!(one.is_signed_with(&third) && !one.is_signed_with(&second) && only(&one) == 1);
    // However often it is rotated, five sign.
    for _ in 0..8 {
        rotate(&world, &account, id, 168).await;
    }
    assert_eq!(only(&sent().await), 5);
}

#[tokio::test]
async fn a_secret_is_nowhere_but_in_the_answer_that_shows_it() {
    let (world, account, receiver, id, secret) = with_webhook(&["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    cron(&world).await;
    let [received] = &receiver.take()[..] else { panic!("one") };
    let said = format!("{received:?}");
    for hidden in [secret.as_str(), &secret["whsec_".len()..], &account.key, "receipt"] {
        assert!(!said.contains(hidden), "{hidden} in {said}");
    }
    assert!(!world.is_stored(&secret["whsec_".len()..]).await);
    let shown = shown(&world, &account, id).await.to_string();
    assert!(!shown.contains("whsec_") && !shown.contains("gAAAAA"), "{shown}");
}

#[tokio::test]
async fn secrets_of_an_older_keyring_sign_and_are_sealed_anew() {
    let (world, account, receiver, _, secret) = with_webhook(&["payment.succeeded"]).await;
    // One that nobody can read any more keeps no other from being renewed.
    let lost = super::make(&world, &account, &receiver.url("/lost"), &["usage.daily"]).await.0;
    world.sql(&format!("update gateway.webhook_secrets set ciphertext = 'lost' where webhook_id = '{lost}'")).await;
    let ring = format!("2:{}=,{}", "Q".repeat(43), world.platform.variables()["ENCRYPTION_KEYS"]);
    let gateway = world.another_gateway_with(&[("ENCRYPTION_KEYS", &ring)]).await;
    let call = |path: &str| {
        let request = world.http.get(format!("{gateway}{path}"));
        Answer::to(request.bearer_auth(world.platform.cron_secret()))
    };
    assert_eq!(call("/api/cron/retention").await.success()["renewed"], 1);
    assert_eq!(call("/api/cron/retention").await.success()["renewed"], 0);
    let versions = world.value("select jsonb_agg(key_version order by key_version) from gateway.webhook_secrets").await;
    assert_eq!(versions, json!([1, 2]));
    happens(&world, &account, 5).await;
    let newest = ring.split(',').next().expect("a key").to_owned();
    let only_new = world.another_gateway_with(&[("ENCRYPTION_KEYS", &newest)]).await;
    let request = world.http.get(format!("{only_new}/api/cron/webhooks")).bearer_auth(world.platform.cron_secret());
    assert_eq!(Answer::to(request).await.success()["delivered"], 1);
    assert!(receiver.take()[0].is_signed_with(&secret));
}
