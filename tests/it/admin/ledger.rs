//! The proof that the books balance, and that it would show if they did not.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello};

/// An id that nothing has.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

async fn report(world: &World, admin: &Account) -> Value {
    Answer::to(world.get("/admin/ledger/check", &admin.key)).await.success()
}

/// An account with two grants, one of them spent in part by a call, and an administrator.
async fn books(world: &World) -> (Account, Account) {
    let account = world.account(3_000_000_000).await;
    world.grant(account.id, 1_000_000_000, "coupon", Some("30 days")).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    (account, world.administrator().await)
}

#[tokio::test]
async fn clean_books_are_said_to_be_clean_with_their_sums() {
    let world = World::start().await;
    let (account, admin) = books(&world).await;
    let report = report(&world, &admin).await;
    assert_eq!((&report["ok"], &report["problems"], &report["accounts"]), (&json!(true), &json!([]), &json!(2)));
    assert_eq!((tests::world::nanos(&report["balance"]), 0, 0), world.money(account.id).await);
    assert_eq!((&report["held"], &report["debt"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn each_corruption_is_reported_with_its_account() {
    let world = World::start().await;
    let (account, admin) = books(&world).await;
    let id = account.id;
    // A change of the books behind the ledger's back, and its undoing.
    let corruptions = [
        (
            "balance",
            format!("update gateway.accounts set balance = balance + 1 where id = '{id}'"),
            format!("update gateway.accounts set balance = balance - 1 where id = '{id}'"),
        ),
        (
            "debt",
            format!("update gateway.accounts set debt = debt + 1 where id = '{id}'"),
            format!("update gateway.accounts set debt = debt - 1 where id = '{id}'"),
        ),
        (
            "refunds",
            format!("update gateway.accounts set refund_debt = refund_debt + 1 where id = '{id}'"),
            format!("update gateway.accounts set refund_debt = refund_debt - 1 where id = '{id}'"),
        ),
        (
            "held",
            format!("update gateway.accounts set held = held + 1 where id = '{id}'"),
            format!("update gateway.accounts set held = held - 1 where id = '{id}'"),
        ),
        (
            "key",
            format!(
                "insert into gateway.holds (call_id, account_id, key_id, state, created_at, expires_at)
                   values ('{NOBODY}', '{id}', '{NOBODY}', 'swept', gateway.now(), gateway.now())"
            ),
            format!("delete from gateway.holds where call_id = '{NOBODY}'"),
        ),
        (
            "next_overdue",
            format!(
                "insert into gateway.holds (call_id, account_id, key_id, state, created_at, expires_at)
                   select '{NOBODY}', account_id, id, 'open', gateway.now(), gateway.now() - interval '1 year'
                   from gateway.api_keys where account_id = '{id}' limit 1"
            ),
            format!("delete from gateway.holds where call_id = '{NOBODY}'"),
        ),
        (
            "exist",
            format!(
                "insert into gateway.credit_transactions (account_id, type, amount, grant_id, balance_after, created_at)
                   values ('{id}', 'usage', 1, 0, 0, gateway.now()), ('{id}', 'usage', -1, 0, 0, gateway.now())"
            ),
            "alter table gateway.credit_transactions disable trigger append_only;
             delete from gateway.credit_transactions where grant_id = 0;
             alter table gateway.credit_transactions enable trigger append_only"
                .to_owned(),
        ),
        (
            "grant",
            "update gateway.credit_grants set remaining = remaining - 1 where source = 'coupon'".to_owned(),
            "update gateway.credit_grants set remaining = remaining + 1 where source = 'coupon'".to_owned(),
        ),
        (
            "grant",
            "update gateway.credit_grants set live = false where source = 'coupon'".to_owned(),
            "update gateway.credit_grants set live = true where source = 'coupon'".to_owned(),
        ),
        (
            "request",
            "update gateway.requests set cost = cost + 1".to_owned(),
            "update gateway.requests set cost = cost - 1".to_owned(),
        ),
        (
            "next_expiry",
            format!("update gateway.accounts set next_expiry = null where id = '{id}'"),
            format!(
                "update gateway.accounts set next_expiry = (select min(expires_at) from gateway.credit_grants where live) where id = '{id}'"
            ),
        ),
    ];
    for (word, corrupt, undo) in corruptions {
        world.sql(&corrupt).await;
        let found = report(&world, &admin).await;
        let problems = found["problems"].as_array().expect("problems");
        assert_eq!(found["ok"], json!(false), "{corrupt}");
        assert!(problems.iter().all(|problem| problem["account_id"] == json!(id)), "{found}");
        assert!(
            problems.iter().any(|problem| problem["problem"].as_str().is_some_and(|text| text.contains(word))),
            "{word}: {found}"
        );
        world.sql(&undo).await;
        assert_eq!(report(&world, &admin).await["ok"], json!(true), "{undo}");
    }
}

#[tokio::test]
async fn a_corrupted_balance_is_reported_with_what_it_should_be() {
    let world = World::start().await;
    let (account, admin) = books(&world).await;
    let right = world.money(account.id).await.0;
    world.change_account(&account, "balance = balance + 5").await;
    let found = report(&world, &admin).await;
    let problems = found["problems"].as_array().expect("problems");
    assert_eq!(problems.len(), 2, "{found}");
    for problem in problems {
        assert_eq!((&problem["expected"], &problem["found"]), (&json!(right), &json!(right + 5)), "{problem}");
    }
}

#[tokio::test]
async fn a_ledger_row_that_nobody_wrote_is_reported() {
    let world = World::start().await;
    let (account, admin) = books(&world).await;
    world
        .sql(&format!(
            "insert into gateway.credit_transactions (account_id, type, amount, call_id, balance_after, created_at)
               values ('{}', 'usage', -7, gen_random_uuid(), 0, gateway.now())",
            account.id
        ))
        .await;
    let found = report(&world, &admin).await;
    assert_eq!(found["ok"], json!(false));
    assert!(found.to_string().contains("a ledger row has no request"), "{found}");
}

#[tokio::test]
async fn accounts_with_many_requests_are_checked_in_steps_and_nothing_between_them_is_left_out() {
    let world = World::start().await;
    let (account, admin) = books(&world).await;
    // As many accounts as make three steps, each said to have had as many requests as one step takes.
    for _ in 0..2 {
        world.account(1_000).await;
    }
    world
        .sql(
            "insert into gateway.usage_totals select id, '2026-01-01Z', null, 600000, 0, 0, 0, 0, 0, 0, 0 from gateway.accounts
             where id not in (select account_id from gateway.usage_totals)",
        )
        .await;
    let control = world.platform.postgrest.control();
    control.record(true);
    let clean = report(&world, &admin).await;
    let steps = control.calls().iter().filter(|call| call.function == "check_ledger").count();
    assert_eq!(
        (&clean["ok"], &clean["accounts"], &clean["next_cursor"], steps),
        (&json!(true), &json!(4), &json!(null), 5)
    );
    assert_eq!(tests::world::nanos(&clean["balance"]), world.money(account.id).await.0 + 2_000);
    // Whoever it is, and a row of nobody's.
    for id in ["00000000-0000-0000-0000-000000000001", NOBODY, "ffffffff-ffff-ffff-ffff-ffffffffffff"] {
        world
            .sql(&format!(
                "insert into gateway.credit_transactions (account_id, type, amount, balance_after, created_at)
                   values ('{id}', 'usage', 1, 0, gateway.now()), ('{id}', 'usage', -1, 0, gateway.now())"
            ))
            .await;
    }
    let found = report(&world, &admin).await;
    let problems = found["problems"].as_array().expect("problems");
    assert_eq!((&found["ok"], problems.len()), (&json!(false), 6), "{found}");
    // A step by itself goes on where the one before ended.
    let rest =
        Answer::to(world.get(&format!("/admin/ledger/check?cursor={}", "f".repeat(32)), &admin.key)).await.success();
    assert_eq!((&rest["ok"], &rest["accounts"]), (&json!(true), &json!(0)));
    Answer::to(world.get("/admin/ledger/check?cursor=x", &admin.key)).await.refused(400, "invalid_request");
}
