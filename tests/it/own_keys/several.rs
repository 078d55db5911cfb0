//! Several own keys: their order, what each is for, who serves where one is refused, and when that is the gateway's own account.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::wire::WIRES;
use tests::world::{Account, MODEL, World, hello, nanos};

use super::{OWN, recorded, second_route, served_by, with_own_key};

/// Another key of the same customer's.
const OTHER: &str = "sk-own-fedcba9876543210";
/// A key that no provider knows.
const UNKNOWN: &str = "sk-nobody-0123456789abcdef";

/// Stores a further key by the API, with these settings; the key.
async fn keep(world: &World, account: &Account, key: &str, settings: &Value) -> Value {
    let mut body = json!({"provider": "openrouter", "api_key": key, "additional": true});
    for (name, value) in settings.as_object().expect("settings") {
        body[name] = value.clone();
    }
    Answer::to(world.post("/user/provider-keys", &account.key, &body)).await.success()
}

async fn change(world: &World, account: &Account, id: &Value, changes: &Value) -> Answer {
    let url = format!("{}/user/provider-keys/{}", world.base_url, id.as_str().expect("an id"));
    Answer::to(world.http.patch(url).bearer_auth(&account.key).json(changes)).await
}

/// The keys that a call shows its provider, in their order.
async fn shown(world: &World, key: &str) -> Vec<String> {
    let control = world.platform.providers.control();
    control.clear();
    Answer::to(world.chat(key, &hello(&json!({})))).await;
    let bearer = |(name, value): (String, String)| (name == "authorization").then_some(value);
    let requests = control.requests().into_iter();
    requests
        .flat_map(|request| request.headers.into_iter().find_map(bearer))
        .map(|it| it.replace("Bearer ", ""))
        .collect()
}

#[tokio::test]
async fn keys_are_asked_in_their_order_and_each_for_what_it_is_kept_for() {
    let (world, account) = with_own_key().await;
    let control = world.platform.providers.control();
    control.add_customer("openrouter", OTHER).expect("a provider");
    control.record(true);
    let other = keep(&world, &account, OTHER, &json!({"name": "second", "priority": 5})).await;
    assert_eq!(
        (&other["priority"], &other["is_fallback"], &other["disabled"]),
        (&json!(5), &json!(false), &json!(false))
    );
    assert_eq!(shown(&world, &account.key).await, [OWN], "the lower priority first");
    let listed = Answer::to(world.get("/user/provider-keys", &account.key)).await.success();
    let first = listed["data"][0]["id"].clone();
    assert_eq!(listed["data"][1], other);
    change(&world, &account, &first, &json!({"priority": 6})).await.success();
    assert_eq!(shown(&world, &account.key).await, [OTHER]);
    change(&world, &account, &first, &json!({"priority": 0, "is_fallback": true})).await.success();
    assert_eq!(shown(&world, &account.key).await, [OTHER], "one that is a fallback comes last");
    change(&world, &account, &other["id"], &json!({"disabled": true})).await.success();
    assert_eq!(shown(&world, &account.key).await, [OWN]);
    change(&world, &account, &other["id"], &json!({"disabled": false, "allowed_models": ["other/*"]})).await.success();
    assert_eq!(shown(&world, &account.key).await, [OWN], "it is for other models");
    change(&world, &account, &other["id"], &json!({"allowed_models": [MODEL, "other/*"]})).await.success();
    assert_eq!(shown(&world, &account.key).await, [OTHER]);
    let narrow = world.another_key(&account, "inference").await;
    change(&world, &account, &other["id"], &json!({"allowed_keys": [narrow.key_id], "allowed_models": null}))
        .await
        .success();
    assert_eq!(shown(&world, &account.key).await, [OWN]);
    assert_eq!(shown(&world, &narrow.key).await, [OTHER], "and this one is for that API key");
    // A key takes the place of another by its id, and of the first without one.
    let rotated = change(&world, &account, &first, &json!({"api_key": UNKNOWN})).await.success();
    assert_eq!((&rotated["last_four"], &rotated["is_fallback"]), (&json!("cdef"), &json!(true)));
    assert_eq!(shown(&world, &account.key).await, [UNKNOWN]);
    let plain = json!({"provider": "openrouter", "api_key": OWN, "name": "third"});
    let replaced = Answer::to(world.post("/user/provider-keys", &account.key, &plain)).await.success();
    assert_eq!((&replaced["id"], &replaced["name"], &replaced["priority"]), (&other["id"], &json!("third"), &json!(5)));
    // Somebody else's API key is none of this account's.
    let stranger = world.account(0).await;
    let refused = change(&world, &account, &first, &json!({"allowed_keys": [stranger.key_id]})).await;
    assert_eq!(refused.refused(400, "invalid_request")["param"], "allowed_keys");
    change(&world, &account, &first, &json!({"priority": -1})).await.refused(400, "invalid_request");
    change(&world, &account, &first, &json!({})).await.refused(400, "invalid_request");
    let url = format!("{}/user/provider-keys/{}", world.base_url, first.as_str().expect("an id"));
    Answer::to(world.http.delete(&url).bearer_auth(&account.key)).await.success();
    Answer::to(world.http.delete(&url).bearer_auth(&account.key)).await.refused(404, "provider_key_not_found");
    // The last one that is left is for another API key, so our account serves this one, which has no credit.
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(402, "insufficient_credits");
    let all = format!("{}/user/provider-keys?provider=openrouter", world.base_url);
    Answer::to(world.http.delete(all).bearer_auth(&account.key)).await.success();
    let has = format!("select has_provider_keys from gateway.accounts where id = '{}'", account.id);
    assert_eq!(world.value(&has).await, json!(false));
}

#[tokio::test]
async fn a_refused_key_goes_on_to_the_next_and_its_owner_is_told() {
    let (world, account) = with_own_key().await;
    let control = world.platform.providers.control();
    control.record(true);
    world.sql(&format!("update gateway.provider_keys set priority = 9 where account_id = '{}'", account.id)).await;
    keep(&world, &account, UNKNOWN, &json!({"name": "Spare"})).await;
    world.grant(account.id, 1_000_000_000, "purchase", None).await;
    assert_eq!(shown(&world, &account.key).await, [UNKNOWN, OWN]);
    world.settled().await;
    let call = json!({"cost": 0, "own_key": true, "provider": "openrouter", "outcome": "completed"});
    assert_eq!(recorded(&world, &account).await, json!([call]));
    let told = format!(
        "select count(*) from gateway.notifications where kind = 'provider_key_refused' and account_id = '{}'
           and payload ->> 'name' = 'Spare' and payload ->> 'last_four' = right('{UNKNOWN}', 4) and payload ? 'key_id'",
        account.id
    );
    let used = format!(
        "select jsonb_agg(last_used_at is not null order by priority) from gateway.provider_keys where account_id = '{}'",
        account.id
    );
    assert_eq!((world.value(&used).await, world.value(&told).await), (json!([false, true]), json!(1)));
    // Whoever wants one provider alone gets all of his keys there.
    assert_eq!(
        world.completion(&account.key, &hello(&json!({"provider": {"allow_fallbacks": false}}))).await["gateway"]["provider"],
        "openrouter"
    );
    // At another provider, too, whatever the first one says of a key that it knows.
    second_route(&WIRES[0], &world).await;
    control.add_customer("chutes", OTHER).expect("a provider");
    world.further_own_key(account.id, "chutes", OTHER, 10).await;
    for status in [401, 402, 403, 429] {
        control.set("openrouter", Some(&format!("status?code={status}"))).expect("a behaviour");
        assert_eq!(shown(&world, &account.key).await, [UNKNOWN, OWN, OTHER], "{status}");
    }
    world.settled().await;
    assert_eq!(world.money(account.id).await, (1_000_000_000, 0, 0));
}

#[tokio::test]
async fn our_account_serves_where_all_keys_say_so_at_its_own_price() {
    let (world, account) = with_own_key().await;
    let ours = world.account(1_000_000_000).await;
    let price = nanos(&world.completion(&ours.key, &hello(&json!({}))).await["usage"]["cost"]);
    let control = world.platform.providers.control();
    world.own_key(account.id, "openrouter", UNKNOWN).await;
    let other = world.further_own_key(account.id, "openrouter", UNKNOWN, 1).await;
    world
        .sql(&format!(
            "update gateway.provider_keys set gateway_fallback = (priority = 0) where account_id = '{}'",
            account.id
        ))
        .await;
    world.grant(account.id, 1_000_000_000, "purchase", None).await;
    // One of them does not.
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(401, "provider_key_rejected");
    world.sql(&format!("update gateway.provider_keys set gateway_fallback = true where id = '{other}'")).await;
    control.record(true);
    let gate = control.gate();
    let running = tokio::spawn(Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 100})))));
    certain("the call at the provider", gate.wait_for(1)).await;
    let held = format!("select jsonb_agg(amount) from gateway.holds where account_id = '{}'", account.id);
    let held = world.value(&held).await[0].as_i64().expect("a hold");
    assert!(held >= price, "the hold covers our account: {held}");
    gate.release();
    let answer = running.await.expect("no panic").success();
    assert_eq!((served_by(&answer), nanos(&answer["usage"]["cost"])), ("openrouter", price));
    world.settled().await;
    assert_eq!(world.money(account.id).await, (1_000_000_000 - price, 0, 0));
    let calls = recorded(&world, &account).await;
    assert_eq!((&calls[1]["own_key"], &calls[1]["cost"]), (&json!(false), &json!(price)));
    // A key that is known serves for nothing all the same, and so it does where nobody could pay for our account.
    control.add_customer("openrouter", OWN).expect("a provider");
    let poor = world.account(0).await;
    for (who, balance) in [(&account, 1_000_000_000 - price), (&poor, 0)] {
        world.own_key(who.id, "openrouter", OWN).await;
        world
            .sql(&format!("update gateway.provider_keys set gateway_fallback = true where account_id = '{}'", who.id))
            .await;
        assert_eq!(nanos(&world.completion(&who.key, &hello(&json!({}))).await["usage"]["cost"]), 0);
        world.settled().await;
        assert_eq!(world.money(who.id).await, (balance, 0, 0));
    }
    world.own_key(poor.id, "openrouter", UNKNOWN).await;
    world
        .sql(&format!("update gateway.provider_keys set gateway_fallback = true where account_id = '{}'", poor.id))
        .await;
    Answer::to(world.chat(&poor.key, &hello(&json!({})))).await.refused(401, "provider_key_rejected");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_call_that_own_keys_may_serve_asks_one_at_a_time_and_is_held_for_one() {
    let (world, account) = with_own_key().await;
    second_route(&WIRES[0], &world).await;
    world
        .sql(&format!("update gateway.provider_keys set gateway_fallback = true where account_id = '{}'", account.id))
        .await;
    world.grant(account.id, 1_000_000_000, "purchase", None).await;
    let control = world.platform.providers.control();
    control.record(true);
    let mut holds = Vec::new();
    for hedge in [Value::Null, json!(0)] {
        control.clear();
        let gate = control.gate();
        let body = hello(&json!({"max_tokens": 100, "provider": {"hedge_ms": hedge}}));
        let running = tokio::spawn(Answer::to(world.chat(&account.key, &body)));
        certain("the call at the provider", gate.wait_for(1)).await;
        holds.push(world.value("select jsonb_agg(amount) from gateway.holds where state = 'open'").await);
        gate.release();
        running.await.expect("no panic").success();
        world.settled().await;
        assert_eq!(control.requests().len(), 1, "{hedge}");
    }
    assert_eq!(holds[0], holds[1]);
    assert_eq!(world.money(account.id).await, (1_000_000_000, 0, 0));
}
