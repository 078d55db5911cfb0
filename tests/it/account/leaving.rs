//! Somebody leaves while something else happens.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tests::answer::Answer;
use tests::certain;
use tests::watch::poll;
use tests::world::{Account, Route, World, hello};

use super::{audited, leave, mentions, rename};

#[tokio::test]
async fn a_call_that_runs_while_its_account_is_deleted_is_served_and_settled() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let gate = world.platform.providers.control().gate();
    let call = world.chat(&account.key, &hello(&json!({"max_tokens": 100})));
    let running = async {
        certain("a call at the provider", gate.wait_for(1)).await;
        leave(&world, &account).await.success();
        assert!(world.money(account.id).await.1 > 0, "the hold stays");
        gate.release();
    };
    let (answer, ()) = tokio::join!(Answer::to(call), running);
    let cost = tests::world::nanos(&answer.success()["usage"]["cost"]);
    world.settled().await;
    assert!(cost > 0);
    assert_eq!(world.money(account.id).await, (1_000_000_000 - cost, 0, 0));
    assert_eq!(world.value("select cost from gateway.requests").await, cost);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_a_deleted_account_still_owes_or_reserves_is_in_the_books_like_any_other() {
    let world = World::start().await;
    world
        .model("test/dear", &[Route::new("openrouter", "standin/usage?prompt=128000&cached=0&completion=16384")])
        .await;
    let (account, dead) = (world.account(100_000_000).await, world.account(1_000_000_000).await);
    // Its call costs more than it has; the other's function dies.
    world
        .sql(&format!(
            "insert into gateway.holds (call_id, account_id, key_id, state, amount, created_at, expires_at)
               values (gen_random_uuid(), '{0}', '{1}', 'open', 7, gateway.now(), gateway.now());
             update gateway.accounts set held = 7, next_overdue = gateway.now() where id = '{0}'",
            dead.id, dead.key_id
        ))
        .await;
    let gate = world.platform.providers.control().gate();
    let call = world.chat(&account.key, &hello(&json!({"model": "test/dear", "max_tokens": 100})));
    let leaving = async {
        certain("a call at the provider", gate.wait_for(1)).await;
        leave(&world, &account).await.success();
        leave(&world, &dead).await.success();
        gate.release();
    };
    let (answer, ()) = tokio::join!(Answer::to(call), leaving);
    assert_eq!(tests::world::nanos(&answer.success()["usage"]["cost"]), 160_768_000);
    let secret = world.platform.variables()["CRON_SECRET"].clone();
    poll("the settle and the sweep", || async {
        Answer::to(world.get("/api/cron/sweep-holds", &secret)).await.success();
        world.value("select count(*) from gateway.holds where state = 'open'").await == 0
    })
    .await;
    assert_eq!(world.money(account.id).await, (-60_768_000, 0, 60_768_000));
    assert_eq!(world.money(dead.id).await, (1_000_000_000, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_waits_for_no_answer_that_is_about_to_be_forgotten() {
    let Some(world) = World::concurrent("a deletion beside a request that is repeated").await else { return };
    let admin = world.administrator().await;
    let create = world.post("/admin/create", &admin.key, &json!({"email": "ada@test.example"}));
    let made = Answer::to(create.header("idempotency-key", "k")).await.success();
    let id = made["id"].as_str().expect("an id").parse().expect("a uuid");
    let account = Account { id, key_id: id, key: made["api_key"].as_str().expect("a key").to_owned() };
    // Somebody takes the key again after a day, and is going to want this account.
    let other = world.locked(&admin).await;
    other.batch_execute("delete from gateway.idempotency_keys").await.expect("a deletion");
    leave(&world, &account).await.success();
    other.batch_execute("commit").await.expect("the end");
    assert_eq!(mentions(&world, "ada@test.example").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_deletions_of_one_account_one_succeeds() {
    let Some(world) = World::concurrent("parallel deletions").await else { return };
    let account = world.account(1_000_000_000).await;
    let answers = join_all((0..16).map(|_| leave(&world, &account))).await;
    let mut outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
    outcomes.sort();
    assert_eq!(outcomes[0], (200, String::new()));
    assert!(outcomes[1..].iter().all(|outcome| *outcome == (401, "api_key_revoked".to_owned())), "{outcomes:?}");
    assert_eq!(audited(&world, "account.delete").await.len(), 1);
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_comes_while_the_account_is_deleted_is_not_kept() {
    let Some(world) = World::concurrent("a change beside a deletion").await else { return };
    for round in 0..10 {
        let account = world.account(0).await;
        let body = json!({"username": format!("late-name-{round}")});
        // The change has been admitted and waits for the account, behind the deletion.
        let client = world.locked(&account).await;
        let (left, renamed, ()) = tokio::join!(
            leave(&world, &account),
            async {
                world.until_waiting(1).await;
                rename(&world, &account, &body).await
            },
            async {
                world.until_waiting(2).await;
                client.batch_execute("rollback").await.expect("the lock's end");
            }
        );
        left.success();
        renamed.refused(401, "api_key_revoked");
        assert_eq!(mentions(&world, "late-name").await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_provider_that_comes_while_the_account_is_deleted_is_not_kept() {
    let Some(world) = World::concurrent("a provider key beside a deletion").await else { return };
    let account = world.account(0).await;
    let body = json!({"provider": "chutes", "api_key": "sk-late-0123456789abcdef"});
    let client = world.locked(&account).await;
    let (left, stored, ()) = tokio::join!(
        leave(&world, &account),
        async {
            world.until_waiting(1).await;
            Answer::to(world.post("/user/provider-keys", &account.key, &body)).await
        },
        async {
            world.until_waiting(2).await;
            client.batch_execute("rollback").await.expect("the lock's end");
        }
    );
    left.success();
    stored.refused(401, "api_key_revoked");
    let kept = "select jsonb_build_array((select count(*) from gateway.provider_keys),
                  (select count(*) from gateway.accounts where has_provider_keys))";
    assert_eq!(world.value(kept).await, json!([0, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_begin_while_the_account_is_deleted_are_served_whole_or_not_at_all() {
    let Some(world) = World::concurrent("calls beside a deletion").await else { return };
    let account = world.account(1_000_000_000).await;
    let calls = (0..30).map(|at| {
        let (world, account) = (&world, &account);
        async move {
            tokio::time::sleep(Duration::from_millis(at * 3)).await;
            Answer::to(world.chat(&account.key, &hello(&json!({})))).await.outcome()
        }
    });
    let leaving = async {
        poll("the first request", || async { world.value("select count(*) > 0 from gateway.requests").await == true })
            .await;
        leave(&world, &account).await.success();
    };
    let (outcomes, ()) = tokio::join!(join_all(calls), leaving);
    world.settled().await;
    let served = outcomes.iter().filter(|(status, _)| *status == 200).count();
    assert!(served > 0, "{outcomes:?}");
    for outcome in outcomes.iter().filter(|(status, _)| *status != 200) {
        assert_eq!(*outcome, (401, "api_key_revoked".to_owned()));
    }
    assert_eq!(world.value("select count(*) from gateway.requests").await, served);
    assert_eq!(world.money(account.id).await.1, 0);
    world.assert_ledger_clean().await;
}
