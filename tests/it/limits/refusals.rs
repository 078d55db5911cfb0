//! What a refused call leaves behind, and which refusal counts when there are several.

use local::secrets::Secrets;
use local::upstash::Reply;
use serde_json::json;
use tests::certain;
use tests::watch::Watch;
use tests::wire::WIRES;
use tests::world::{Account, World, hello, send};

use super::{CREDIT, call, call_at, call_elsewhere, chat, counted, limited, subjects, world};

#[tokio::test]
async fn a_call_without_credit_gives_tokens_and_lease_back_and_stays_counted() {
    let world = world().await;
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let account = world.account(CREDIT).await;
        let served = call_at(wire, &world, &world.base_url, &account.key, &wire.hello(&json!({}))).await;
        world.settled().await;
        let used = wire.usage(&served.json())["total_tokens"].as_i64().expect("a count");
        for max_tokens in [10_000, 16_000] {
            // Nobody has that much: the hold is refused, the limiter has admitted the call.
            world.sql("update gateway.model_routes set completion_price = 1000 * completion_price").await;
            let body = wire.hello(&json!({ "max_tokens": max_tokens }));
            let refused = call_at(wire, &world, &world.base_url, &account.key, &body).await;
            let error = refused.refused(402, "insufficient_credits");
            assert!(error.get("status").is_none(), "it is the answer's, and no member of the error: {error}");
            assert!(!refused.header("x-ratelimit-remaining-requests").is_empty(), "{:?}", refused.headers);
            world.settled().await;
        }
        for subject in subjects(&account) {
            assert_eq!(counted(&world, &subject, "rm").await, 3, "{subject}");
            assert_eq!(counted(&world, &subject, "tm").await, used, "{subject}");
        }
    }
}

#[tokio::test]
async fn a_call_that_is_one_too_many_at_a_time_leaves_no_hold_no_tokens_and_no_lease() {
    let world = world().await;
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let account = limited(&world, json!({ "concurrency": 1 })).await;
        let gate = world.platform.providers.control().gate();
        let running = tokio::spawn(send(world.call(wire, &account.key, &wire.hello(&json!({ "max_tokens": 100 })))));
        certain("the call at the provider", gate.wait_for(1)).await;
        let held = world.money(account.id).await.1;
        for stream in [false, true] {
            let body = wire.hello(&json!({ "max_tokens": 100, "stream": stream }));
            let refused = call_at(wire, &world, &world.base_url, &account.key, &body).await;
            refused.limited("concurrency_exceeded", "concurrency");
        }
        let undone = || async { world.money(account.id).await.1 == held };
        tests::watch::poll("the release of both holds", undone).await;
        assert_eq!(world.leases().await, 1);
        for subject in subjects(&account) {
            assert_eq!(counted(&world, &subject, "tm").await, 105, "{subject}");
            // Whoever waits as told is let in: a call that the limiter itself refuses does not count against its key.
            assert_eq!(counted(&world, &subject, "rm").await, 1, "{subject}");
        }
        gate.release();
        assert_eq!(running.await.expect("no panic").status(), 200);
        world.settled().await;
        let used = format!("select requests_used from gateway.api_keys where id = '{}'", account.key_id);
        assert_eq!(world.value(&used).await, json!(1));
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_unknown_key_writes_nothing() {
    let world = world().await;
    let watch = Watch::new(&world);
    for prefix in ["gw_live_", "gw_test_"] {
        let key = format!("{prefix}{}", Secrets::random().of("nobody's key"));
        watch.clear();
        let refused = call_at(chat(), &world, &world.base_url, &key, &hello(&json!({}))).await;
        refused.refused(401, "invalid_api_key");
        assert_eq!(watch.functions(), ["begin_request"]);
        assert_eq!(watch.evals(), 1);
        // Without limits there is nothing to count by.
        let exists = world.platform.upstash.execute(&["EXISTS", &format!("limits:{}", world.hash(&key))]).await;
        assert_eq!(exists.expect("EXISTS"), Reply::Integer(0));
    }
    assert_eq!(world.value("select count(*) from gateway.holds").await, json!(0));
}

#[tokio::test]
async fn what_cannot_be_a_key_costs_no_store_a_call() {
    let world = world().await;
    let watch = Watch::new(&world);
    for key in ["", "sk-1234", "gw_live_short", "gw_live_'; drop table accounts; --xxxxxxxxxxxxxxxxxxxxx"] {
        let refused = call_at(chat(), &world, &world.base_url, key, &hello(&json!({}))).await;
        assert_eq!(refused.status, 401, "{key}: {}", refused.text);
    }
    assert!(watch.functions().is_empty() && watch.commands().is_empty());
}

/// Closes the minute of an account that then lacks the credit for another call.
async fn closed_and_poor(world: &World) -> Account {
    let account = limited(world, json!({ "requests_per_minute": 1 })).await;
    assert_eq!(call(world, &account).await.status, 200);
    let left = world.money(account.id).await.0;
    let spend = format!(
        "do $$ declare account gateway.accounts; begin
           select * into account from gateway.accounts where id = '{}' for update;
           account := (gateway.spend(account, {}, 'admin_debit', null, 'test', null, gateway.now(), gateway.now())).account;
           update gateway.accounts set balance = account.balance where id = account.id;
         end $$",
        account.id,
        left - 1_000
    );
    world.sql(&spend).await;
    account
}

#[tokio::test]
async fn who_one_is_goes_before_how_often_and_that_before_credit() {
    let world = world().await;
    let account = closed_and_poor(&world).await;
    let told = |status: u16, code: &str| (status, code.to_owned());

    assert_eq!(call_elsewhere(&world, &account).await.outcome(), told(429, "rate_limit_exceeded"));
    world.limit(account.id, &json!({ "requests_per_minute": 100 })).await;
    assert_eq!(call_elsewhere(&world, &account).await.outcome(), told(402, "insufficient_credits"));
    world.limit(account.id, &json!({ "requests_per_minute": 1 })).await;

    let change = |set: &str| format!("update gateway.api_keys set {set} where id = '{}'", account.key_id);
    for (set, unset, code) in [
        ("allowed_models = array['other/*']", "allowed_models = '{}'", told(403, "model_not_allowed")),
        ("ip_allowlist = array['192.0.2.1'::inet]", "ip_allowlist = '{}'", told(403, "ip_not_allowed")),
        ("revoked_at = now()", "revoked_at = null", told(401, "api_key_revoked")),
        ("expires_at = now()", "expires_at = null", told(401, "api_key_expired")),
    ] {
        world.sql(&change(set)).await;
        let closed = call_elsewhere(&world, &account).await;
        // What its limits were before they were changed is not told of these.
        assert_eq!((closed.outcome(), closed.header("x-ratelimit-limit-requests")), (code.clone(), ""));
        world.limit(account.id, &json!({ "requests_per_minute": 100 })).await;
        let open = call_elsewhere(&world, &account).await;
        assert_eq!(open.outcome(), code, "with the window open");
        // A stranger is not told how it stands.
        assert_eq!(!open.header("x-ratelimit-limit-requests").is_empty(), code.0 == 403, "{code:?}");
        world.limit(account.id, &json!({ "requests_per_minute": 1 })).await;
        world.sql(&change(unset)).await;
    }
    assert_eq!(call_elsewhere(&world, &account).await.outcome(), told(429, "rate_limit_exceeded"));
    assert_eq!(world.leases().await, 0);
}

#[tokio::test]
async fn a_client_that_hammers_a_closed_window_costs_no_transaction() {
    let world = world().await;
    let account = limited(&world, json!({ "requests_per_minute": 1 })).await;
    assert_eq!(call(&world, &account).await.status, 200);
    let watch = Watch::new(&world);
    let mut remembered = 0;
    for _ in 0..20 {
        watch.clear();
        let refused = call_at(chat(), &world, &world.base_url, &account.key, &hello(&json!({}))).await;
        refused.limited("rate_limit_exceeded", "requests_per_minute");
        assert!(!refused.text.contains("this key has"), "it has what its account has: {}", refused.text);
        assert!(!refused.header("retry-after").is_empty());
        assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
        if watch.functions().is_empty() && watch.commands().is_empty() {
            remembered += 1;
        }
    }
    // A refusal is remembered for a moment, so how many were depends on the machine, but one must have been.
    assert!(remembered > 0);
    world.settled().await;
}

#[tokio::test]
async fn a_call_that_is_refused_uses_none_of_a_trials_requests() {
    let world = world().await;
    let account = limited(&world, json!({"requests_per_minute": 1})).await;
    let trial =
        "plan = null, has_purchased = false, trial_ends_at = gateway.now() + interval '1 day', trial_requests_left = 5";
    world.change_account(&account, trial).await;
    assert_eq!(call(&world, &account).await.status, 200);
    call(&world, &account).await.refused(429, "rate_limit_exceeded");
    let left = format!("select trial_requests_left from gateway.accounts where id = '{}'", account.id);
    assert_eq!(world.value(&left).await, json!(4));
}
