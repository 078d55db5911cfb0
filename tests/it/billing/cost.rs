//! What a page of transactions costs, however many there are behind and before it.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

/// Transactions, one each ten minutes from the beginning of 2027.
const MANY: i64 = 12_000;

async fn busy(world: &World) -> Account {
    world.set_clock("2027-03-30 12:00Z").await;
    let account = world.account(0).await;
    world
        .sql(&format!(
            "select gateway.make_month(timestamptz '2027-01-15' + n * interval '1 month') from generate_series(0, 2) as n;
             insert into gateway.credit_grants (account_id, source, amount, remaining, created_at)
               values ('{0}', 'trial', 1, 1, '2027-01-01Z'), ('{0}', 'purchase', 1000000, 1000000, '2027-01-01Z');
             insert into gateway.credit_transactions (id, account_id, type, amount, grant_id, balance_after, created_at)
               select gateway.first_id(at) + n, '{0}', case when n = 1 then 'trial' when n % 1000 = 0 then 'purchase' else 'usage' end,
                      1, (select id from gateway.credit_grants
                          where account_id = '{0}' and source = case when n = 1 then 'trial' else 'purchase' end), n, at
               from generate_series(1, {MANY}) as n, lateral (select timestamptz '2027-01-01 00:00Z' + n * interval '10 minutes') t (at);
             analyze gateway.credit_transactions",
            account.id
        ))
        .await;
    account
}

/// How many transactions are read for a page.
async fn rows_read(world: &World, account: &Account, query: &Value) -> i64 {
    let caller = json!({ "key_hashes": [world.hash(&account.key)] });
    let read = "(select coalesce(sum(seq_tup_read + idx_tup_fetch), 0) from pg_stat_xact_user_tables
                 where relid in (select inhrelid from pg_inherits where inhparent = 'gateway.credit_transactions'::regclass))";
    world.sql("create table if not exists gateway.rows_read (number bigint)").await;
    world
        .sql(&format!(
            "do $$ declare earlier bigint := {read}; begin
               perform public.list_credit_transactions('{caller}', '{query}');
               delete from gateway.rows_read;
               insert into gateway.rows_read select {read} - earlier;
             end $$"
        ))
        .await;
    world.value("select number from gateway.rows_read").await.as_i64().expect("a number")
}

#[tokio::test]
async fn a_page_reads_little_more_than_it_shows_whenever_it_was() {
    let world = World::start().await;
    let account = busy(&world).await;
    if rows_read(&world, &account, &json!({"limit": 50})).await == 0 {
        tests::skipped("the rows read for a page: this database does not count them");
        return;
    }
    let early = "select id::text from gateway.credit_transactions where balance_after = 5000";
    let early = world.value(early).await;
    for (query, most) in [
        (json!({"limit": 50}), 70),
        (json!({"limit": 50, "to": "2027-01-10T00:00:00Z"}), 70),
        (json!({"limit": 50, "cursor": early}), 70),
        (json!({"limit": 50, "from": "2027-01-09T00:00:00Z", "to": "2027-01-10T00:00:00Z", "type": "usage"}), 70),
        (json!({"limit": 50, "type": "trial"}), 70),
        (json!({"limit": 50, "type": "purchase", "to": "2027-02-10T00:00:00Z"}), 70),
        (json!({"limit": 50, "source": "trial"}), 5_010),
        (json!({"limit": 50, "source": "trial", "to": "2027-01-02T00:00:00Z"}), 200),
        (json!({"limit": 50, "source": "trial", "cursor": early}), 5_010),
    ] {
        let read = rows_read(&world, &account, &query).await;
        assert!((1..=most).contains(&read), "{query}: {read} rows");
    }
}

#[tokio::test]
async fn what_is_rare_is_found_page_by_page() {
    let world = World::start().await;
    let account = busy(&world).await;
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let path = format!("/user/credit-transactions?source=trial{cursor}");
        let page = Answer::to(world.get(&path, &account.key)).await.success();
        found.extend(page["data"].as_array().expect("a page").clone());
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((found.len(), pages), (1, 3));
    assert_eq!(found[0]["source"], "trial");
}
