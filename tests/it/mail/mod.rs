//! Mail: each once and none lost, whatever happens between the database and Resend; nobody is written to who does not want it.

mod access;
mod at_once;
mod codes;
mod credit;
mod list;
mod plans;
mod sending;
mod time;

use local::mailbox::Message;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::watch::poll;
use tests::world::{Account, World};

use crate::payments::facts::{Bought, outcome};
use crate::payments::shop::{come_back, pay};

/// What the cron job did.
async fn cron(world: &World) -> Value {
    Answer::to(world.get("/api/cron/notifications", world.platform.cron_secret())).await.success()
}

/// Queues a mail to each of so many accounts.
async fn queued(world: &World, accounts: usize) -> Vec<Account> {
    let mut all = Vec::new();
    for _ in 0..accounts {
        let account = world.account(0).await;
        queue(world, &account, "test", r#"{"at": "2026-11-28T12:00:00Z"}"#).await;
        all.push(account);
    }
    all
}

async fn queue(world: &World, account: &Account, kind: &str, payload: &str) {
    let sql = format!(
        "select gateway.notify('{}', '{kind}', gen_random_uuid()::text, '{payload}', gateway.now())",
        account.id
    );
    world.sql(&sql).await;
}

/// Whoever has claimed a batch is late.
async fn later(world: &World) {
    world.sql("update gateway.notifications set claimed_until = gateway.now() where state = 'sending'").await;
}

async fn states(world: &World) -> Value {
    world.value("select coalesce(jsonb_object_agg(state, n), '{}') from (select state, count(*) as n from gateway.notifications group by 1) s").await
}

/// Waits until nothing waits to be sent: an act's mail goes behind its answer.
async fn sent(world: &World) {
    let waiting =
        "select count(*) from gateway.notifications where state in ('due', 'sending') and due_at <= gateway.now()";
    poll("mail behind an act", || async { world.value(waiting).await == json!(0) }).await;
}

/// What is queued for an account, by kind, oldest first: its payloads.
async fn told(world: &World, account: &Account, kind: &str) -> Vec<Value> {
    let sql = format!(
        "select coalesce(jsonb_agg(payload order by id), '[]') from gateway.notifications where account_id = '{}' and kind = '{kind}'",
        account.id
    );
    world.value(&sql).await.as_array().expect("payloads").clone()
}

/// How often each address was written to.
fn recipients(world: &World) -> Vec<String> {
    let mut all: Vec<String> = world.platform.mailbox.messages().into_iter().map(|mail| mail.to[0].clone()).collect();
    all.sort();
    all
}

fn last(world: &World) -> Message {
    world.platform.mailbox.messages().pop().expect("a mail")
}

#[tokio::test]
async fn money_that_comes_and_goes_is_told_of_once() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, _) = pay(&world, &account, 10).await;
    come_back(&world, &account, &session).await;
    // Told again, it is mailed once.
    for event in world.platform.stripe.take_events() {
        let signed = world.platform.stripe.sign(&event.body);
        crate::payments::shop::post(&world, &event.body, Some(&signed)).await.success();
    }
    sent(&world).await;
    assert_eq!(world.platform.mailbox.messages().len(), 1);
    let receipt = last(&world);
    let text = receipt.text.clone().expect("a text");
    assert!(receipt.subject.contains("$10.00") && text.contains("Credit: $10.00"), "{text}");
    assert!(receipt.html.as_ref().is_some_and(|html| html.contains("$10.00")) && receipt.headers.is_empty());
    assert_eq!(receipt.to, [format!("{}@test.example", account.id)]);
    let bought = Bought::new(&world, &account, 500, 500, 0).await;
    outcome(&world, &bought.refund("early", 100, "succeeded")).await;
    assert_eq!(cron(&world).await["sent"], 0);
    // The refund was known first.
    outcome(&world, &bought.succeeded()).await;
    outcome(&world, &bought.charged()).await;
    outcome(&world, &bought.dispute(1, "needs_response", "general")).await;
    let declined = Bought::new(&world, &account, 700, 700, 0).await;
    let mut failed = declined.succeeded();
    failed["status"] = json!("failed");
    failed["failure_code"] = json!("card_declined");
    outcome(&world, &failed).await;
    outcome(&world, &failed).await;
    cron(&world).await;
    let subjects: Vec<String> = world.platform.mailbox.messages().iter().map(|mail| mail.subject.clone()).collect();
    for part in ["receipt for $5.00", "refunded $1.00", "disputes a payment of $5.00", "$7.00 was declined"] {
        assert_eq!(subjects.iter().filter(|subject| subject.contains(part)).count(), 1, "{part}: {subjects:?}");
    }
    assert_eq!(subjects.len(), 5, "{subjects:?}");
}

#[tokio::test]
async fn whoever_bounces_or_complains_is_written_to_once() {
    let world = World::start().await;
    let (bounces, complains) = (world.account(0).await, world.account(0).await);
    world.change_account(&bounces, "email = 'bounced@resend.dev'").await;
    world.change_account(&complains, "email = 'complained@resend.dev'").await;
    let payload = r#"{"at": "2026-11-28T12:00:00Z"}"#;
    for account in [&bounces, &complains] {
        queue(&world, account, "test", payload).await;
    }
    assert_eq!(cron(&world).await["sent"], 2);
    let mailbox = &world.platform.mailbox;
    let now = tests::now();
    for event in mailbox.take_events() {
        let post = |signature: String, at: i64| {
            let request = world.http.post(format!("{}/api/resend/webhook", world.base_url));
            let request = request.header("svix-id", &event.id).header("svix-timestamp", at.to_string());
            let request = request.header("svix-signature", signature).header("content-type", "application/json");
            Answer::to(request.body(event.body.clone()))
        };
        post("v1,AAAA".to_owned(), now).await.refused(400, "invalid_signature");
        post(mailbox.sign(&event.id, now - 400, &event.body), now - 400).await.refused(400, "invalid_signature");
        assert_eq!(post(mailbox.sign(&event.id, now, &event.body), now).await.success()["outcome"], "applied");
        assert_eq!(post(mailbox.sign(&event.id, now, &event.body), now).await.success()["outcome"], "duplicate");
    }
    for account in [&bounces, &complains] {
        queue(&world, account, "test", payload).await;
    }
    assert_eq!(cron(&world).await["sent"], 0);
    assert_eq!(states(&world).await, json!({"sent": 2, "suppressed": 2}));
    let shown = Answer::to(world.get("/user/notifications/preferences", &bounces.key)).await.success();
    assert_eq!(shown["suppressed"], "bounced");
    Answer::to(world.post("/user/notifications/test", &bounces.key, &json!({})))
        .await
        .refused(409, "mail_not_possible");
}

#[tokio::test]
async fn whose_mailbox_is_full_for_now_is_written_to_again() {
    let world = World::start().await;
    let account = world.account(0).await;
    world.change_account(&account, "email = 'full@test.example'").await;
    let body = r#"{"type": "email.bounced", "data": {"to": ["full@test.example"], "bounce": {"type": "Transient"}}}"#;
    let (id, now) = ("msg_full", tests::now());
    let request = world.http.post(format!("{}/api/resend/webhook", world.base_url)).header("svix-id", id);
    let request = request.header("svix-timestamp", now.to_string()).header("content-type", "application/json");
    let request = request.header("svix-signature", world.platform.mailbox.sign(id, now, body)).body(body);
    assert_eq!(Answer::to(request).await.success()["outcome"], "ignored");
    queue(&world, &account, "test", r#"{"at": "2026-11-28T12:00:00Z"}"#).await;
    assert_eq!(cron(&world).await["sent"], 1);
}

#[tokio::test]
async fn one_click_without_a_login_ends_a_kind_of_mail_and_a_scanner_ends_nothing() {
    let world = World::start().await;
    let account = world.account(0).await;
    Answer::to(world.post("/user/notifications/send-usage-report", &account.key, &json!({}))).await.success();
    let report = last(&world);
    assert_eq!(report.headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    let link = report.headers["List-Unsubscribe"].as_str().expect("a link").trim_matches(['<', '>']).to_owned();
    let path = &link[link.find("/notifications").expect("a path")..];
    assert!(report.text.as_ref().is_some_and(|text| text.contains(&link)));
    let address = format!("{}{path}", world.base_url);
    let wanted = async || {
        let shown = Answer::to(world.get("/user/notifications/preferences", &account.key)).await.success();
        shown["kinds"]["usage_report"].clone()
    };
    let page = Answer::to(world.http.get(&address)).await;
    assert!(page.status == 200 && page.text.contains("<form method=\"post\">"), "{}", page.text);
    assert_eq!(wanted().await, true);
    for wrong in [address.replace("usage_report", "referral_reward"), address[..address.len() - 1].to_owned()] {
        Answer::to(world.http.post(wrong)).await.refused(401, "invalid_token");
    }
    // A link outlives a change of the pepper.
    let ring = format!("1:{},2:the-next-pepper-of-this-deployment-0001", world.platform.variables()["API_KEY_PEPPER"]);
    let changed = world.another_gateway_with(&[("API_KEY_PEPPERS", &ring)]).await;
    for base in [&world.base_url, &changed] {
        let click =
            world.http.post(format!("{base}{path}")).header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(Answer::to(click.body("List-Unsubscribe=One-Click")).await.status, 200);
    }
    assert_eq!(wanted().await, false);
    queue(&world, &account, "usage_report", "{}").await;
    assert_eq!(cron(&world).await["sent"], 0);
    let body = json!({"usage_report": true}).to_string();
    let on = world.http.patch(format!("{}/user/notifications/preferences", world.base_url)).bearer_auth(&account.key);
    Answer::to(on.header("content-type", "application/json").body(body)).await.success();
    assert_eq!(wanted().await, true);
}

#[tokio::test]
async fn an_administrator_sees_and_moves_the_outbox_and_whoever_leaves_takes_their_mail_along() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let all = queued(&world, 2).await;
    let stats = Answer::to(world.get("/admin/notifications/stats", &admin.key)).await.success();
    assert_eq!((&stats["due"], &stats["sending"]), (&json!(2), &json!(0)));
    let leave = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&all[0].key);
    let body = json!({"confirmation": "DELETE_ACCOUNT"}).to_string();
    Answer::to(leave.header("content-type", "application/json").body(body)).await.success();
    let done = Answer::to(world.post("/admin/notifications/process", &admin.key, &json!({}))).await.success();
    assert_eq!(done["sent"], 1);
    let stats = Answer::to(world.get("/admin/notifications/stats", &admin.key)).await.success();
    assert_eq!(stats["ended"], json!([{"kind": "test", "state": "sent", "count": 1}]));
    Answer::to(world.post("/admin/notifications/process", &all[1].key, &json!({})))
        .await
        .refused(403, "insufficient_scope");
}
