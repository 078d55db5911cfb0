//! Buying credit, from the request to the credit.

use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{World, hello, nanos};

use super::shop::{DOLLAR, begin, come_back, deliver, pay, payment_id};

#[tokio::test]
async fn who_comes_back_from_paying_finds_the_credit_there_and_the_webhook_adds_none() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, begun) = begin(&world, &account, &json!({"amount": 25})).await;
    assert!(begun["url"].as_str().expect("a page").contains(&session), "{begun}");
    assert_eq!(begun["payment"]["status"], "created");
    // Nobody has paid yet.
    assert_eq!(come_back(&world, &account, &session).await["payment"]["status"], "created");
    assert_eq!(world.money(account.id).await.0, 0);
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    let paid = come_back(&world, &account, &session).await;
    assert_eq!((&paid["payment"]["status"], nanos(&paid["payment"]["credits"])), (&json!("succeeded"), 25 * DOLLAR));
    assert_eq!(world.money(account.id).await.0, 25 * DOLLAR);
    let told = deliver(&world).await;
    assert!(told.iter().all(|(_, outcome)| ["repeated", "applied"].contains(&outcome.as_str())), "{told:?}");
    assert_eq!(world.money(account.id).await.0, 25 * DOLLAR);
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    world.assert_ledger_clean().await;
    // The receipt came with the charge.
    let shown =
        Answer::to(world.get(&format!("/api/stripe/payments/{}", payment_id(&begun)), &account.key)).await.success();
    assert!(shown["receipt_url"].as_str().is_some_and(|url| url.starts_with("https://")), "{shown}");
    let list = Answer::to(world.get("/api/stripe/payments", &account.key)).await.success();
    assert_eq!(list["data"][0]["id"], shown["id"]);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_payment_intent_is_credited_by_whoever_hears_of_it_first() {
    let world = World::start().await;
    for webhook_first in [true, false] {
        let account = world.account(0).await;
        let begun = Answer::to(world.post("/api/stripe/payment-intent", &account.key, &json!({"package": "pro"})))
            .await
            .success();
        let intent = begun["id"].as_str().expect("an id");
        assert!(begun["client_secret"].as_str().is_some_and(|secret| secret.starts_with(intent)), "{begun}");
        world.platform.stripe.act("pay", intent, &[]).expect("it pays");
        if webhook_first {
            deliver(&world).await;
        }
        let path = format!("/api/stripe/payment-intent/{intent}");
        let shown = Answer::to(world.get(&path, &account.key)).await.success();
        assert_eq!(shown["payment"]["status"], "succeeded", "{shown}");
        deliver(&world).await;
        assert_eq!(world.money(account.id).await.0, 50 * DOLLAR, "{webhook_first}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_session_of_another_account_is_a_404_and_credits_nobody() {
    let world = World::start().await;
    let (owner, stranger) = (world.account(0).await, world.account(0).await);
    let (session, begun) = pay(&world, &owner, 10).await;
    for path in
        [format!("/api/stripe/checkout-session/{session}"), format!("/api/stripe/payments/{}", payment_id(&begun))]
    {
        Answer::to(world.get(&path, &stranger.key)).await.refused(404, "payment_not_found");
    }
    let own = format!("/user/payments/{}/refund", payment_id(&begun));
    Answer::to(world.post(&own, &stranger.key, &json!({}))).await.refused(404, "payment_not_found");
    assert_eq!((world.money(owner.id).await.0, world.money(stranger.id).await.0), (0, 0));
    // Nor is the session one of an intent.
    let path = format!("/api/stripe/payment-intent/{session}");
    Answer::to(world.get(&path, &owner.key)).await.refused(404, "payment_not_found");
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_the_same_payment() {
    let world = World::start().await;
    let account = world.account(0).await;
    let ask = |amount: u32| {
        let request = world.post("/api/stripe/checkout-session", &account.key, &json!({ "amount": amount }));
        Answer::to(request.header("idempotency-key", "one"))
    };
    let (first, second) = (ask(10).await.success(), ask(10).await.success());
    assert_eq!((&first["id"], &first["url"]), (&second["id"], &second["url"]));
    ask(20).await.refused(409, "idempotency_conflict");
    let session = first["id"].as_str().expect("an id");
    world.platform.stripe.act("pay", session, &[]).expect("it pays");
    come_back(&world, &account, session).await;
    // Then there is no page any more, and nothing to pay.
    let third = ask(10).await.success();
    assert_eq!((&third["url"], &third["payment"]["status"]), (&Value::Null, &json!("succeeded")));
    assert_eq!(world.value("select count(*) from gateway.payments").await, json!(1));
    let customers = world.platform.stripe.requests().into_iter().filter(|(path, _)| path == "/v1/customers").count();
    assert_eq!(customers, 1);
}

#[tokio::test]
async fn a_fee_is_a_line_of_its_own_and_gives_no_credit() {
    let world = World::with(Engine::InProcess, &[("TOPUP_FEE_BP", "550")]).await;
    let account = world.account(0).await;
    let (session, begun) = begin(&world, &account, &json!({"amount": 10.01})).await;
    let payment = &begun["payment"];
    // 5.5 percent of 1001 cents, rounded up.
    assert_eq!(
        (nanos(&payment["amount"]), nanos(&payment["fee"]), nanos(&payment["credits"])),
        (10_570_000_000, 560_000_000, 10_010_000_000)
    );
    assert_eq!(world.platform.stripe.object(&session).expect("a session")["amount_subtotal"], 1_057);
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    come_back(&world, &account, &session).await;
    assert_eq!(world.money(account.id).await.0, 10_010_000_000);
    let packages = Answer::to(world.get("/api/stripe/credit-packages", &account.key)).await.success();
    assert_eq!(
        (nanos(&packages["data"][0]["price"]), nanos(&packages["data"][0]["credits"])),
        (5_280_000_000, 5 * DOLLAR)
    );
}

#[tokio::test]
async fn what_is_not_sold_is_refused_before_stripe_hears_of_it() {
    let world = World::start().await;
    let account = world.account(0).await;
    for (body, param) in [
        (json!({"amount": 4.99}), "amount"),
        (json!({"amount": 1000.01}), "amount"),
        (json!({"amount": 10.001}), "amount"),
        (json!({"amount": -10}), "amount"),
        (json!({"amount": 10, "package": "basic"}), "amount"),
        (json!({}), "amount"),
        (json!({"package": "gold"}), "package"),
        (json!({"amount": 10, "success_url": "javascript:alert(1)"}), "success_url"),
    ] {
        let answer = Answer::to(world.post("/api/stripe/checkout-session", &account.key, &body)).await;
        assert_eq!(answer.json()["error"]["param"], param, "{body}");
        answer.refused(400, "invalid_request");
    }
    assert!(world.platform.stripe.requests().is_empty());
    assert_eq!(world.value("select count(*) from gateway.payments").await, json!(0));
}

#[tokio::test]
async fn cards_are_not_tried_by_the_thousand() {
    let world = World::start().await;
    let account = world.account(0).await;
    for _ in 0..5 {
        begin(&world, &account, &json!({"amount": 5})).await;
    }
    let sixth = Answer::to(world.post("/api/stripe/checkout-session", &account.key, &json!({"amount": 5}))).await;
    sixth.refused(429, "too_many_attempts");
    let rich = world.account(0).await;
    for _ in 0..2 {
        begin(&world, &rich, &json!({"amount": 1000})).await;
    }
    let third = Answer::to(world.post("/api/stripe/checkout-session", &rich.key, &json!({"amount": 5}))).await;
    third.refused(429, "payment_limit_reached");
}

#[tokio::test]
async fn a_card_that_is_declined_credits_nothing_and_another_one_may_pay() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, _) = begin(&world, &account, &json!({"amount": 10})).await;
    let stripe = &world.platform.stripe;
    let declined = stripe.act("pay", &session, &[("card", "poor")]).expect_err("it is declined");
    assert_eq!(declined.error["decline_code"], "insufficient_funds");
    deliver(&world).await;
    let shown = come_back(&world, &account, &session).await;
    assert_eq!(
        (&shown["payment"]["status"], &shown["payment"]["failure_code"]),
        (&json!("failed"), &json!("insufficient_funds"))
    );
    stripe.act("pay", &session, &[]).expect("another card pays");
    deliver(&world).await;
    let shown = come_back(&world, &account, &session).await;
    assert_eq!((&shown["payment"]["status"], &shown["payment"]["failure_code"]), (&json!("succeeded"), &Value::Null));
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_payment_that_takes_days_is_credited_when_it_comes() {
    let world = World::start().await;
    for paid in ["true", "false"] {
        let account = world.account(0).await;
        let (session, _) = begin(&world, &account, &json!({"amount": 10})).await;
        let stripe = &world.platform.stripe;
        stripe.act("pay", &session, &[("card", "slow")]).expect("it is accepted");
        deliver(&world).await;
        assert_eq!(come_back(&world, &account, &session).await["payment"]["status"], "processing");
        assert_eq!(world.money(account.id).await.0, 0);
        stripe.act("settle", &session, &[("paid", paid)]).expect("it ends");
        deliver(&world).await;
        let expected = if paid == "true" { ("succeeded", 10 * DOLLAR) } else { ("failed", 0) };
        let shown = come_back(&world, &account, &session).await;
        assert_eq!(
            (shown["payment"]["status"].as_str(), world.money(account.id).await.0),
            (Some(expected.0), expected.1)
        );
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_session_that_nobody_pays_expires() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, _) = begin(&world, &account, &json!({"amount": 10})).await;
    world.platform.stripe.advance(3_700);
    assert_eq!(deliver(&world).await, [("checkout.session.expired".to_owned(), "applied".to_owned())]);
    assert_eq!(come_back(&world, &account, &session).await["payment"]["status"], "expired");
}

#[tokio::test]
async fn a_customer_that_was_deleted_at_stripe_is_made_anew() {
    let world = World::start().await;
    let account = world.account(0).await;
    begin(&world, &account, &json!({"amount": 5})).await;
    let stripe = &world.platform.stripe;
    let customer = world.value("select id from gateway.stripe_customers").await;
    let deleted = world.http.delete(format!("{}/v1/customers/{}", stripe.url(), customer.as_str().expect("an id")));
    assert_eq!(deleted.bearer_auth(stripe.key()).send().await.expect("an answer").status(), 200);
    // Before the event comes, and after it.
    let (session, _) = pay(&world, &account, 5).await;
    deliver(&world).await;
    assert_eq!(come_back(&world, &account, &session).await["payment"]["status"], "succeeded");
    let (session, _) = pay(&world, &account, 5).await;
    deliver(&world).await;
    assert_eq!(come_back(&world, &account, &session).await["payment"]["status"], "succeeded");
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
}

#[tokio::test]
async fn tax_comes_on_top_and_gives_no_credit_whoever_tells_of_it_first() {
    let world = World::with(Engine::InProcess, &[("STRIPE_TAX", "true"), ("STRIPE_INVOICES", "true")]).await;
    for webhook_first in [true, false] {
        let account = world.account(0).await;
        let (session, begun) = pay(&world, &account, 10).await;
        let stripe = &world.platform.stripe;
        let told = stripe.object(&session).expect("a session");
        assert_eq!((&told["amount_subtotal"], &told["amount_total"]), (&json!(1_000), &json!(1_080)));
        assert_eq!(told["invoice_creation"]["enabled"], true);
        if webhook_first {
            deliver(&world).await;
        }
        let shown = come_back(&world, &account, &session).await;
        assert_eq!(
            (&shown["payment"]["status"], nanos(&shown["payment"]["paid"]), nanos(&shown["payment"]["credits"])),
            (&json!("succeeded"), 10_800_000_000, 10 * DOLLAR)
        );
        deliver(&world).await;
        assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
        // Half of what was paid, tax included, is half of the credit.
        let intent = super::shop::intent(&world, &session);
        stripe.act("refund", &intent, &[("amount", "540")]).expect("a refund");
        deliver(&world).await;
        assert_eq!(world.money(account.id).await.0, 5 * DOLLAR, "{begun}");
    }
    // What has no page is not sold at all, and what was agreed to before ends when it is due.
    let account = world.account(0).await;
    let intent = world.post("/api/stripe/payment-intent", &account.key, &json!({"amount": 10}));
    Answer::to(intent).await.refused(409, "tax_needs_checkout");
    let agreed = json!({"enabled": true, "consent": true, "threshold": 5, "amount": 10, "monthly_cap": 100});
    let put = world.http.put(format!("{}/user/auto-topup", world.base_url)).bearer_auth(&account.key);
    let put = put.header("content-type", "application/json").body(agreed.to_string());
    Answer::to(put).await.refused(409, "tax_needs_checkout");
    world
        .sql(&format!(
            "insert into gateway.stripe_customers (id, account_id, livemode, created_at) values ('cus_before', '{0}', false, gateway.now());
             insert into gateway.auto_topups (account_id, state, threshold, amount, monthly_cap, daily_limit, livemode, consented_at,
                                              customer_id, payment_method, changed_at)
               values ('{0}', 'active', 5000000000, 1000, 10000, 10, false, gateway.now(), 'cus_before', 'pm_before', gateway.now());
             update gateway.accounts set topup_below = 5000000000 where id = '{0}'",
            account.id
        ))
        .await;
    super::shop::reconcile(&world).await;
    let topup = Answer::to(world.get("/user/auto-topup", &account.key)).await.success();
    assert_eq!((&topup["state"], &topup["reason"]), (&json!("off"), &json!("tax_needs_checkout")));
    assert_eq!(world.value("select count(*) from gateway.payments where kind = 'auto'").await, json!(0));
    // An intent of which nobody said that tax comes on top is not believed if it is of more.
    let account = world.account(0).await;
    let bought = super::facts::Bought::new(&world, &account, 1_000, 1_000, 0).await;
    let mut more = bought.succeeded();
    (more["amount"], more["paid"]) = (json!(1_080), json!(1_080));
    assert_eq!(super::facts::outcome(&world, &more).await, "mismatch");
    world.assert_ledger_clean().await;
}
