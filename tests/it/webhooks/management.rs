//! Making, changing and deleting webhooks.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

use super::{change, cron, deliveries, happens, make, shown, with_webhook, world};

#[tokio::test]
async fn a_webhook_is_made_listed_changed_and_deleted_and_each_act_is_on_the_audit_trail() {
    let (world, account, receiver, id, secret) =
        with_webhook(&["usage.daily", "payment.succeeded", "usage.daily"]).await;
    let made = shown(&world, &account, id).await;
    assert_eq!(made["events"], json!(["payment.succeeded", "usage.daily"]));
    assert_eq!(
        (&made["status"], &made["disabled_at"], &made["former_secrets"]),
        (&json!("enabled"), &Value::Null, &json!([]))
    );
    assert!(secret.starts_with("whsec_") && made.get("secret").is_none());
    let moved = json!({"url": receiver.url("/other"), "description": "ours", "events": ["payment.refunded"]});
    let changed = change(&world, &account, id, &moved).await.success();
    assert_eq!(
        (&changed["url"], &changed["description"], &changed["events"]),
        (&moved["url"], &moved["description"], &moved["events"])
    );
    change(&world, &account, id, &json!({"description": null})).await.success();
    let off = change(&world, &account, id, &json!({"enabled": false})).await.success();
    assert_eq!(
        (&off["status"], &off["disabled_reason"], &off["description"]),
        (&json!("disabled"), &json!("owner"), &Value::Null)
    );
    change(&world, &account, id, &json!({"enabled": false})).await.success();
    let listed = Answer::to(world.get("/user/webhooks", &account.key)).await.success();
    assert_eq!(listed["data"], json!([shown(&world, &account, id).await]));
    let gone = world.http.delete(format!("{}/user/webhooks/{id}", world.base_url)).bearer_auth(&account.key);
    assert_eq!(Answer::to(gone).await.success(), json!({"object": "webhook", "id": id, "deleted": true}));
    Answer::to(world.get(&format!("/user/webhooks/{id}"), &account.key)).await.refused(404, "webhook_not_found");
    let trail = world
        .value("select jsonb_agg(jsonb_build_array(action, target_id, details) order by id) from gateway.audit_logs where action like 'webhook.%'")
        .await;
    let of = |action: &str, details: Value| json!([format!("webhook.{action}"), id, details]);
    assert_eq!(
        trail,
        json!([
            of("create", json!({"events": ["payment.succeeded", "usage.daily"]})),
            of("update", json!({"moved": true, "events": ["payment.refunded"], "enabled": true})),
            of("update", json!({"moved": false, "events": ["payment.refunded"], "enabled": true})),
            of("update", json!({"moved": false, "events": ["payment.refunded"], "enabled": false})),
            of("delete", json!({})),
        ])
    );
}

#[tokio::test]
async fn what_can_be_no_webhook_is_refused_and_its_member_named() {
    let world = world().await;
    let account = world.account(0).await;
    let good = "https://hooks.example.com/x";
    for (body, param) in [
        (json!({"url": "https://localhost/", "events": ["usage.daily"]}), Some("url")),
        (json!({"url": "http://hooks.example.com/", "events": ["usage.daily"]}), Some("url")),
        (json!({"url": "hooks.example.com", "events": ["usage.daily"]}), Some("url")),
        (json!({"url": format!("{good}{}", "x".repeat(2048)), "events": ["usage.daily"]}), Some("url")),
        (json!({"url": good, "events": []}), Some("events")),
        (json!({"url": good, "events": ["usage.weekly"]}), None),
        (json!({"url": good, "events": ["webhook.test"]}), None),
        (json!({"url": good, "events": ["usage.daily"], "description": ""}), Some("description")),
        (json!({"url": good}), Some("events")),
        (json!({"events": ["usage.daily"]}), Some("url")),
    ] {
        let error = Answer::to(world.post("/user/webhooks", &account.key, &body)).await.refused(400, "invalid_request");
        assert!(param.is_none_or(|param| error["param"] == param), "{body}: {error}");
    }
    let (id, _) = make(&world, &account, good, &["usage.daily"]).await;
    for body in [
        json!({}),
        json!({"url": null}),
        json!({"url": "https://10.0.0.1/"}),
        json!({"events": null}),
        json!({"events": []}),
        json!({"enabled": null}),
    ] {
        change(&world, &account, id, &body).await.refused(400, "invalid_request");
    }
    for hours in [json!(-1), json!(169)] {
        let path = format!("/user/webhooks/{id}/rotate-secret");
        Answer::to(world.post(&path, &account.key, &json!({"overlap_hours": hours})))
            .await
            .refused(400, "invalid_request");
    }
    for _ in 1..10 {
        make(&world, &account, good, &["usage.daily"]).await;
    }
    let eleventh = json!({"url": good, "events": ["usage.daily"]});
    Answer::to(world.post("/user/webhooks", &account.key, &eleventh)).await.refused(409, "too_many_webhooks");
}

#[tokio::test]
async fn a_test_is_sent_at_once_and_once_and_tests_are_limited() {
    let (world, account, receiver, id, secret) = with_webhook(&["usage.daily"]).await;
    let test = format!("/user/webhooks/{id}/test");
    let sent = Answer::to(world.post(&test, &account.key, &json!({}))).await.success();
    assert_eq!(
        (&sent["event"], &sent["state"], &sent["status"]),
        (&json!("webhook.test"), &json!("delivered"), &json!(200))
    );
    let [received] = &receiver.take()[..] else { panic!("one") };
    assert!(received.is_signed_with(&secret) && received.json()["type"] == "webhook.test");
    receiver.answer([503]);
    let failed = Answer::to(world.post(&test, &account.key, &json!({}))).await.success();
    assert_eq!((&failed["state"], &failed["error"]), (&json!("failed"), &json!("The answer was 503.")));
    // That somebody tries is no sign that it fails.
    assert_eq!(shown(&world, &account, id).await["failing_since"], Value::Null);
    assert_eq!(cron(&world).await["delivered"], 0);
    for _ in 0..58 {
        assert_eq!(Answer::to(world.post(&test, &account.key, &json!({}))).await.status, 200);
    }
    Answer::to(world.post(&test, &account.key, &json!({}))).await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn deliveries_are_listed_by_pages_and_by_what_became_of_them() {
    let (world, account, receiver, id, _) = with_webhook(&["payment.succeeded"]).await;
    for dollars in 1..=3 {
        happens(&world, &account, dollars).await;
    }
    receiver.answer([500]);
    cron(&world).await;
    let list = async |query: &str| {
        let path = format!("/user/webhooks/{id}/deliveries{query}");
        Answer::to(world.get(&path, &account.key)).await.success()
    };
    assert_eq!(list("?state=delivered").await["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(list("?state=pending").await["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(list("?state=failed").await["data"], json!([]));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(&format!("?limit=1{cursor}")).await;
        seen.extend(page["data"].as_array().expect("a page").iter().map(|one| one["data"]["paid"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, [3, 2, 1]);
    let (other, path) = (world.account(0).await, format!("/user/webhooks/{id}/deliveries"));
    Answer::to(world.get(&path, &other.key)).await.refused(404, "webhook_not_found");
}

#[tokio::test]
async fn whoever_leaves_takes_their_webhooks_along_and_what_was_to_be_told() {
    let (world, account, receiver, id, _) = with_webhook(&["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    assert_eq!(deliveries(&world, &account, id).await.len(), 1);
    let leave = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
    let body = json!({"confirmation": "DELETE_ACCOUNT"}).to_string();
    Answer::to(leave.header("content-type", "application/json").body(body)).await.success();
    assert_eq!(cron(&world).await["delivered"], 0);
    assert_eq!(receiver.take().len(), 0);
    assert_eq!(left(&world).await, json!([0, 0, 0]));
}

async fn left(world: &World) -> Value {
    world
        .value(
            "select jsonb_build_array((select count(*) from gateway.webhooks), (select count(*) from gateway.webhook_secrets),
                                      (select count(*) from gateway.webhook_deliveries))",
        )
        .await
}

#[tokio::test]
async fn what_is_old_is_forgotten() {
    let (world, account, _receiver, id, _) = with_webhook(&["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    cron(&world).await;
    happens(&world, &account, 6).await;
    cron(&world).await;
    world.sql("update gateway.webhook_deliveries set ended_at = ended_at - interval '31 days' where data ->> 'paid' = '5'").await;
    cron(&world).await;
    let kept = deliveries(&world, &account, id).await;
    assert_eq!((kept.len(), &kept[0]["data"]["paid"]), (1, &json!(6)));
}
