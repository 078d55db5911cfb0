//! What an end user may spend: of its own, by default, in a period; and what does not count.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::wire::formats;
use tests::world::{MODEL, Route, World, hello, nanos};

use super::{HOLD, call, dollars, forget, list, seen, set};

#[tokio::test]
async fn a_refusal_says_in_every_format_what_is_left_and_leaves_nothing_behind() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    set(&world, &account, Some("ann"), json!({"amount": 0})).await.success();
    for wire in formats() {
        let said = match wire.name {
            "messages" => json!({"max_tokens": 100, "metadata": {"user_id": "ann"}}),
            _ => json!({"max_tokens": 100, "safety_identifier": "ann"}),
        };
        let answer = Answer::to(world.call(wire, &account.key, &wire.hello(&said))).await;
        let refused = answer.refused(402, "end_user_budget_reached");
        assert_eq!(refused["available"], 0, "{refused}");
        assert_eq!(answer.headers["x-should-retry"], "false");
        // Others go on.
        let other = wire.hello(&serde_json::from_str(&said.to_string().replace("ann", "bob")).expect("JSON"));
        assert_eq!(Answer::to(world.call(wire, &account.key, &other)).await.status, 200);
    }
    world.settled().await;
    assert_eq!(world.money(account.id).await.1, 0);
    assert_eq!(world.value("select count(*) from gateway.holds where state = 'open'").await, 0);
    // What costs nothing is open to whoever has spent everything.
    world
        .model(
            "test/free",
            &[Route { prompt: 0, cached: 0, completion: 0, ..Route::new("openrouter", "standin/normal") }],
        )
        .await;
    world.completion(&account.key, &hello(&json!({"model": "test/free", "user": "ann"}))).await;
}

#[tokio::test]
async fn not_a_nano_dollar_beyond_a_budget_is_reserved() {
    const OUTPUT: i64 = 100 * 2_000;
    let world = World::start().await;
    world.model(MODEL, &[Route { prompt: 0, cached: 0, ..Route::new("openrouter", "standin/normal") }]).await;
    let account = world.account(1_000_000_000).await;
    // Whoever sets no output limit is given what the budget has left.
    set(&world, &account, Some("eve"), json!({"amount": dollars(3 * OUTPUT)})).await.success();
    world.completion(&account.key, &hello(&json!({"user": "eve"}))).await;
    world.settled().await;
    assert_eq!(world.newest_call().await["held"], 3 * OUTPUT);
    // The budget, what calls in flight reserve of it, and what becomes of the next call.
    for (place, (budget, in_flight, refusal)) in [
        (OUTPUT, 0, None),
        (OUTPUT - 1, 0, Some("end_user_budget_reached")),
        (3 * OUTPUT, 2 * OUTPUT, None),
        (3 * OUTPUT - 1, 2 * OUTPUT, Some("credits_in_flight")),
    ]
    .into_iter()
    .enumerate()
    {
        let user = format!("user-{place}");
        set(&world, &account, Some(&user), json!({"amount": dollars(budget), "period": "month"})).await.success();
        if in_flight > 0 {
            let open = world.reserve(&account, in_flight).await;
            world.sql(&format!("update gateway.holds set end_user = '{user}' where call_id = '{open}'")).await;
            assert_eq!(nanos(&seen(&world, &account, &user).await["held"]), in_flight);
        }
        let answer = Answer::to(world.chat(&account.key, &call(&user))).await;
        let expected = refusal.map_or((200, ""), |code| (402, code));
        assert_eq!(answer.outcome(), (expected.0, expected.1.to_owned()), "{budget} {in_flight}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_budget_ends_with_its_period_and_the_default_holds_for_each_by_itself() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:00Z").await;
    let account = world.account(1_000_000_000).await;
    let chat = async |user: &str| Answer::to(world.chat(&account.key, &call(user))).await.outcome().1;
    let budget = |period: &str| json!({"amount": dollars(HOLD), "period": period});
    set(&world, &account, Some("of-day"), budget("day")).await.success();
    set(&world, &account, Some("of-total"), budget("total")).await.success();
    set(&world, &account, Some("free"), json!({"amount": null})).await.success();
    set(&world, &account, None, budget("week")).await.success();
    let users = ["of-day", "of-total", "one", "other", "free"];
    for user in users {
        assert_eq!(chat(user).await, "", "{user}");
        world.settled().await;
        let again = chat(user).await;
        assert_eq!(again, if user == "free" { "" } else { "end_user_budget_reached" }, "{user}");
    }
    // A call that is for nobody is bound by no budget.
    for _ in 0..2 {
        world.completion(&account.key, &hello(&json!({"max_tokens": 100}))).await;
    }
    world.set_clock("2027-03-18 00:00Z").await;
    assert_eq!((chat("of-day").await, chat("one").await), (String::new(), "end_user_budget_reached".to_owned()));
    world.set_clock("2027-03-22 00:00Z").await;
    assert_eq!((chat("one").await, chat("of-total").await), (String::new(), "end_user_budget_reached".to_owned()));
    world.settled().await;

    let listed = list(&world, &account, "").await;
    assert_eq!(listed["default_budget"], budget("week"));
    let of = |name: &str| {
        listed["data"].as_array().and_then(|users| users.iter().find(|user| user["user"] == name).cloned()).expect(name)
    };
    assert_eq!(
        (&of("one")["is_default"], &of("one")["resets_at"]),
        (&json!(true), &json!("2027-03-29T00:00:00+00:00"))
    );
    assert_eq!((&of("free")["budget"], &of("free")["remaining"]), (&Value::Null, &Value::Null));
    assert_eq!(nanos(&of("of-total")["spent"]) + nanos(&of("of-total")["remaining"]), HOLD);
    // Another amount goes on counting; another period counts from now.
    set(&world, &account, Some("of-total"), json!({"amount": dollars(2 * HOLD), "period": "total"})).await.success();
    assert!(nanos(&seen(&world, &account, "of-total").await["spent"]) > 0);
    set(&world, &account, Some("of-total"), budget("month")).await.success();
    assert_eq!(seen(&world, &account, "of-total").await["spent"], 0);
    world.assert_ledger_clean().await;

    // Without budgets nobody is on record any longer, and a call is a usual one again.
    set(&world, &account, None, Value::Null).await.success();
    for user in ["of-day", "of-total", "free"] {
        forget(&world, &account, user).await.success();
    }
    assert_eq!(list(&world, &account, "").await["data"], json!([]));
    let flag = format!("select has_end_users from gateway.accounts where id = '{}'", account.id);
    assert_eq!(world.value(&flag).await, false);
    assert_eq!(chat("of-total").await, "");
}

#[tokio::test]
async fn end_users_that_anyone_makes_up_are_bounded_and_a_new_period_makes_room() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:00Z").await;
    let account = world.account(1_000_000_000).await;
    set(&world, &account, None, json!({"amount": 1, "period": "day"})).await.success();
    let sql = format!(
        "insert into gateway.end_users (account_id, name, is_own, spent, period_start, created_at)
           select '{}', 'user-' || i, false, 0, gateway.now(), gateway.now() from generate_series(1, gateway.most_end_users()) as i",
        account.id
    );
    world.sql(&sql).await;
    let answer = Answer::to(world.chat(&account.key, &call("one-more"))).await;
    assert_eq!(answer.refused(429, "too_many_end_users")["most"], 10_000);
    assert_eq!(answer.headers["x-should-retry"], "false");
    set(&world, &account, Some("one-more"), json!({"amount": 1})).await.refused(429, "too_many_end_users");
    world.completion(&account.key, &call("user-1")).await;
    world.set_clock("2027-03-18 12:00Z").await;
    world.completion(&account.key, &call("one-more")).await;
    world.settled().await;
    let known = world.value("select count(*) from gateway.end_users").await.as_i64().expect("a number");
    assert!((9_000..10_000).contains(&known), "{known}");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_a_crash_loses_and_what_comes_late_is_counted_once() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    set(&world, &account, None, json!({"amount": 1, "period": "month"})).await.success();
    world.completion(&account.key, &call("ann")).await;
    world.settled().await;
    let spent = nanos(&seen(&world, &account, "ann").await["spent"]);
    // The record of the end user was lost with its hold, whose settlement brings it back; and comes twice.
    let begun = format!(
        "select public.begin_request(
           json_build_object('caller', jsonb_build_object('key_hashes', jsonb_build_array('{}')), 'call', jsonb_build_object(
             'call_id', '01a0b1c0-0000-7000-8000-000000000000', 'model', '{MODEL}', 'providers', '[\"openrouter\"]'::jsonb,
             'allowed', '[]'::jsonb, 'prompt_bound', 50, 'images', 0, 'tools', false, 'modalities', '[]'::jsonb, 'choices', 1,
             'output_limit', 100, 'hold_seconds', 60, 'markup', 10000, 'end_user', 'bob')))",
        world.hash(&account.key)
    );
    let begun = world.value(&begun).await;
    assert_eq!(seen(&world, &account, "bob").await["held"], dollars(begun["held"].as_i64().expect("an amount")));
    world.sql("delete from gateway.holds; delete from gateway.end_users where name = 'bob'").await;
    world.sql(&format!("update gateway.accounts set held = 0 where id = '{}'", account.id)).await;
    let settlement = json!({"call_id": "01a0b1c0-0000-7000-8000-000000000000", "outcome": "completed", "provider": "openrouter",
        "usage": {"prompt": 10, "completion": 20}, "end_user": "bob", "hold": tests::facts::facts(&begun, "openrouter")});
    for _ in 0..2 {
        world.value(&format!("select public.finish_request('{settlement}')")).await;
        assert_eq!(nanos(&seen(&world, &account, "bob").await["spent"]), 10 * 1_000 + 20 * 2_000);
    }
    assert_eq!(nanos(&seen(&world, &account, "ann").await["spent"]), spent);
    world.assert_ledger_clean().await;
    // A figure that is wrong is found.
    world.sql("update gateway.end_users set spent_ever = spent_ever + 1 where name = 'ann'").await;
    let report = world.value("select gateway.ledger_check()").await;
    assert_eq!(report["problems"][0]["problem"], "what an end user has spent differs from its requests", "{report}");
}
