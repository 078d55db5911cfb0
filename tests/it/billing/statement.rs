//! A month's statement has the ledger's sums to the nano-dollar, in any month and whether or not its hours are summed up.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello, nanos};

async fn statement(world: &World, account: &Account, month: &str) -> Value {
    Answer::to(world.get(&format!("/user/statement?month={month}"), &account.key)).await.success()
}

/// Opening balance, what moved, what was used, closing balance.
fn sums(statement: &Value) -> [i64; 4] {
    ["opening_balance", "moved", "used", "closing_balance"].map(|name| nanos(&statement[name]))
}

/// The same by the ledger's rows, one by one.
async fn ledger(world: &World, account: &Account, from: &str, to: &str) -> [i64; 4] {
    let sum = |condition: &str| format!("coalesce(sum(amount) filter (where {condition}), 0)");
    let of_month = format!("created_at >= '{from}' and created_at < '{to}'");
    let sql = format!(
        "select jsonb_build_array({}, {}, -{}, {}) from gateway.credit_transactions where account_id = '{}'",
        sum(&format!("created_at < '{from}'")),
        sum(&format!("{of_month} and type <> 'usage'")),
        sum(&format!("{of_month} and type = 'usage'")),
        sum(&format!("created_at < '{to}'")),
        account.id
    );
    serde_json::from_value(world.value(&sql).await).expect("four sums")
}

#[tokio::test]
async fn a_statement_is_the_ledger_of_its_month() {
    let world = World::start().await;
    world.sql("select gateway.make_month('2027-02-01Z'), gateway.make_month('2027-03-01Z')").await;
    world.set_clock("2027-02-27 12:00Z").await;
    let (account, stranger) = (world.account(1_000_000_007).await, world.account(5).await);
    // A grant that lapses in the next month.
    world.grant(account.id, 777, "coupon", Some("2 days")).await;
    let call = async || {
        world.completion(&account.key, &hello(&json!({"max_tokens": 50}))).await;
        world.settled().await;
    };
    call().await;
    world.set_clock("2027-02-28 23:59:59.999999Z").await;
    call().await;
    world.set_clock("2027-03-01 00:00Z").await;
    call().await;
    world.set_clock("2027-03-05 12:00Z").await;
    call().await;
    world.grant(account.id, 1_000, "admin", None).await;
    let months = [("2027-02", "2027-02-01Z", "2027-03-01Z"), ("2027-03", "2027-03-01Z", "2027-04-01Z")];
    let secret = world.platform.variables()["CRON_SECRET"].clone();
    for rolled_up in [false, true] {
        if rolled_up {
            Answer::to(world.get("/api/cron/rollups", &secret)).await.success();
        }
        let mut closing = 0;
        for (month, from, to) in months {
            let told = statement(&world, &account, month).await;
            assert_eq!(sums(&told), ledger(&world, &account, from, to).await, "{month} {rolled_up}");
            let [opening, moved, used, closed] = sums(&told);
            assert_eq!((opening, opening + moved - used), (closing, closed), "{month}");
            let listed = |list: &str, member: &str| -> i64 {
                told[list].as_array().expect("a list").iter().map(|line| nanos(&line[member])).sum()
            };
            assert_eq!((listed("movements", "amount"), listed("usage", "cost")), (moved, used), "{told}");
            assert_eq!(told["is_over"], month == "2027-02");
            closing = closed;
        }
        assert_eq!(closing, world.money(account.id).await.0);
    }
    let empty = statement(&world, &account, "2027-01").await;
    assert_eq!((sums(&empty), &empty["usage"], &empty["movements"]), ([0; 4], &json!([]), &json!([])));
    assert_eq!(sums(&statement(&world, &stranger, "2027-02").await), [0, 5, 0, 5]);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_statement_is_a_page_for_a_browser_and_nothing_of_it_is_markup() {
    let world = World::start().await;
    world.set_clock("2027-03-05 12:00Z").await;
    let account = world.account(1_000_000_000).await;
    world
        .sql(&format!(
            "select gateway.grant_credit(a, 'admin', 5000000, null, '<b>bonus</b>', gateway.now()) from gateway.accounts a where id = '{}'",
            account.id
        ))
        .await;
    let page = world.get("/user/statement?month=2027-03", &account.key).header("accept", "text/html");
    let page = Answer::to(page).await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert!(page.text.contains("statement of 2027-03") && page.text.contains("1.005"), "{}", page.text);
    assert!(page.text.contains("bonus") && !page.text.contains("<b>bonus"), "{}", page.text);
    for month in ["", "2027", "2027-13", "2027-3", "2027-03-01", "0000-01", "abcd-01", "２０２７-03"] {
        let path = reqwest::Url::parse_with_params(&format!("{}/user/statement", world.base_url), [("month", month)]);
        let answer = Answer::to(world.http.get(path.expect("an address")).bearer_auth(&account.key)).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], "month", "{month}");
    }
}
