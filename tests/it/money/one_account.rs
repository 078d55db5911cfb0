//! Nothing on the path of a call crosses accounts, so accounts could be spread over several databases.

use serde_json::json;
use tests::certain;
use tests::world::{World, hello};

/// The tables that hold rows of accounts.
const TABLES: [&str; 6] = ["accounts", "api_keys", "credit_grants", "credit_transactions", "holds", "requests"];

#[tokio::test(flavor = "multi_thread")]
async fn a_call_neither_waits_for_another_account_nor_touches_a_row_of_it() {
    let Some(world) = World::concurrent("a call beside an account that is locked").await else { return };
    let (account, other) = (world.account(1_000_000_000).await, world.account(1_000_000_000).await);
    // The other account has rows everywhere, a hold that is past its time and a grant that lapses among them.
    world.completion(&other.key, &hello(&json!({}))).await;
    world.settled().await;
    world
        .sql(&format!(
            "insert into gateway.holds (call_id, account_id, key_id, state, amount, created_at, expires_at)
               values (gen_random_uuid(), '{0}', '{1}', 'open', 1, gateway.now(), gateway.now());
             update gateway.accounts set held = 1, next_overdue = gateway.now() where id = '{0}'",
            other.id, other.key_id
        ))
        .await;
    world.grant(other.id, 5, "coupon", Some("0 seconds")).await;
    let versions = || async {
        let mut versions = Vec::new();
        for table in TABLES {
            let owner = if table == "accounts" { "id" } else { "account_id" };
            let rows = format!(
                "select jsonb_agg(jsonb_build_array(ctid::text, xmin::text) order by ctid) from gateway.{table}
                 where {owner} = '{}'",
                other.id
            );
            let rows = world.value(&rows).await;
            assert!(!rows.is_null(), "{table}");
            versions.push(rows);
        }
        versions
    };
    let before = versions().await;

    let (locker, connection) =
        tokio_postgres::connect(world.platform.database.url(), tokio_postgres::NoTls).await.expect("a connection");
    let connection = tokio::spawn(connection);
    let mut locks = "begin;".to_owned();
    for table in TABLES {
        let owner = if table == "accounts" { "id" } else { "account_id" };
        locks.push_str(&format!("select from gateway.{table} where {owner} = '{}' for update;", other.id));
    }
    locker.batch_execute(&locks).await.expect("the locks");
    certain("a call beside them", world.completion(&account.key, &hello(&json!({})))).await;
    let settled = format!("select count(*) from gateway.requests where account_id = '{}'", account.id);
    tests::watch::poll("its settle", || async { world.value(&settled).await == json!(1) }).await;
    locker.batch_execute("rollback").await.expect("the end");
    drop(locker);
    connection.await.expect("no panic").expect("no error");
    assert_eq!(versions().await, before);
}
