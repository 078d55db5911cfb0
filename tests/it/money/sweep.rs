//! The sweep looks after many accounts, a few at a time, and after each of them by itself.

use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{Account, World, hello, send};
use uuid::Uuid;

/// An account with a hold whose function has died.
async fn overdue(world: &World) -> Account {
    let account = world.account(1_000).await;
    let (id, key, call) = (account.id, account.key_id, Uuid::now_v7());
    world
        .sql(&format!(
            "insert into gateway.holds (call_id, account_id, key_id, state, amount, created_at, expires_at)
               select '{call}', '{id}', '{key}', 'open', 100, at, at from (select gateway.now() - interval '1 hour') t (at);
             update gateway.accounts set held = 100, next_overdue = gateway.now() - interval '1 hour' where id = '{id}'"
        ))
        .await;
    account
}

async fn sweep(world: &World) -> Value {
    let secret = &world.platform.variables()["CRON_SECRET"];
    Answer::to(world.get("/api/cron/sweep-holds", secret)).await.success()["holds"].clone()
}

#[tokio::test]
async fn a_sweep_has_few_accounts_locked_at_a_time() {
    let world = World::start().await;
    for _ in 0..60 {
        overdue(&world).await;
    }
    let control = world.platform.postgrest.control();
    control.record(true);
    assert_eq!(sweep(&world).await, json!({"accounts": 60, "forgotten": 0}));
    let steps = control.calls().iter().filter(|call| call.function == "sweep_holds").count();
    assert_eq!(steps, 3, "steps of 25 accounts");
    assert_eq!(world.value("select sum(held) from gateway.accounts").await, json!(0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_hold_outlives_the_deadline_of_its_call_so_that_no_sweep_comes_before_the_settle() {
    let world = World::with(Engine::InProcess, &[("CALL_MAX_SECONDS", "100")]).await;
    let account = world.account(1_000_000_000).await;
    let gate = world.platform.providers.control().gate();
    let call = tokio::spawn(send(world.chat(&account.key, &hello(&json!({})))));
    certain("the call at the provider", gate.wait_for(1)).await;
    let left = world.value("select extract(epoch from expires_at - gateway.now())::integer from gateway.holds").await;
    // It may take 100 s, and its settle has a minute more.
    assert!(left.as_i64() > Some(120), "{left}");
    gate.release();
    assert_eq!(call.await.expect("no panic").status(), 200);
    world.settled().await;
}

#[tokio::test]
async fn an_account_that_cannot_be_swept_keeps_no_other_from_it() {
    let Some(world) = World::catching("an account that cannot be swept").await else { return };
    let (broken, others) = (overdue(&world).await, [overdue(&world).await, overdue(&world).await]);
    world.change_account(&broken, "held = 0").await;
    assert_eq!(sweep(&world).await, json!({"accounts": 2, "forgotten": 0}));
    for account in &others {
        assert_eq!(world.money(account.id).await, (1_000, 0, 0));
    }
    let open = "select jsonb_agg(account_id) from gateway.holds where state = 'open'";
    assert_eq!(world.value(open).await, json!([broken.id]));
}

#[tokio::test]
async fn a_call_whose_function_has_died_counts_once_of_those_that_its_key_may_make() {
    let world = World::start().await;
    // How its settle ends it after all, and how many calls more are left then: one that was refused was none.
    for (outcome, left) in [("failed", 1), ("refused", 2)] {
        let account = world.account(1_000_000_000).await;
        world.change_key(&account, "max_requests = 2").await;
        let call = world.reserve(&account, 100).await;
        world
            .sql(&format!(
                "update gateway.accounts set next_overdue = gateway.now() - interval '1 second' where id = '{0}';
                 update gateway.holds set expires_at = gateway.now() - interval '1 second' where account_id = '{0}'",
                account.id
            ))
            .await;
        assert_eq!(sweep(&world).await["accounts"], 1);
        let ask = || Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 5}))));
        ask().await.success();
        ask().await.refused(429, "request_limit_reached");
        let settle = format!(r#"select public.finish_request('{{"call_id": "{call}", "outcome": "{outcome}"}}')"#);
        world.value(&settle).await;
        world.change_key(&account, "max_requests = 3").await;
        for _ in 0..left {
            ask().await.success();
        }
        ask().await.refused(429, "request_limit_reached");
        world.settled().await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_grant_whose_time_is_over_waits_for_the_calls_that_it_may_still_pay_and_for_no_others() {
    let world = World::start().await;
    // What a call has reserved, how long before the grant's end it began, and what is left of the grant.
    for (amount, before, left) in [(100, 1, 1_000_000), (100, 0, 0), (0, 1, 0)] {
        let account = world.account(0).await;
        world.grant(account.id, 1_000_000, "trial", Some("1 hour")).await;
        let end = "timestamptz '2026-01-01 00:00Z'";
        world
            .sql(&format!(
                "update gateway.credit_grants set expires_at = {end} where account_id = '{0}';
                 insert into gateway.holds (call_id, account_id, key_id, state, amount, created_at, expires_at)
                   values ('{1}', '{0}', '{2}', 'open', {amount}, {end} - interval '{before} microseconds',
                           gateway.now() + interval '1 hour');
                 update gateway.accounts set held = {amount}, next_expiry = {end},
                   next_overdue = gateway.now() + interval '1 hour' where id = '{0}'",
                account.id,
                Uuid::now_v7(),
                account.key_id
            ))
            .await;
        sweep(&world).await;
        assert_eq!(world.money(account.id).await, (left, amount, 0), "{amount} {before}");
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_hold_is_released_in_the_moment_in_which_its_time_is_over() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    let account = world.account(1_000_000_000).await;
    let sql = format!(
        "insert into gateway.holds (call_id, account_id, key_id, state, amount, created_at, expires_at)
           values ('{1}', '{0}', '{2}', 'open', 100, gateway.now() - interval '1 minute', gateway.now());
         update gateway.accounts set held = 100, next_overdue = gateway.now() where id = '{0}'",
        account.id,
        Uuid::now_v7(),
        account.key_id
    );
    world.sql(&sql).await;
    sweep(&world).await;
    assert_eq!(world.money(account.id).await, (1_000_000_000, 0, 0));
}

#[tokio::test]
async fn a_call_that_two_grants_pay_takes_first_what_lapses_first_whichever_is_older() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.grant(account.id, 10, "purchase", Some("2 hours")).await;
    world.grant(account.id, 20, "trial", Some("1 hour")).await;
    world.completion(&account.key, &hello(&json!({"max_tokens": 5}))).await;
    world.settled().await;
    let cost = world.newest_call().await["cost"].as_i64().expect("a cost");
    assert!(cost > 30, "{cost}");
    let left = "select jsonb_agg(remaining order by id) from gateway.credit_grants where account_id";
    assert_eq!(world.value(&format!("{left} = '{}'", account.id)).await, json!([1_000_000_030 - cost, 0, 0]));
    // Less than what lapses first: nothing else is touched.
    world.grant(account.id, 2 * cost, "trial", Some("1 hour")).await;
    world.grant(account.id, cost - 1, "trial", Some("30 minutes")).await;
    world.completion(&account.key, &hello(&json!({"max_tokens": 5}))).await;
    world.settled().await;
    let left = format!("{left} = '{}' and remaining > 0", account.id);
    assert_eq!(world.value(&left).await, json!([1_000_000_030 - cost, 2 * cost - 1]));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_ends_in_this_moment_pays_the_call_that_is_made_and_no_further_one() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    let account = world.account(0).await;
    world.grant(account.id, 1_000_000_000, "purchase", Some("1 minute")).await;
    let gate = world.platform.providers.control().gate();
    let body = hello(&json!({"max_tokens": 5}));
    let call = tokio::spawn(Answer::to(world.chat(&account.key, &body)));
    certain("the call at the provider", gate.wait_for(1)).await;
    world.set_clock("2090-03-01 12:01Z").await;
    Answer::to(world.chat(&account.key, &body)).await.refused(402, "credits_in_flight");
    gate.release();
    call.await.expect("no panic").success();
    world.settled().await;
    assert!(world.newest_call().await["cost"].as_i64() > Some(0));
    sweep(&world).await;
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_grant_that_lapses_while_a_call_is_made_pays_it_before_what_does_not_lapse() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.grant(account.id, 1_000_000, "trial", Some("1 hour")).await;
    let gate = world.platform.providers.control().gate();
    let call = tokio::spawn(Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 5})))));
    certain("the call at the provider", gate.wait_for(1)).await;
    world
        .sql(&format!(
            "update gateway.credit_grants g set expires_at = h.created_at + interval '1 microsecond'
               from gateway.holds h where h.account_id = g.account_id and g.source = 'trial';
             update gateway.accounts set next_expiry = (select min(expires_at) from gateway.credit_grants where source = 'trial')
               where id = '{}'",
            account.id
        ))
        .await;
    gate.release();
    call.await.expect("no panic").success();
    world.settled().await;
    assert!(world.newest_call().await["cost"].as_i64() > Some(0));
    // What it did not need is gone.
    sweep(&world).await;
    assert_eq!(world.money(account.id).await, (1_000_000_000, 0, 0));
    world.assert_ledger_clean().await;
}
