//! What a bank takes back.

use local::upstash::Engine;
use serde_json::json;
use tests::answer::Answer;
use tests::world::{World, hello};

use super::shop::{DOLLAR, begin, come_back, deliver, intent, pay, payment_id};

#[tokio::test]
async fn a_dispute_takes_the_credit_and_one_that_says_fraud_the_account_until_it_is_closed() {
    let world = World::start().await;
    for (reason, disables) in [("fraudulent", true), ("product_not_received", false)] {
        for (end, left, blocked) in [("won", 10 * DOLLAR, false), ("lost", 0, true)] {
            let (admin, account) = (world.administrator().await, world.account(0).await);
            world.sql("delete from gateway.attempts").await;
            let (session, begun) = pay(&world, &account, 10).await;
            deliver(&world).await;
            let stripe = &world.platform.stripe;
            let dispute = stripe.act("dispute", &intent(&world, &session), &[("reason", reason)]).expect("a dispute");
            deliver(&world).await;
            assert_eq!(world.money(account.id).await, (0, 0, 0));
            let heard = Answer::to(world.chat(&account.key, &hello(&json!({})))).await;
            heard.refused(
                if disables { 403 } else { 402 },
                if disables { "account_disabled" } else { "insufficient_credits" },
            );
            if !disables {
                let another = world.post("/api/stripe/checkout-session", &account.key, &json!({"amount": 5}));
                Answer::to(another).await.refused(403, "payments_blocked");
            }
            let body = json!({"payment_id": payment_id(&begun)});
            let refund = Answer::to(world.post("/api/stripe/refund", &admin.key, &body)).await;
            refund.refused(409, "payment_not_refundable");
            stripe.act("turn", dispute["id"].as_str().expect("an id"), &[("status", end)]).expect("it ends");
            deliver(&world).await;
            assert_eq!(world.money(account.id).await, (left, 0, 0), "{reason} {end}");
            let another =
                Answer::to(world.post("/api/stripe/checkout-session", &account.key, &json!({"amount": 5}))).await;
            if blocked {
                another.refused(403, "payments_blocked");
            } else {
                another.success();
            }
            world.assert_ledger_clean().await;
        }
    }
}

#[tokio::test]
async fn a_bank_that_only_asks_takes_nothing() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, _) = begin(&world, &account, &json!({"amount": 10})).await;
    world.platform.stripe.act("pay", &session, &[("card", "inquired")]).expect("it pays");
    deliver(&world).await;
    assert_eq!(world.money(account.id).await, (10 * DOLLAR, 0, 0));
    begin(&world, &account, &json!({"amount": 10})).await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_account_that_an_administrator_disabled_stays_so_when_a_dispute_is_won() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, _) = pay(&world, &account, 10).await;
    deliver(&world).await;
    world.change_account(&account, "disabled_at = gateway.now()").await;
    let stripe = &world.platform.stripe;
    let dispute = stripe.act("dispute", &intent(&world, &session), &[]).expect("a dispute");
    deliver(&world).await;
    stripe.act("turn", dispute["id"].as_str().expect("an id"), &[("status", "won")]).expect("it ends");
    deliver(&world).await;
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(403, "account_disabled");
    assert_eq!(world.money(account.id).await, (10 * DOLLAR, 0, 0));
}

#[tokio::test]
async fn the_newest_look_at_a_dispute_holds_however_its_events_come() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, _) = pay(&world, &account, 10).await;
    come_back(&world, &account, &session).await;
    deliver(&world).await;
    let stripe = &world.platform.stripe;
    let dispute = stripe.act("dispute", &intent(&world, &session), &[]).expect("a dispute");
    stripe.act("turn", dispute["id"].as_str().expect("an id"), &[("status", "won")]).expect("it ends");
    let mut events = stripe.take_events();
    events.reverse();
    for event in events {
        super::shop::post(&world, &event.body, Some(&stripe.sign(&event.body))).await.success();
        assert_eq!(world.money(account.id).await, (10 * DOLLAR, 0, 0));
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_payment_that_a_bank_warns_of_is_refunded_once_where_that_is_wanted() {
    for (wanted, left) in [("true", 0), ("false", 10 * DOLLAR)] {
        let world = World::with(Engine::InProcess, &[("STRIPE_REFUND_WARNED", wanted)]).await;
        let account = world.account(0).await;
        let (session, _) = pay(&world, &account, 10).await;
        deliver(&world).await;
        let stripe = &world.platform.stripe;
        let intent = intent(&world, &session);
        stripe.act("warn", &intent, &[]).expect("a warning");
        let events = stripe.take_events();
        for _ in 0..2 {
            for event in &events {
                super::shop::post(&world, &event.body, Some(&stripe.sign(&event.body))).await.success();
            }
        }
        deliver(&world).await;
        assert_eq!(world.money(account.id).await, (left, 0, 0));
        let refunds = stripe.requests().into_iter().filter(|(path, _)| path == "/v1/refunds").count();
        assert_eq!(refunds, usize::from(wanted == "true"));
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn an_operator_finds_every_payment_with_what_came_back_of_it() {
    let world = World::start().await;
    let (admin, first, second) = (world.administrator().await, world.account(0).await, world.account(0).await);
    let (session, begun) = pay(&world, &first, 10).await;
    let (_, refunded) = pay(&world, &second, 20).await;
    deliver(&world).await;
    let open = begin(&world, &second, &json!({"amount": 5})).await.1;
    world.platform.stripe.act("dispute", &intent(&world, &session), &[("reason", "fraudulent")]).expect("a dispute");
    let asked = json!({"payment_id": payment_id(&refunded), "amount": 4});
    Answer::to(world.post("/api/stripe/refund", &admin.key, &asked)).await.success();
    deliver(&world).await;
    let list = async |query: &str| {
        let page = Answer::to(world.get(&format!("/admin/payments{query}"), &admin.key)).await.success();
        let ids = page["data"].as_array().expect("a list").iter().map(|row| row["payment"]["id"].clone());
        (ids.collect::<Vec<_>>(), page)
    };
    let all = [&open, &refunded, &begun].map(|it| json!(payment_id(it)));
    assert_eq!(list("").await.0, all);
    let (disputed, page) = list("?reversal=dispute").await;
    assert_eq!(disputed, all[2..]);
    let row = &page["data"][0];
    assert_eq!((&row["account_id"], row["payment"]["disputed"].as_bool()), (&json!(first.id), Some(true)));
    let dispute = &row["reversals"][0];
    assert_eq!((&dispute["kind"], &dispute["reason"]), (&json!("dispute"), &json!("fraudulent")));
    assert!(dispute["due_by"].is_string() && row["email"].is_string(), "{row}");
    let (given_back, page) = list("?reversal=refund").await;
    assert_eq!(given_back, all[1..2]);
    assert_eq!(page["data"][0]["reversals"][0]["amount"], 4);
    assert_eq!(list("?status=created").await.0, all[..1]);
    assert_eq!(list(&format!("?account_id={}", second.id)).await.0, all[..2]);
    // Page by page, every one comes once.
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let (ids, page) = list(&format!("?limit=1{cursor}")).await;
        seen.extend(ids);
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, all);
    // Who may administer something else may not look at payments.
    Answer::to(world.get("/admin/payments", &first.key)).await.refused(403, "account_disabled");
    Answer::to(world.get("/admin/payments", &second.key)).await.refused(403, "insufficient_scope");
}
