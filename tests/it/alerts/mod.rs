//! What the operator is woken up for, and what an account wants to be told of: each once, by mail and by webhook.

mod causes;

use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello};

use crate::webhooks::receiver::Receiver;
use crate::webhooks::told_behind;

/// A world whose operator is told, and what receives it.
async fn watched() -> (World, Receiver) {
    let receiver = Receiver::start().await;
    let url = receiver.url("/alerts");
    let variables = [("ALERT_EMAIL", "operator@test.example"), ("ALERT_WEBHOOK_URL", url.as_str())];
    (World::with(Engine::InProcess, &variables).await, receiver)
}

async fn cron(world: &World, job: &str) -> Value {
    Answer::to(world.get(&format!("/api/cron/{job}"), world.platform.cron_secret())).await.success()
}

/// The causes that were posted since this was last asked for, with their subjects.
fn posted(receiver: &Receiver) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let told = receiver.take().into_iter().map(|one| one.json());
    let mut told: Vec<_> = told.map(|alert| (text(&alert["cause"]), text(&alert["subject"]))).collect();
    told.sort();
    told
}

fn cause(name: &str, subject: &str) -> (String, String) {
    (name.to_owned(), subject.to_owned())
}

/// The subjects of the mails to the operator, in order.
fn mailed(world: &World) -> Vec<String> {
    let messages = world.platform.mailbox.messages().into_iter();
    let mut subjects: Vec<String> =
        messages.filter(|mail| mail.to == ["operator@test.example"]).map(|mail| mail.subject).collect();
    subjects.sort();
    subjects
}

#[tokio::test]
async fn what_is_wrong_is_told_once_a_day_by_mail_and_by_webhook() {
    let (world, receiver) = watched().await;
    world.set_clock("2026-12-10T12:00:00Z").await;
    assert_eq!(cron(&world, "alerts").await, json!({"found": 0, "raised": 0, "told": 0, "accounts": 0}));
    world
        .sql(
            "insert into gateway.promotions (id, budget, spent, per_day, day, created_at)
               values ('spring', 100, 80, true, '2026-12-10', gateway.now()), ('autumn', 100, 79, true, '2026-12-10', gateway.now());
             insert into gateway.stripe_events (id, type, outcome, livemode, created_at, received_at) values
               ('evt_1', 'test', 'mismatch', false, gateway.now(), gateway.now()),
               ('evt_2', 'test', 'unmatched', false, gateway.now(), gateway.now() - interval '2 hours'),
               ('evt_3', 'test', 'unmatched', false, gateway.now(), gateway.now() - interval '1 minute')",
        )
        .await;
    let upstash = &world.platform.upstash;
    upstash.execute(&["HSET", "breaker", "chutes", "1 99999999999999"]).await.expect("HSET");
    upstash.execute(&["HSET", "breaker", "openrouter:a/model", "9 99999999999999"]).await.expect("HSET");
    upstash.execute(&["RPUSH", "outbox", "{}"]).await.expect("RPUSH");
    let wrong = [
        cause("budget", "spring"),
        cause("outbox_waits", ""),
        cause("payment_mismatch", ""),
        cause("payment_unmatched", ""),
        cause("provider_account", "chutes"),
    ];
    world.set_clock("2026-12-10T12:05:00Z").await;
    assert_eq!(cron(&world, "alerts").await, json!({"found": 5, "raised": 5, "told": 10, "accounts": 0}));
    assert_eq!(posted(&receiver), wrong);
    world.set_clock("2026-12-10T12:10:00Z").await;
    assert_eq!(cron(&world, "alerts").await["raised"], 0);
    assert_eq!(mailed(&world).len(), 5, "{:?}", mailed(&world));
    assert!(mailed(&world)[0].starts_with("A payment is not what was asked for"), "{:?}", mailed(&world));
    // The next day what is still wrong is told again: not what has happened, and not the budget of a day that is over.
    world.set_clock("2026-12-11T00:05:00Z").await;
    cron(&world, "alerts").await;
    assert_eq!(
        posted(&receiver),
        [cause("outbox_waits", ""), cause("payment_unmatched", ""), cause("provider_account", "chutes")]
    );
}

#[tokio::test]
async fn calls_that_fail_are_told_of_where_they_are_many_and_not_their_callers_fault() {
    let (world, receiver) = watched().await;
    let calls = |number: u32, code: &str| {
        format!(
            "insert into gateway.requests (call_id, account_id, key_id, model, outcome, error_code, held, cost, created_at, finished_at)
               select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'm', 'failed', '{code}', 0, 0,
                      gateway.now() - interval '1 minute', gateway.now() - interval '1 minute' from generate_series(1, {number})"
        )
    };
    world.sql(&calls(40, "upstream_rejected")).await;
    world.sql(&calls(9, "upstream_error")).await;
    assert_eq!(cron(&world, "alerts").await["found"], 0, "they are few");
    world.sql(&calls(20, "upstream_rejected")).await;
    assert_eq!(cron(&world, "alerts").await["found"], 0, "most were refused for what they are");
    world.sql(&calls(20, "no_provider")).await;
    assert_eq!(cron(&world, "alerts").await["found"], 1);
    let told = receiver.take()[0].json();
    assert_eq!(
        (&told["cause"], &told["details"]["failed"], &told["details"]["requests"]),
        (&json!("error_rate"), &json!(29), &json!(89))
    );
}

#[tokio::test]
async fn an_alert_that_the_webhook_does_not_take_is_posted_again() {
    let (world, receiver) = watched().await;
    world.platform.upstash.execute(&["RPUSH", "outbox", "{}"]).await.expect("RPUSH");
    receiver.answer([500]);
    assert_eq!(cron(&world, "alerts").await["told"], 1, "the mail");
    // Somebody may have it in hand.
    assert_eq!(cron(&world, "alerts").await["told"], 0);
    world.sql("update gateway.alerts set claimed_until = gateway.now()").await;
    assert_eq!(cron(&world, "alerts").await["told"], 1);
    world.sql("update gateway.alerts set claimed_until = gateway.now()").await;
    assert_eq!(cron(&world, "alerts").await["told"], 0);
    assert_eq!(mailed(&world).len(), 1);
    let told = receiver.take();
    assert_eq!((told.len(), &told[0].body), (2, &told[1].body));
    assert!(
        told[1].json()["text"]
            .as_str()
            .is_some_and(|text| text.contains("Settlements wait") && text.contains("settlements: 1"))
    );
}

#[tokio::test]
async fn the_ledger_is_checked_once_a_day_by_itself() {
    let (world, receiver) = watched().await;
    let account = world.account(1_000_000_000).await;
    assert_eq!(cron(&world, "alerts").await["told"], 0);
    world.change_account(&account, "balance = balance + 1").await;
    assert_eq!(cron(&world, "alerts").await["told"], 0, "today's check is done");
    world.sql("update gateway.alert_rounds set ledger_day = ledger_day - 1").await;
    assert_eq!(cron(&world, "alerts").await["told"], 2, "a mail and a post");
    let told = receiver.take()[0].json();
    assert_eq!((&told["cause"], &told["details"]["account"]), (&json!("ledger_problem"), &json!(account.id)));
}

#[tokio::test]
async fn an_administrator_reads_what_was_told_and_how_the_limits_stand() {
    let (world, _receiver) = watched().await;
    let (admin, user) = (world.administrator().await, world.account(0).await);
    let upstash = &world.platform.upstash;
    upstash.execute(&["HSET", "breaker", "chutes", "1 99999999999999"]).await.expect("HSET");
    upstash.execute(&["RPUSH", "outbox", "{}"]).await.expect("RPUSH");
    cron(&world, "alerts").await;
    let list = async |query: &str| {
        let path = format!("/admin/rate-limits/alerts{query}");
        Answer::to(world.get(&path, &admin.key)).await.success()
    };
    let all = list("").await;
    assert_eq!(all["data"].as_array().map(Vec::len), Some(2), "{all}");
    let first = list("?limit=1").await;
    let next = first["next_cursor"].as_str().expect("another page").to_owned();
    assert_eq!(list(&format!("?cursor={next}")).await["data"], json!([all["data"][1]]));
    let provider = list("?cause=provider_account").await["data"][0].clone();
    assert_eq!((&provider["subject"], provider["mailed_at"].is_string()), (&json!("chutes"), true));
    assert!(provider["posted_at"].is_string(), "{provider}");
    let system = Answer::to(world.get("/admin/rate-limits/system", &admin.key)).await.success();
    assert_eq!(
        (&system["redis"], &system["breakers"], &system["outbox"]),
        (
            &json!("ok"),
            &json!([{"provider": "chutes", "model": null, "state": "refused", "failures": 1, "until": "5138-11-16T09:46:39.999Z"}]),
            &json!(1)
        )
    );
    assert!(
        system["plans"].as_array().is_some_and(|plans| plans.iter().any(|plan| plan["limits"]["burst"] == 20)),
        "{system}"
    );
    for path in ["/admin/rate-limits/alerts", "/admin/rate-limits/system"] {
        Answer::to(world.get(path, &user.key)).await.refused(403, "insufficient_scope");
    }
}

async fn thresholds(world: &World, account: &Account, body: &Value) -> Answer {
    let request =
        world.http.patch(format!("{}/user/notifications/thresholds", world.base_url)).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

#[tokio::test]
async fn an_account_is_told_of_spending_once_a_day_and_once_a_month() {
    let world = World::with(Engine::InProcess, &[("WEBHOOK_LOCAL_HOSTS", "127.0.0.1")]).await;
    world.set_clock("2026-12-10T12:00:00Z").await;
    let (account, receiver) = (world.account(1_000_000_000).await, Receiver::start().await);
    let body = json!({"url": receiver.url("/"), "events": ["spend.threshold_reached"]});
    Answer::to(world.post("/user/webhooks", &account.key, &body)).await.success();
    let none = Answer::to(world.get("/user/notifications/thresholds", &account.key)).await.success();
    assert_eq!((&none["spend_per_day"], &none["spend_per_month"]), (&Value::Null, &Value::Null));
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    let set =
        thresholds(&world, &account, &json!({"spend_per_day": 0.000000001, "spend_per_month": 1000})).await.success();
    assert_eq!((&set["spend_per_day"], &set["spend_per_month"]), (&json!(0.000000001), &json!(1000)));
    assert_eq!(cron(&world, "alerts").await["accounts"], 1);
    assert_eq!(cron(&world, "alerts").await["accounts"], 0, "not before four minutes are over");
    world.set_clock("2026-12-10T12:10:00Z").await;
    cron(&world, "alerts").await;
    told_behind(&world).await;
    let told: Vec<Value> = receiver.take().iter().map(crate::webhooks::receiver::Received::json).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["type"], &told[0]["data"]["period"]), (&json!("spend.threshold_reached"), &json!("day")));
    // Another threshold is told of again, and another day.
    // The month's is met to the last nano-dollar.
    let spent = world.newest_call().await["cost"].as_i64().expect("a cost");
    let spent: Value = serde_json::from_str(&format!("0.{spent:09}")).expect("a number");
    thresholds(&world, &account, &json!({"spend_per_day": 0.000000002, "spend_per_month": spent})).await.success();
    cron(&world, "alerts").await;
    world.set_clock("2026-12-11T12:00:00Z").await;
    cron(&world, "alerts").await;
    told_behind(&world).await;
    let mut told: Vec<String> = receiver.take().iter().map(|one| one.json()["data"]["period"].to_string()).collect();
    told.sort();
    assert_eq!(told, ["\"day\"", "\"month\""], "nothing was spent on the second day");
    for wrong in [json!({}), json!({"spend_per_day": 0}), json!({"spend_per_month": -1})] {
        thresholds(&world, &account, &wrong).await.refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn an_account_whose_own_key_is_refused_is_told_once_a_day() {
    let world = World::with(Engine::InProcess, &[("WEBHOOK_LOCAL_HOSTS", "127.0.0.1")]).await;
    let (account, receiver) = (world.account(0).await, Receiver::start().await);
    let body = json!({"url": receiver.url("/"), "events": ["provider_key.refused"]});
    Answer::to(world.post("/user/webhooks", &account.key, &body)).await.success();
    world.own_key(account.id, "openrouter", "sk-nobody-knows-this-one").await;
    for _ in 0..2 {
        Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(401, "provider_key_rejected");
    }
    world.settled().await;
    told_behind(&world).await;
    let [told] = &receiver.take()[..] else { panic!("one") };
    let told = told.json();
    assert_eq!(told["data"]["provider"], "openrouter");
    cron(&world, "notifications").await;
    let subjects: Vec<String> = world.platform.mailbox.messages().into_iter().map(|mail| mail.subject).collect();
    assert!(subjects.len() == 1 && subjects[0].starts_with("Your own key was refused"), "{subjects:?}");
}
