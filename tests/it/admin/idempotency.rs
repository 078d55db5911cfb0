//! Credit is given once under an Idempotency-Key, whatever becomes of the first answer.

use local::postgrest::Fault;
use serde_json::{Value, json};
use tests::world::{Account, World};

use super::post;

const PATH: &str = "/admin/add_credits";

fn gift(account: &Account) -> Value {
    json!({"account_id": account.id, "amount": 2})
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer_and_another_body_is_refused() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let first = post(&world, &admin, PATH, &gift(&account), Some("k")).await;
    assert_eq!(first.status, 200);
    // Even when the balance has moved on since.
    world.grant(account.id, 5_000_000_000, "purchase", None).await;
    let again = post(&world, &admin, PATH, &gift(&account), Some("k")).await;
    assert_eq!((again.status, again.text), (200, first.text));
    let other = json!({"account_id": account.id, "amount": 3});
    post(&world, &admin, PATH, &other, Some("k")).await.refused(409, "idempotency_conflict");
    assert_eq!(world.money(account.id).await.0, 7_000_000_000);
    // Without a key, or with another one, it is another gift.
    post(&world, &admin, PATH, &gift(&account), None).await.success();
    post(&world, &admin, PATH, &gift(&account), Some("k2")).await.success();
    assert_eq!(world.money(account.id).await.0, 11_000_000_000);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_key_is_its_callers_own_and_bound_to_its_path() {
    let world = World::start().await;
    let (one, two, account) = (world.administrator().await, world.administrator().await, world.account(0).await);
    post(&world, &one, PATH, &gift(&account), Some("k")).await.success();
    post(&world, &two, PATH, &gift(&account), Some("k")).await.success();
    assert_eq!(world.money(account.id).await.0, 4_000_000_000);
    let create = json!({"email": "new@test.example"});
    post(&world, &one, "/admin/create", &create, Some("k")).await.refused(409, "idempotency_conflict");
    // The same endpoint by its path behind a rewrite is the same.
    post(&world, &one, "/api/admin/add_credits", &gift(&account), Some("k")).await.success();
    assert_eq!(world.money(account.id).await.0, 4_000_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_repetitions_at_once_give_once_and_answer_alike() {
    let Some(world) = World::concurrent("repetitions at the same time").await else { return };
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let gate = world.platform.postgrest.control().gate(Some("add_credits"));
    let body = gift(&account);
    let all = futures_util::future::join_all((0..20).map(|_| post(&world, &admin, PATH, &body, Some("k"))));
    let release = async {
        tests::certain("all at the database", gate.waiting(20)).await;
        gate.open();
    };
    let (answers, ()) = tokio::join!(all, release);
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (200, &answers[0].text));
    }
    assert_eq!(world.money(account.id).await, (2_000_000_000, 0, 0));
    assert_eq!(world.value("select count(*) from gateway.audit_logs").await, json!(1));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn after_24_hours_a_key_is_new() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    post(&world, &admin, PATH, &gift(&account), Some("k")).await.success();
    for (at, balance) in [("2090-03-02 12:00Z", 2), ("2090-03-02 12:00:00.000001Z", 4), ("2090-03-02 12:00:01Z", 4)] {
        world.set_clock(at).await;
        post(&world, &admin, PATH, &gift(&account), Some("k")).await.success();
        assert_eq!(world.money(account.id).await.0, balance * 1_000_000_000, "{at}");
    }
    // So is it for another body.
    world.set_clock("2090-03-04 12:00Z").await;
    post(&world, &admin, PATH, &json!({"account_id": account.id, "amount": 1}), Some("k")).await.success();
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_first_attempt_that_failed_does_not_stand_in_the_way() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let control = world.platform.postgrest.control();
    for (i, fault) in
        [Fault::Raise("40P01".into()), Fault::Raise("57014".into()), Fault::Refuse].into_iter().enumerate()
    {
        let key = format!("k{i}");
        control.fail(Some("add_credits"), Some(1), fault);
        post(&world, &admin, PATH, &gift(&account), Some(&key)).await.refused(503, "service_unavailable");
        post(&world, &admin, PATH, &gift(&account), Some(&key)).await.success();
        assert_eq!(world.money(account.id).await.0, (i as i64 + 1) * 2_000_000_000);
    }
    // A transaction that fails within itself takes its claim with it.
    world
        .sql("alter table gateway.audit_logs add constraint log_full check (action <> 'credits.change') not valid")
        .await;
    post(&world, &admin, PATH, &gift(&account), Some("k9")).await.refused(503, "service_unavailable");
    world.sql("alter table gateway.audit_logs drop constraint log_full").await;
    post(&world, &admin, PATH, &gift(&account), Some("k9")).await.success();
    assert_eq!(world.money(account.id).await.0, 8_000_000_000);
    // A refusal is no answer to keep either.
    let take = json!({"account_id": account.id, "amount": -9});
    post(&world, &admin, PATH, &take, Some("k10")).await.refused(402, "insufficient_credits");
    world.grant(account.id, 1_000_000_000, "purchase", None).await;
    post(&world, &admin, PATH, &take, Some("k10")).await.success();
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    world.platform.postgrest.control().fail(Some("add_credits"), Some(1), Fault::DropAnswer);
    post(&world, &admin, PATH, &gift(&account), Some("k")).await.refused(503, "service_unavailable");
    // It was given all the same.
    assert_eq!(world.money(account.id).await.0, 2_000_000_000);
    let again = post(&world, &admin, PATH, &gift(&account), Some("k")).await.success();
    assert_eq!(again["balance"], 2);
    assert_eq!(world.money(account.id).await.0, 2_000_000_000);
}
