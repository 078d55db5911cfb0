//! From what has happened to what was received, whatever goes wrong between.

use futures_util::future::join_all;
use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::watch::poll;
use tests::world::World;

use super::receiver::Receiver;
use super::{change, cron, deliveries, happens, later, make, shown, with_webhook};

#[tokio::test]
async fn what_fails_is_tried_again_under_the_same_id_until_it_is_taken() {
    let (world, account, receiver, id, secret) = with_webhook(&["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    receiver.answer([500, 302]);
    assert_eq!(cron(&world).await, json!({"delivered": 0, "waiting": 1, "failed": 0}));
    // It waits.
    assert_eq!(cron(&world).await, json!({"delivered": 0, "waiting": 0, "failed": 0}));
    assert!(shown(&world, &account, id).await["failing_since"].is_string());
    let [waits] = &deliveries(&world, &account, id).await[..] else { panic!("one") };
    assert_eq!(
        (&waits["state"], &waits["attempts"], &waits["status"], &waits["error"]),
        (&json!("pending"), &json!(1), &json!(500), &json!("The answer was 500."))
    );
    assert!(waits["next_attempt_at"].is_string() && waits["ended_at"].is_null(), "{waits}");
    later(&world).await;
    assert_eq!(cron(&world).await["waiting"], 1);
    let redirected = &deliveries(&world, &account, id).await[0];
    assert_eq!(redirected["error"], "The answer was 302: redirects are not followed.");
    later(&world).await;
    assert_eq!(cron(&world).await, json!({"delivered": 1, "waiting": 0, "failed": 0}));
    let received = receiver.take();
    assert_eq!(received.len(), 3, "{received:?}");
    for one in &received {
        assert_eq!(one.uri, "/hook?token=a-token-in-its-url");
        assert_eq!(one.header("webhook-id"), waits["id"]);
        assert_eq!((&one.body, one.is_signed_with(&secret)), (&received[0].body, true));
    }
    assert_eq!(received[0].json()["type"], "payment.succeeded");
    let taken = &deliveries(&world, &account, id).await[0];
    assert_eq!((&taken["state"], &taken["status"], &taken["error"]), (&json!("delivered"), &json!(200), &Value::Null));
    assert_eq!(shown(&world, &account, id).await["failing_since"], Value::Null);
}

#[tokio::test]
async fn a_delivery_is_given_up_after_ten_attempts() {
    let (world, account, receiver, id, _) = with_webhook(&["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    receiver.answer([500; 10]);
    for attempt in 1..=10 {
        let waiting = usize::from(attempt < 10);
        assert_eq!(cron(&world).await, json!({"delivered": 0, "waiting": waiting, "failed": 1 - waiting}), "{attempt}");
        later(&world).await;
    }
    assert_eq!(cron(&world).await["failed"], 0);
    assert_eq!((receiver.take().len(), &deliveries(&world, &account, id).await[0]["state"]), (10, &json!("failed")));
}

#[tokio::test]
async fn a_webhook_that_takes_nothing_for_three_days_is_switched_off_and_its_owner_is_told() {
    let (world, account, receiver, id, _) = with_webhook(&["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    receiver.answer([500, 500]);
    cron(&world).await;
    world.sql("update gateway.webhooks set failing_since = failing_since - interval '3 days'").await;
    // Another one waits as well.
    happens(&world, &account, 6).await;
    world.sql("update gateway.webhook_deliveries set due_at = gateway.now() where attempts = 1").await;
    world
        .sql("update gateway.webhook_deliveries set due_at = gateway.now() + interval '1 hour' where attempts = 0")
        .await;
    assert_eq!(cron(&world).await, json!({"delivered": 0, "waiting": 0, "failed": 1}));
    let off = shown(&world, &account, id).await;
    assert_eq!((&off["status"], &off["disabled_reason"]), (&json!("disabled"), &json!("failing")));
    let states: Vec<Value> = deliveries(&world, &account, id).await.iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["failed", "failed"]);
    // Nothing is written for it any more, and nothing can be asked of it.
    happens(&world, &account, 7).await;
    assert_eq!(deliveries(&world, &account, id).await.len(), 2);
    let test = format!("/user/webhooks/{id}/test");
    Answer::to(world.post(&test, &account.key, &json!({}))).await.refused(409, "webhook_disabled");
    Answer::to(world.get("/api/cron/notifications", world.platform.cron_secret())).await.success();
    let of_webhooks = || world.platform.mailbox.messages().into_iter().find(|mail| mail.subject.contains("webhook"));
    poll("the mail about it", || async { of_webhooks().is_some() }).await;
    let mail = of_webhooks().expect("a mail");
    let text = mail.text.expect("a text");
    assert!(text.contains("http://127.0.0.1:") && !text.contains("a-token"), "{text}");
    let entry = world
        .value("select jsonb_build_array(target_id, details) from gateway.audit_logs where action = 'webhook.disable'")
        .await;
    assert_eq!(entry, json!([id, {"reason": "failing"}]));
    // Switched on, it is told again, and what it has missed is replayed.
    change(&world, &account, id, &json!({"enabled": true})).await.success();
    assert_eq!(shown(&world, &account, id).await["failing_since"], Value::Null);
    receiver.take();
    let missed = deliveries(&world, &account, id).await[0]["id"].as_str().expect("an id").to_owned();
    let replay = format!("/user/webhooks/{id}/deliveries/{missed}/replay");
    let again = Answer::to(world.post(&replay, &account.key, &json!({}))).await.success();
    assert_eq!((&again["state"], &again["attempts"], &again["id"]), (&json!("delivered"), &json!(1), &json!(missed)));
    assert_eq!(receiver.take()[0].header("webhook-id"), missed);
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_no_more() {
    let (world, account, receiver, id, _) = with_webhook(&["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    receiver.answer([410]);
    assert_eq!(cron(&world).await["failed"], 1);
    assert_eq!(shown(&world, &account, id).await["disabled_reason"], "gone");
}

#[tokio::test]
async fn a_function_that_died_after_its_claim_loses_nothing() {
    let (world, account, receiver, id, _) = with_webhook(&["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    world.value("select public.claim_webhook_deliveries()").await;
    assert_eq!(cron(&world).await["delivered"], 0);
    let claimed = deliveries(&world, &account, id).await[0]["id"].as_str().expect("an id").to_owned();
    let replay = format!("/user/webhooks/{id}/deliveries/{claimed}/replay");
    Answer::to(world.post(&replay, &account.key, &json!({}))).await.refused(409, "webhook_delivery_under_way");
    later(&world).await;
    assert_eq!(cron(&world).await["delivered"], 1);
    assert_eq!(receiver.take().len(), 1);
}

#[tokio::test]
async fn one_that_does_not_answer_keeps_no_other_waiting() {
    let (world, account, receiver, _, _) = with_webhook(&["payment.succeeded"]).await;
    // Nobody accepts there: connections are made, and nothing is answered.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    let (mute, _) = make(&world, &account, &url, &["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    assert_eq!(cron(&world).await, json!({"delivered": 1, "waiting": 1, "failed": 0}));
    assert_eq!(receiver.take().len(), 1);
    assert_eq!(deliveries(&world, &account, mute).await[0]["error"], "There was no answer within 10 seconds.");
}

#[tokio::test]
async fn one_that_has_much_to_hear_keeps_no_other_waiting() {
    let (world, account, receiver, _, _) = with_webhook(&["payment.succeeded"]).await;
    for _ in 0..25 {
        happens(&world, &account, 5).await;
    }
    let other = world.account(0).await;
    let url = receiver.url("/other");
    make(&world, &other, &url, &["payment.succeeded"]).await;
    happens(&world, &other, 5).await;
    let claimed = world.value("select public.claim_webhook_deliveries()").await;
    let urls: Vec<&Value> = claimed.as_array().expect("deliveries").iter().map(|one| &one["url"]).collect();
    assert_eq!((urls.len(), urls.last()), (5, Some(&&json!(url))), "{urls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn crons_at_once_send_each_delivery_once() {
    let Some(world) = World::concurrent("cron jobs that tell webhooks at once").await else { return };
    let hosts = [("WEBHOOK_LOCAL_HOSTS", "127.0.0.1")];
    let gateway = world.another_gateway_with(&hosts).await;
    let (account, receiver) = (world.account(0).await, Receiver::start().await);
    let body = json!({"url": receiver.url("/"), "events": ["payment.succeeded"]}).to_string();
    let made = world.http.post(format!("{gateway}/user/webhooks")).bearer_auth(&account.key);
    Answer::to(made.header("content-type", "application/json").body(body)).await.success();
    for _ in 0..30 {
        happens(&world, &account, 5).await;
    }
    let run = || {
        let request = world.http.get(format!("{gateway}/api/cron/webhooks"));
        Answer::to(request.bearer_auth(world.platform.cron_secret()))
    };
    // What somebody else has in hand is passed by, and not waited for.
    let held = world.locked_rows("select from gateway.webhook_deliveries order by id limit 1").await;
    let done = join_all((0..6).map(|_| run())).await;
    let delivered: i64 = done.iter().filter_map(|done| done.success()["delivered"].as_i64()).sum();
    assert_eq!(delivered, 29);
    drop(held);
    poll("the row's lock to end", || async { run().await.success()["delivered"] == 1 }).await;
    let mut ids: Vec<String> = receiver.take().iter().map(|one| one.header("webhook-id").to_owned()).collect();
    ids.sort();
    let all = ids.len();
    ids.dedup();
    assert_eq!((all, ids.len()), (30, 30));
}

/// Whoever reads the webhooks stops where they stand, having seen what was due before.
const STOPS: &str = "
    create function gateway.stop() returns boolean language plpgsql volatile as $$
    begin
      perform pg_advisory_xact_lock_shared(7);
      return true;
    end $$;
    alter table gateway.webhooks rename to webhooks_themselves;
    create view gateway.webhooks as select w.* from gateway.webhooks_themselves w where gateway.stop()";

#[tokio::test(flavor = "multi_thread")]
async fn what_another_claims_between_a_look_and_its_lock_is_not_sent_again() {
    let (world, account, receiver, _, _) = with_webhook(&["payment.succeeded"]).await;
    if world.platform.database.max_connections() == 1 {
        return tests::skipped("a delivery that another cron job claims: the embedded database has one connection");
    }
    happens(&world, &account, 5).await;
    world.sql(STOPS).await;
    let stopped = world.locked_rows("select pg_advisory_xact_lock(7)").await;
    let another = async {
        world.until_waiting(1).await;
        let claim = "state = 'sending', attempts = 1, due_at = gateway.now() + interval '2 minutes'";
        world.sql(&format!("update gateway.webhook_deliveries set {claim}")).await;
        drop(stopped);
    };
    let (done, ()) = tokio::join!(cron(&world), another);
    assert_eq!(done, json!({"delivered": 0, "waiting": 0, "failed": 0}));
    assert_eq!(receiver.take().len(), 0);
}

#[tokio::test]
async fn without_a_keyring_what_is_due_waits() {
    let (world, account, receiver, id, _) = with_webhook(&["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    let bare = world.another_gateway_with(&[("ENCRYPTION_KEYS", "")]).await;
    let request = world.http.get(format!("{bare}/api/cron/webhooks")).bearer_auth(world.platform.cron_secret());
    Answer::to(request).await.refused(503, "not_configured");
    let waits = &deliveries(&world, &account, id).await[0];
    assert_eq!((&waits["state"], &waits["attempts"]), (&json!("pending"), &json!(0)));
    let test = world.http.post(format!("{bare}/user/webhooks/{id}/test")).bearer_auth(&account.key);
    let test = test.header("content-type", "application/json").body("{}");
    Answer::to(test).await.refused(503, "not_configured");
    assert_eq!(receiver.take().len(), 0);
}

#[tokio::test]
async fn a_test_of_one_accounts_webhook_sends_nothing_of_anothers() {
    let (world, account, receiver, id, _) = with_webhook(&["payment.succeeded"]).await;
    let (other, others) = (world.account(0).await, Receiver::start().await);
    make(&world, &other, &others.url("/hook"), &["payment.succeeded"]).await;
    happens(&world, &other, 5).await;
    let test = format!("/user/webhooks/{id}/test");
    Answer::to(world.post(&test, &account.key, &json!({}))).await.success();
    assert_eq!((receiver.take().len(), others.take().len()), (1, 0));
}

#[tokio::test]
async fn in_production_no_host_is_a_developers_own() {
    let world = World::with(Engine::InProcess, &[("WEBHOOK_LOCAL_HOSTS", "127.0.0.1")]).await;
    let (account, receiver) = (world.account(0).await, Receiver::start().await);
    make(&world, &account, &receiver.url("/"), &["payment.succeeded"]).await;
    happens(&world, &account, 5).await;
    let production = world.another_gateway_with(&[("VERCEL_ENV", "production")]).await;
    let request = world.http.get(format!("{production}/api/cron/webhooks")).bearer_auth(world.platform.cron_secret());
    assert_eq!(Answer::to(request).await.success()["waiting"], 1);
    let body = json!({"url": receiver.url("/"), "events": ["payment.succeeded"]}).to_string();
    let made = world.http.post(format!("{production}/user/webhooks")).bearer_auth(&account.key);
    let refused = Answer::to(made.header("content-type", "application/json").body(body)).await;
    assert_eq!(refused.refused(400, "invalid_request")["param"], "url");
    assert_eq!(receiver.take().len(), 0);
}
