//! Auto top-up: one attempt at a time, within what was agreed to, and only while its account wants it.

use std::time::Duration;

use futures_util::future::join_all;
use local::stripe::Loss;
use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{Account, World, hello, nanos};

use super::shop::{DOLLAR, deliver, reconcile};

/// What is agreed to: below five dollars, ten more.
fn agreed(further: &Value) -> Value {
    let mut body = json!({"enabled": true, "consent": true, "threshold": 5, "amount": 10, "monthly_cap": 100});
    body.as_object_mut().expect("an object").extend(further.as_object().expect("members").clone());
    body
}

async fn put(world: &World, account: &Account, body: &Value) -> Answer {
    let request = world.http.put(format!("{}/user/auto-topup", world.base_url)).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

async fn shown(world: &World, account: &Account) -> Value {
    Answer::to(world.get("/user/auto-topup", &account.key)).await.success()
}

/// Agrees, and leaves this card.
async fn turned_on(world: &World, account: &Account, body: &Value, card: &str) {
    let asked = put(world, account, body).await.success();
    assert_eq!(asked["state"], "awaiting_card", "{asked}");
    let page = asked["setup_url"].as_str().expect("a page").rsplit('/').next().expect("an id");
    world.platform.stripe.act("pay", page, &[("card", card)]).expect("it is left");
    let active = shown(world, account).await;
    assert_eq!((&active["state"], &active["card"]["last4"]), (&json!("active"), &json!("4242")), "{active}");
    // The event says nothing new.
    deliver(world).await;
    assert_eq!(shown(world, account).await["state"], "active");
}

/// A call whose settle finds what is due, and the end of what comes of it.
async fn call(world: &World, account: &Account) {
    world.completion(&account.key, &hello(&json!({"max_tokens": 5}))).await;
    world.settled().await;
    idle(world).await;
}

/// Waits until nothing is asked of Stripe any more: the task of a call ends after its settle.
async fn idle(world: &World) {
    let under_way = "select count(*) from gateway.auto_topups t join gateway.accounts a on a.id = t.account_id
         where t.state in ('active', 'paused') and a.balance - a.held < a.topup_below
           and coalesce(a.topup_after <= gateway.now(), true)";
    let quiet = async {
        while world.value(under_way).await != json!(0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    certain("an attempt", quiet).await;
}

/// Waits until the attempts of an account stand so, the oldest first.
async fn attempts(world: &World, account: &Account, expected: &[&str]) {
    let sql = format!(
        "select coalesce(jsonb_agg(status order by created_at, id), '[]') from gateway.payments
           where account_id = '{}' and kind = 'auto'",
        account.id
    );
    let expected = json!(expected);
    let stand = async {
        while world.value(&sql).await != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(20), stand).await.is_err() {
        assert_eq!(world.value(&sql).await, expected);
    }
}

/// How many times Stripe was asked to charge.
fn charges(world: &World) -> usize {
    let asked = world.platform.stripe.requests();
    asked.iter().filter(|(path, body)| path == "/v1/payment_intents" && body.contains("off_session=true")).count()
}

/// As if so long had passed for the attempts of an account.
async fn later(world: &World, account: &Account, interval: &str) {
    world
        .sql(&format!(
            "update gateway.accounts set topup_after = topup_after - interval '{interval}' where id = '{0}';
             update gateway.auto_topups set paused_until = paused_until - interval '{interval}' where account_id = '{0}';
             update gateway.payments set created_at = created_at - interval '{interval}', settled_at = settled_at - interval '{interval}'
               where account_id = '{0}' and kind = 'auto'",
            account.id
        ))
        .await;
}

async fn state(world: &World, account: &Account) -> (String, Value) {
    let topup = shown(world, account).await;
    (topup["state"].as_str().expect("a state").to_owned(), topup["reason"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_settles_at_once_start_exactly_one() {
    let Some(world) = World::concurrent("two hundred settles at once").await else { return };
    let account = world.account(6 * DOLLAR).await;
    turned_on(&world, &account, &agreed(&json!({})), "good").await;
    // Each settle finds less than was agreed.
    world.sql(&format!("update gateway.accounts set topup_below = 6000000000 where id = '{}'", account.id)).await;
    let body = hello(&json!({"max_tokens": 5}));
    let calls = join_all((0..200).map(|_| Answer::to(world.chat(&account.key, &body)))).await;
    assert!(calls.iter().all(|answer| answer.status == 200));
    world.settled().await;
    attempts(&world, &account, &["succeeded"]).await;
    assert_eq!(charges(&world), 1);
    let spent = world.value("select sum(cost) from gateway.requests").await.as_i64().expect("a sum");
    assert_eq!(world.money(account.id).await, (16 * DOLLAR - spent, 0, 0));
    deliver(&world).await;
    assert_eq!(world.money(account.id).await.0, 16 * DOLLAR - spent);
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_settles_at_once_none_tries_again_what_was_declined_to_the_first() {
    let Some(world) = World::concurrent("two hundred settles at once, and a decline").await else { return };
    let account = world.account(6 * DOLLAR).await;
    turned_on(&world, &account, &agreed(&json!({})), "fails_later").await;
    world.sql(&format!("update gateway.accounts set topup_below = 6000000000 where id = '{}'", account.id)).await;
    // Each has found that one is due before the first attempt is begun.
    let gate = world.platform.postgrest.control().gate(Some("begin_auto_topup"));
    let body = hello(&json!({"max_tokens": 5}));
    let calls = join_all((0..200).map(|_| Answer::to(world.chat(&account.key, &body)))).await;
    assert!(calls.iter().all(|answer| answer.status == 200));
    certain("the settles", gate.waiting(200)).await;
    drop(gate);
    attempts(&world, &account, &["failed"]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((charges(&world), state(&world, &account).await.0), (1, "paused".to_owned()));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_card_that_was_left_is_charged_when_the_credit_falls_below_what_was_agreed() {
    let world = World::with(Engine::InProcess, &[("TOPUP_FEE_BP", "550")]).await;
    let account = world.account(5 * DOLLAR).await;
    assert_eq!(shown(&world, &account).await["state"], "off");
    turned_on(&world, &account, &agreed(&json!({})), "good").await;
    assert_eq!(charges(&world), 0);
    call(&world, &account).await;
    attempts(&world, &account, &["succeeded"]).await;
    let topup = shown(&world, &account).await;
    assert_eq!(
        (nanos(&topup["charge"]), nanos(&topup["charged_this_month"])),
        (10_550_000_000, 10_550_000_000),
        "{topup}"
    );
    assert!(world.money(account.id).await.0 > 14 * DOLLAR);
    deliver(&world).await;
    let list = Answer::to(world.get("/api/stripe/payments", &account.key)).await.success();
    assert_eq!((&list["data"][0]["kind"], nanos(&list["data"][0]["credits"])), (&json!("auto"), 10 * DOLLAR));
    assert!(list["data"][0]["receipt_url"].is_string(), "{list}");
    // There is enough now.
    call(&world, &account).await;
    assert_eq!(charges(&world), 1);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn nothing_but_the_accounts_own_word_turns_it_on() {
    let world = World::start().await;
    let account = world.account(0).await;
    let buy = json!({"amount": 5, "save_card": true});
    let (session, _) = super::shop::begin(&world, &account, &buy).await;
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    deliver(&world).await;
    assert_eq!((world.money(account.id).await.0, state(&world, &account).await.0), (5 * DOLLAR, "off".to_owned()));
    call(&world, &account).await;
    assert_eq!(charges(&world), 0);
    for (body, param) in [
        (json!({"enabled": true, "threshold": 5, "amount": 10, "monthly_cap": 100}), "consent"),
        (agreed(&json!({"amount": 4.99})), "amount"),
        (agreed(&json!({"amount": 1001})), "amount"),
        (agreed(&json!({"threshold": 0})), "threshold"),
        (agreed(&json!({"monthly_cap": 9})), "monthly_cap"),
        (agreed(&json!({"daily_limit": 11})), "daily_limit"),
        (agreed(&json!({"success_url": "javascript:alert(1)"})), "success_url"),
    ] {
        let answer = put(&world, &account, &body).await;
        assert_eq!(answer.json()["error"]["param"], param, "{body}");
        answer.refused(400, "invalid_request");
    }
    assert_eq!(state(&world, &account).await.0, "off");
    // With the card that the purchase left it begins at once: there is less than was agreed.
    let on = put(&world, &account, &agreed(&json!({}))).await.success();
    assert_eq!((&on["state"], &on["setup_url"]), (&json!("active"), &Value::Null));
    attempts(&world, &account, &["succeeded"]).await;
    let off = put(&world, &account, &json!({"enabled": false})).await.success();
    assert_eq!((&off["state"], &off["reason"]), (&json!("off"), &json!("switched_off")));
    later(&world, &account, "1 day").await;
    world.sql(&format!("update gateway.accounts set balance = balance where id = '{}'", account.id)).await;
    call(&world, &account).await;
    assert_eq!(charges(&world), 1);
    // Another card is left at a page; a purchase meanwhile leaves a card, and turns nothing on.
    let asked = put(&world, &account, &agreed(&json!({"new_card": true}))).await.success();
    assert_eq!(asked["state"], "awaiting_card");
    let (session, _) = super::shop::begin(&world, &account, &buy).await;
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    deliver(&world).await;
    assert_eq!(state(&world, &account).await.0, "awaiting_card");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_decline_pauses_for_six_hours_and_the_third_in_a_row_is_the_last() {
    let world = World::start().await;
    let account = world.account(DOLLAR).await;
    turned_on(&world, &account, &agreed(&json!({})), "fails_later").await;
    let mut expected = Vec::new();
    for round in 1..=3 {
        call(&world, &account).await;
        expected.push("failed");
        attempts(&world, &account, &expected).await;
        // Its event counts no second time.
        deliver(&world).await;
        let told = state(&world, &account).await;
        if round < 3 {
            assert_eq!(told, ("paused".to_owned(), json!("card_declined")));
            // Whoever has found that one is due before the decline was known begins none either.
            let request = json!({"id": uuid::Uuid::now_v7(), "livemode": false, "taxed": false});
            let begun = format!("select public.begin_auto_topup('{}', '{request}')", account.id);
            assert_eq!(world.value(&begun).await, Value::Null);
            for _ in 0..3 {
                call(&world, &account).await;
            }
            assert_eq!(charges(&world), round);
            later(&world, &account, "6 hours").await;
        } else {
            assert_eq!(told, ("off".to_owned(), json!("declined_repeatedly")));
        }
    }
    later(&world, &account, "1 day").await;
    call(&world, &account).await;
    reconcile(&world).await;
    assert_eq!((charges(&world), world.value("select version from gateway.auto_topups").await), (3, json!(7)));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_success_forgets_the_declines_before_it() {
    let world = World::start().await;
    let account = world.account(DOLLAR).await;
    turned_on(&world, &account, &agreed(&json!({})), "fails_later").await;
    call(&world, &account).await;
    attempts(&world, &account, &["failed"]).await;
    let method = world.value("select payment_method from gateway.auto_topups").await;
    let stripe = &world.platform.stripe;
    stripe.act("become", method.as_str().expect("an id"), &[("card", "good")]).expect("another");
    later(&world, &account, "6 hours").await;
    call(&world, &account).await;
    attempts(&world, &account, &["failed", "succeeded"]).await;
    assert_eq!(state(&world, &account).await, ("active".to_owned(), Value::Null));
    assert_eq!(world.value("select failures from gateway.auto_topups").await, json!(0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_bank_that_wants_its_customers_word_and_a_card_that_is_gone_turn_it_off() {
    let world = World::start().await;
    for (card, reason) in
        [("authenticates", "authentication_required"), ("lost", "card_declined"), ("expired", "card_declined")]
    {
        let account = world.account(DOLLAR).await;
        turned_on(&world, &account, &agreed(&json!({})), card).await;
        let before = charges(&world);
        call(&world, &account).await;
        attempts(&world, &account, &["failed"]).await;
        deliver(&world).await;
        assert_eq!(state(&world, &account).await, ("off".to_owned(), json!(reason)), "{card}");
        later(&world, &account, "1 day").await;
        call(&world, &account).await;
        reconcile(&world).await;
        assert_eq!(charges(&world), before + 1, "{card}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_attempt_whose_answer_was_lost_stays_the_only_one_until_it_is_known() {
    let world = World::start().await;
    for way in ["event", "settle", "cron", "a day later"] {
        let account = world.account(DOLLAR).await;
        turned_on(&world, &account, &agreed(&json!({})), "good").await;
        let before = charges(&world);
        world.platform.stripe.lose(Loss::Answer, 3);
        call(&world, &account).await;
        attempts(&world, &account, &["processing"]).await;
        let lost = async {
            while charges(&world) == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        certain("the request", lost).await;
        for _ in 0..3 {
            call(&world, &account).await;
        }
        // Until the third try has come to nothing as well.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        attempts(&world, &account, &["processing"]).await;
        match way {
            "event" => {
                deliver(&world).await;
            }
            "settle" => {
                later(&world, &account, "2 minutes").await;
                call(&world, &account).await;
            }
            "cron" => {
                let _ = world.platform.stripe.take_events();
                later(&world, &account, "2 minutes").await;
                reconcile(&world).await;
            }
            _ => {
                // The key is forgotten by then, and so are the events.
                let _ = world.platform.stripe.take_events();
                world.platform.stripe.advance(25 * 3600);
                later(&world, &account, "1 day 1 hour").await;
                call(&world, &account).await;
                reconcile(&world).await;
            }
        }
        attempts(&world, &account, &["succeeded"]).await;
        deliver(&world).await;
        assert_eq!(charges(&world), before + 1, "{way}");
        let balance = world.money(account.id).await.0;
        assert!((10 * DOLLAR..11 * DOLLAR).contains(&balance), "{way}: {balance}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_attempt_that_never_reached_stripe_is_made_later_or_given_up() {
    let world = World::start().await;
    for (way, status) in [("cron", "succeeded"), ("a day later", "canceled"), ("switched off", "canceled")] {
        let account = world.account(DOLLAR).await;
        turned_on(&world, &account, &agreed(&json!({})), "good").await;
        let before = charges(&world);
        world.platform.stripe.lose(Loss::Request, 3);
        call(&world, &account).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        attempts(&world, &account, &["processing"]).await;
        if way == "switched off" {
            put(&world, &account, &json!({"enabled": false})).await.success();
        }
        later(&world, &account, if way == "a day later" { "1 day 1 hour" } else { "2 minutes" }).await;
        reconcile(&world).await;
        attempts(&world, &account, &[status]).await;
        assert_eq!(charges(&world), before + usize::from(status == "succeeded"), "{way}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn neither_the_months_cap_nor_the_days_limit_is_exceeded_and_a_minute_lies_between_two() {
    let world = World::start().await;
    for (further, most) in [(json!({"monthly_cap": 25}), 2), (json!({"daily_limit": 3}), 3)] {
        let account = world.account(DOLLAR).await;
        // What a top-up brings is never enough.
        turned_on(&world, &account, &agreed(&json!({"threshold": 1000})).clone(), "good").await;
        put(&world, &account, &agreed(&json!({"enabled": false}))).await.success();
        let mut body = agreed(&further);
        body["threshold"] = json!(1000);
        let before = charges(&world);
        put(&world, &account, &body).await.success();
        let mut expected: Vec<&str> = Vec::new();
        for _ in 0..most {
            expected.push("succeeded");
            attempts(&world, &account, &expected).await;
            // Not within a minute.
            call(&world, &account).await;
            attempts(&world, &account, &expected).await;
            later(&world, &account, "1 minute").await;
            call(&world, &account).await;
        }
        attempts(&world, &account, &expected).await;
        later(&world, &account, "10 minutes").await;
        call(&world, &account).await;
        reconcile(&world).await;
        assert_eq!(charges(&world), before + most, "{further}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_dispute_a_card_that_is_taken_away_and_a_customer_that_is_deleted_turn_it_off() {
    let world = World::start().await;
    for (what, reason) in [("dispute", "disputed"), ("detach", "card_removed"), ("customer", "card_removed")] {
        let account = world.account(DOLLAR).await;
        turned_on(&world, &account, &agreed(&json!({})), "good").await;
        call(&world, &account).await;
        attempts(&world, &account, &["succeeded"]).await;
        deliver(&world).await;
        let stripe = &world.platform.stripe;
        let column = |name: &str| {
            let sql = format!("select {name} from gateway.auto_topups where account_id = '{}'", account.id);
            let world = &world;
            async move { world.value(&sql).await.as_str().expect("an id").to_owned() }
        };
        match what {
            "dispute" => {
                let sql = format!("select intent_id from gateway.payments where account_id = '{}'", account.id);
                let intent = world.value(&sql).await;
                let reason = [("reason", "product_not_received")];
                stripe.act("dispute", intent.as_str().expect("an id"), &reason).expect("a dispute");
            }
            "detach" => {
                stripe.act("detach", &column("payment_method").await, &[]).expect("it is gone");
            }
            _ => {
                let url = format!("{}/v1/customers/{}", stripe.url(), column("customer_id").await);
                world.http.delete(url).bearer_auth(stripe.key()).send().await.expect("deleted");
            }
        }
        deliver(&world).await;
        assert_eq!(state(&world, &account).await, ("off".to_owned(), json!(reason)), "{what}");
        let due = format!("select topup_below from gateway.accounts where id = '{}'", account.id);
        assert_eq!(world.value(&due).await, Value::Null);
        let again = put(&world, &account, &agreed(&json!({}))).await;
        if what == "dispute" {
            again.refused(403, "payments_blocked");
        } else {
            assert_eq!(again.success()["state"], "awaiting_card");
        }
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_call_that_is_refused_for_lack_of_credit_tops_up_as_well() {
    let world = World::start().await;
    let account = world.account(0).await;
    let asked = put(&world, &account, &agreed(&json!({}))).await.success();
    let page = asked["setup_url"].as_str().expect("a page").rsplit('/').next().expect("an id");
    world.platform.stripe.act("pay", page, &[]).expect("it is left");
    assert_eq!(shown(&world, &account).await["state"], "active");
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(402, "insufficient_credits");
    attempts(&world, &account, &["succeeded"]).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    // Where nobody calls, the cron job does it.
    let silent = world.account(0).await;
    turned_on(&world, &silent, &agreed(&json!({})), "good").await;
    assert_eq!(reconcile(&world).await["topups"], 1);
    attempts(&world, &silent, &["succeeded"]).await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_card_of_another_accounts_customer_is_nobodys() {
    let world = World::start().await;
    let (owner, thief) = (world.account(DOLLAR).await, world.account(DOLLAR).await);
    turned_on(&world, &owner, &agreed(&json!({})), "good").await;
    let asked = put(&world, &thief, &agreed(&json!({}))).await.success();
    let page = asked["setup_url"].as_str().expect("a page").rsplit('/').next().expect("an id").to_owned();
    let customer =
        world.value(&format!("select id from gateway.stripe_customers where account_id = '{}'", owner.id)).await;
    let deployment = world.value("select gateway.deployment_id()").await;
    let seen = json!({"kind": "card", "account": thief.id, "deployment": deployment, "session": page, "customer": customer,
        "method": "pm_stolen", "brand": "visa", "last4": "4242"});
    assert_eq!(super::facts::outcome(&world, &seen).await, "mismatch");
    let elsewhere = json!({"kind": "card", "account": thief.id, "deployment": owner.id, "session": page, "customer": "cus_x",
        "method": "pm_stolen", "brand": "visa", "last4": "4242"});
    assert_eq!(super::facts::outcome(&world, &elsewhere).await, "ignored");
    assert_eq!(state(&world, &thief).await.0, "awaiting_card");
    assert_eq!(state(&world, &owner).await.0, "active");
}
