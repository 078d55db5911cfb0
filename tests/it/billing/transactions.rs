//! The ledger as its account sees it.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello, nanos};

async fn list(world: &World, account: &Account, query: &str) -> Value {
    let list = Answer::to(world.get(&format!("/user/credit-transactions?{query}"), &account.key)).await.success();
    assert_eq!(list["object"], "list");
    list
}

/// Type and amount, in dollars, of each transaction.
fn rows(list: &Value) -> Vec<(String, i64)> {
    let row = |row: &Value| (row["type"].as_str().expect("a type").to_owned(), nanos(&row["amount"]) / 1_000_000_000);
    list["data"].as_array().expect("data").iter().map(row).collect()
}

fn named(rows: &[(&str, i64)]) -> Vec<(String, i64)> {
    rows.iter().map(|(name, amount)| ((*name).to_owned(), *amount)).collect()
}

/// An account with a transaction a day from 1 to 5 March 2027, at noon.
async fn five_days(world: &World) -> Account {
    world.set_clock("2027-03-01 12:00Z").await;
    let account = world.account(0).await;
    for (day, source, amount) in
        [(1, "trial", 1), (2, "purchase", 2), (3, "admin", 3), (4, "coupon", 4), (5, "purchase", 5)]
    {
        world.set_clock(&format!("2027-03-0{day} 12:00Z")).await;
        world.grant(account.id, amount * 1_000_000_000, source, None).await;
    }
    account
}

#[tokio::test]
async fn transactions_are_found_by_type_source_and_date_newest_first() {
    let world = World::start().await;
    let account = five_days(&world).await;
    let all = [("purchase", 5), ("coupon", 4), ("admin_credit", 3), ("purchase", 2), ("trial", 1)];
    let cases: [(&str, &[(&str, i64)]); 13] = [
        ("", &all),
        ("type=purchase", &[("purchase", 5), ("purchase", 2)]),
        ("type=admin_credit", &[("admin_credit", 3)]),
        ("type=usage", &[]),
        ("source=admin", &[("admin_credit", 3)]),
        ("source=trial", &[("trial", 1)]),
        ("type=purchase&source=trial", &[]),
        // From a moment on, and before a moment.
        ("from=2027-03-04T12:00:00Z", &all[..2]),
        ("from=2027-03-04T12:00:00.000001Z", &all[..1]),
        ("to=2027-03-02T12:00:00Z", &all[4..]),
        ("to=2027-03-02T12:00:00.000001Z", &all[3..]),
        ("from=2027-03-02T00:00:00Z&to=2027-03-05T00:00:00Z", &all[1..4]),
        // The same moments in another zone.
        ("from=2027-03-04T14:00:00%2B02:00&to=2027-03-05T10:00:00-02:00", &all[1..2]),
    ];
    for (query, wanted) in cases {
        assert_eq!(rows(&list(&world, &account, query).await), named(wanted), "{query}");
    }
}

#[tokio::test]
async fn the_pages_are_the_whole_ledger_and_new_rows_do_not_shift_them() {
    let world = World::start().await;
    let account = five_days(&world).await;
    let all = rows(&list(&world, &account, "").await);
    for limit in 1..=6 {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = list(&world, &account, &format!("limit={limit}{cursor}")).await;
            seen.extend(rows(&page));
            assert!(seen.len() <= all.len(), "the pages never end");
            let Some(next) = page["next_cursor"].as_str() else {
                assert_eq!(page["has_more"], json!(false));
                break;
            };
            assert_eq!((page["data"].as_array().map(Vec::len), &page["has_more"]), (Some(limit), &json!(true)));
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, all, "{limit} a page");
    }
    let first = list(&world, &account, "limit=2").await;
    world.grant(account.id, 9_000_000_000, "purchase", None).await;
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = list(&world, &account, &format!("limit=2&cursor={cursor}")).await;
    assert_eq!([rows(&first), rows(&second)].concat(), all[..4]);
    let filtered = list(&world, &account, "type=purchase&limit=2").await;
    let cursor = filtered["next_cursor"].as_str().expect("more");
    let rest = list(&world, &account, &format!("type=purchase&limit=2&cursor={cursor}")).await;
    assert_eq!((rows(&rest), &rest["has_more"]), (named(&[("purchase", 2)]), &json!(false)));
}

#[tokio::test]
async fn a_transaction_says_what_was_spent_on_which_call_and_what_was_left() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let answer = world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    let ledger = list(&world, &account, "type=usage").await;
    let [row] = &ledger["data"].as_array().expect("data")[..] else { panic!("{ledger}") };
    let cost = nanos(&answer["usage"]["cost"]);
    assert_eq!((nanos(&row["amount"]), nanos(&row["balance_after"])), (-cost, 1_000_000_000 - cost));
    assert_eq!(
        (&row["object"], &row["source"], &row["description"]),
        (&json!("credit_transaction"), &json!("purchase"), &json!("test/model"))
    );
    let call = world.value("select call_id from gateway.requests").await;
    assert_eq!(row["call_id"], call);
    let at = row["created_at"].as_str().expect("a time");
    assert!(at.ends_with("+00:00") || at.ends_with('Z'), "{at}");
}

#[tokio::test]
async fn nobody_sees_anothers_transactions() {
    let world = World::start().await;
    let (one, other) = (five_days(&world).await, world.account(7_000_000_000).await);
    assert_eq!(rows(&list(&world, &other, "").await), named(&[("purchase", 7)]));
    let all = list(&world, &one, "").await;
    // Not by a cursor of the other's pages, nor by asking for one's id, nor as an administrator.
    let newest = all["data"][0]["id"].as_i64().expect("an id");
    for query in [
        format!("cursor={newest}"),
        format!("cursor={}", i64::MAX),
        "limit=100".to_owned(),
        format!("cursor={}", newest + 1),
    ] {
        let seen = list(&world, &other, &query).await;
        assert!(rows(&seen).iter().all(|row| *row == ("purchase".to_owned(), 7)), "{query}: {seen}");
    }
    let admin = world.administrator().await;
    assert_eq!(rows(&list(&world, &admin, "").await), named(&[]));
    let balance = Answer::to(world.get("/user/balance", &other.key)).await.success();
    assert_eq!(nanos(&balance["credits"]), 7_000_000_000);
    for spelled in ["account_id", "account", "user_id"] {
        let answer =
            Answer::to(world.get(&format!("/user/credit-transactions?{spelled}={}", one.id), &other.key)).await;
        answer.refused(400, "unknown_field");
    }
}
