//! An account is told that an end user comes near its budget: at four fifths and at all of it, each once a period.

use local::upstash::Engine;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::{HOLD, call, dollars, forget, set};
use crate::webhooks::receiver::Receiver;
use crate::webhooks::{make, told_behind};

/// What was queued for webhooks, in the order in which it was caused: the clock stands still, and what was spent only grows.
async fn events(world: &World) -> Vec<Value> {
    let sql = "select coalesce(jsonb_agg(data order by created_at, (data ->> 'spent')::numeric, (data ->> 'step')::integer), '[]')
               from gateway.webhook_deliveries";
    world.value(sql).await.as_array().expect("a list").clone()
}

async fn steps(world: &World, user: &str) -> Vec<Value> {
    events(world).await.iter().filter(|it| it["user"] == user).map(|it| it["step"].clone()).collect()
}

/// The mail about end users, oldest first: how many each is about, whom it names, and whether it waits.
async fn mail(world: &World, account: &Account) -> Value {
    let sql = format!(
        "select coalesce(jsonb_agg(jsonb_build_array(
             payload -> 'count', (select jsonb_agg(u -> 'user') from jsonb_array_elements(payload -> 'users') as u),
             due_at > created_at) order by id), '[]')
           from gateway.notifications where account_id = '{}' and kind = 'end_user_budget'",
        account.id
    );
    world.value(&sql).await
}

async fn told_world() -> (World, Account, Receiver) {
    let world = World::with(Engine::InProcess, &[("WEBHOOK_LOCAL_HOSTS", "127.0.0.1")]).await;
    world.set_clock("2090-03-10 12:00Z").await;
    let account = world.account(10_000_000_000).await;
    let email = format!("email = '{}@test.example'", account.id);
    world.change_account(&account, &email).await;
    let receiver = Receiver::start().await;
    make(&world, &account, &receiver.url("/"), &["end_user.budget_reached"]).await;
    (world, account, receiver)
}

/// Has spent so much before a call, which is then made.
async fn spend(world: &World, account: &Account, user: &str, before: i64) -> u16 {
    world.sql(&format!("update gateway.end_users set spent = {before} where name = '{user}'")).await;
    let status = Answer::to(world.chat(&account.key, &call(user))).await.status;
    world.settled().await;
    status
}

#[tokio::test]
async fn at_four_fifths_and_at_all_of_a_budget_once_a_period_and_again_for_another_amount() {
    let (world, account, receiver) = told_world().await;
    let budget = 10 * HOLD;
    let limit = |budget: i64| json!({"amount": dollars(budget), "period": "month"});
    set(&world, &account, Some("bob"), limit(budget)).await.success();
    assert_eq!(spend(&world, &account, "bob", 0).await, 200);
    assert!(events(&world).await.is_empty());
    for _ in 0..2 {
        assert_eq!(spend(&world, &account, "bob", 8 * HOLD).await, 200);
        assert_eq!(steps(&world, "bob").await, [80]);
    }
    let told = events(&world).await[0].clone();
    let spent = 8 * HOLD + world.newest_call().await["cost"].as_i64().expect("a cost");
    assert_eq!(
        told,
        json!({"user": "bob", "step": 80, "spent": dollars(spent), "budget": dollars(budget), "period": "month", "at": told["at"]})
    );
    // What is left fits no call: as good as nothing, and told of once however often one is tried.
    for _ in 0..3 {
        assert_eq!(spend(&world, &account, "bob", budget - 1).await, 402);
    }
    assert_eq!(steps(&world, "bob").await, [80, 100]);
    // Another amount is another matter; so is another month.
    set(&world, &account, Some("bob"), limit(2 * budget)).await.success();
    assert_eq!(spend(&world, &account, "bob", 17 * HOLD).await, 200);
    assert_eq!(steps(&world, "bob").await, [80, 100, 80]);
    world.set_clock("2090-04-10 12:00Z").await;
    for told in [3, 4, 4] {
        assert_eq!(spend(&world, &account, "bob", 17 * HOLD).await, 200);
        assert_eq!(steps(&world, "bob").await, [80, 100, 80, 80][..told]);
    }
    // A call may lead from nothing to all of it at once.
    world.sql("update gateway.end_users set budget = spent + 1").await;
    assert_eq!(Answer::to(world.chat(&account.key, &call("bob"))).await.status, 402);
    assert_eq!(steps(&world, "bob").await, [80, 100, 80, 80, 100]);
    // Each was told once, behind the act that has caused it.
    told_behind(&world).await;
    let told: Vec<Value> = receiver.take().iter().map(|one| one.json()["type"].clone()).collect();
    assert_eq!(told, vec![json!("end_user.budget_reached"); 5]);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_default_budget_is_told_of_for_each_user_and_mailed_of_together() {
    let (world, account, _receiver) = told_world().await;
    set(&world, &account, None, json!({"amount": dollars(10 * HOLD), "period": "day"})).await.success();
    let users: Vec<String> = (0..25).map(|at| format!("user-{at:02}")).collect();
    for user in &users {
        assert_eq!(spend(&world, &account, user, 0).await, 200);
        assert_eq!(spend(&world, &account, user, 8 * HOLD).await, 200);
    }
    assert_eq!(events(&world).await.len(), 25);
    let named: Vec<&String> = users[1..=20].iter().collect();
    assert_eq!(mail(&world, &account).await, json!([[1, ["user-00"], false], [24, named, true]]));
    // Nobody is told of a budget of nothing, or of calls that cost nothing.
    set(&world, &account, Some("none"), json!({"amount": 0, "period": "day"})).await.success();
    assert_eq!(Answer::to(world.chat(&account.key, &call("none"))).await.status, 402);
    assert_eq!(steps(&world, "none").await, Vec::<Value>::new());

    // Who is forgotten is forgotten here as well.
    forget(&world, &account, "user-00").await.success();
    forget(&world, &account, "user-07").await.success();
    assert!(!world.is_stored("user-00").await && !world.is_stored("user-07").await);
    assert!(world.is_stored("user-08").await);

    // Who wants no mail of it gets none; webhooks are told all the same.
    let url = format!("{}/user/notifications/preferences", world.base_url);
    let off = world.http.patch(url).bearer_auth(&account.key).header("content-type", "application/json");
    Answer::to(off.body(json!({"end_user_budget": false}).to_string())).await.success();
    world.sql("delete from gateway.notifications").await;
    assert_eq!(spend(&world, &account, "user-08", 10 * HOLD - 1).await, 402);
    assert_eq!(steps(&world, "user-08").await, [80, 100]);
    assert_eq!(mail(&world, &account).await, json!([]));
}
