//! Credit given and taken back.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{World, hello, nanos};

use super::post;

#[tokio::test]
async fn credit_is_given_by_id_or_by_email() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let by_id = json!({"account_id": account.id, "amount": 1.5, "reason": "a gift"});
    let given = post(&world, &admin, "/admin/add_credits", &by_id, None).await.success();
    assert_eq!((&given["object"], &given["account_id"]), (&json!("credit_change"), &json!(account.id)));
    assert_eq!(
        (nanos(&given["amount"]), nanos(&given["balance"]), &given["debt"]),
        (1_500_000_000, 1_500_000_000, &json!(0))
    );
    let by_email = json!({"email": format!("{}@TEST.example", account.id), "amount": 2});
    let given = post(&world, &admin, "/admin/add_credits", &by_email, None).await.success();
    assert_eq!(nanos(&given["balance"]), 3_500_000_000);
    let ledger = Answer::to(world.get("/user/credit-transactions", &account.key)).await.success();
    let first = &ledger["data"][1];
    assert_eq!(
        (&first["type"], &first["source"], &first["description"]),
        (&json!("admin_credit"), &json!("admin"), &json!("a gift"))
    );
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_smallest_and_the_largest_amounts_are_given_exactly() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for amount in
        ["0.000000001", "9007199.254740993", "999999999.999999999", "0.1", "0.30000000000000000", "1000000000"]
    {
        let account = world.account(0).await;
        let request = world.post("/admin/add_credits", &admin.key, &Value::Null);
        let body = format!(r#"{{"account_id":"{}","amount":{amount}}}"#, account.id);
        let answer = Answer::to(request.body(body)).await;
        let amount = if amount.contains('.') { amount.trim_end_matches('0') } else { amount };
        assert!(answer.text.contains(&format!("\"amount\": {amount},")), "{amount}: {}", answer.text);
        assert!(answer.text.contains(&format!("\"balance\": {amount},")), "{amount}: {}", answer.text);
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn unspent_credit_is_taken_back_but_never_into_debt() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(1_000_000_000).await);
    let take = async |amount: &str| {
        let request = world.post("/admin/add_credits", &admin.key, &Value::Null);
        Answer::to(request.body(format!(r#"{{"account_id":"{}","amount":-{amount},"reason":"mistake"}}"#, account.id)))
            .await
    };
    let error = take("1.000000001").await.refused(402, "insufficient_credits");
    assert_eq!((nanos(&error["required"]), nanos(&error["available"])), (1_000_000_001, 1_000_000_000));
    assert_eq!(world.money(account.id).await, (1_000_000_000, 0, 0));
    assert_eq!(nanos(&take("0.4").await.success()["balance"]), 600_000_000);
    // What a running call holds is not there to be taken.
    let gate = world.platform.providers.control().gate();
    let call = world.chat(&account.key, &hello(&json!({"max_tokens": 100})));
    let meanwhile = async {
        certain("a call at the provider", gate.wait_for(1)).await;
        let held = world.money(account.id).await.1;
        assert!(held > 0);
        let error = take("0.6").await.refused(402, "insufficient_credits");
        assert_eq!(nanos(&error["available"]), 600_000_000 - held);
        gate.release();
    };
    let (answer, ()) = tokio::join!(Answer::to(call), meanwhile);
    let left = 600_000_000 - nanos(&answer.success()["usage"]["cost"]);
    world.settled().await;
    let rest = shared::money::Nanos(left).to_string();
    assert_eq!(take(&rest).await.success()["balance"], 0);
    take("0.000000001").await.refused(402, "insufficient_credits");
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    let taken =
        "select count(*) from gateway.credit_transactions where type = 'admin_debit' and description = 'mistake'";
    assert_eq!(world.value(taken).await, json!(2));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn credit_that_expires_is_gone_then() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let gift = json!({"account_id": account.id, "amount": 5, "expires_at": "2090-03-10T14:00:00+02:00"});
    assert_eq!(post(&world, &admin, "/admin/add_credits", &gift, None).await.status, 200);
    let available = async || nanos(&Answer::to(world.get("/user/balance", &account.key)).await.success()["available"]);
    world.set_clock("2090-03-10 11:59:59.999999Z").await;
    assert_eq!(available().await, 5_000_000_000);
    world.set_clock("2090-03-10 12:00Z").await;
    assert_eq!(available().await, 0);
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(402, "insufficient_credits");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_account_whose_person_has_left_gets_nothing_and_loses_nothing() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(1_000_000_000).await);
    let gone = "disabled_at = gateway.now(), deleted_at = gateway.now(), email = null";
    let give = json!({"account_id": account.id, "amount": 1});
    let first = post(&world, &admin, "/admin/add_credits", &give, Some("k")).await;
    world.change_account(&account, gone).await;
    let before = world.evidence(account.id).await;
    for amount in [1, -1] {
        let body = json!({"account_id": account.id, "amount": amount});
        post(&world, &admin, "/admin/add_credits", &body, None).await.refused(409, "account_deleted");
    }
    let by_address = json!({"email": format!("{}@test.example", account.id), "amount": 1});
    post(&world, &admin, "/admin/add_credits", &by_address, None).await.refused(404, "account_not_found");
    // What was answered before is answered again.
    assert_eq!(post(&world, &admin, "/admin/add_credits", &give, Some("k")).await.text, first.text);
    assert_eq!(world.evidence(account.id).await, before);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_reason_is_no_book() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let give = |reason: String| json!({"account_id": account.id, "amount": 1, "reason": reason});
    let long = post(&world, &admin, "/admin/add_credits", &give("é".repeat(501)), None).await;
    assert_eq!(long.refused(400, "invalid_request")["param"], "reason");
    post(&world, &admin, "/admin/add_credits", &give("é".repeat(500)), None).await.success();
    assert_eq!(world.money(account.id).await.0, 1_000_000_000);
}

#[tokio::test]
async fn an_account_that_is_not_there_gets_nothing() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for body in [
        json!({"account_id": "00000000-0000-0000-0000-000000000000", "amount": 1}),
        json!({"email": "nobody@test.example", "amount": 1}),
        json!({"email": "", "amount": 1}),
        json!({"email": "nobody@test.example", "amount": -1}),
    ] {
        post(&world, &admin, "/admin/add_credits", &body, Some("k")).await.refused(404, "account_not_found");
    }
    assert_eq!(world.value("select count(*) from gateway.audit_logs").await, json!(0));
    assert_eq!(world.value("select count(*) from gateway.idempotency_keys").await, json!(0));
}

#[tokio::test]
async fn credit_repays_debt_first() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(1_000_000_000).await);
    world
        .sql(&format!(
            "do $$ declare account gateway.accounts; begin
               select * into account from gateway.accounts where id = '{}' for update;
               account := gateway.money_back(account, array(select id from gateway.credit_grants where account_id = account.id),
                                             3000000000, gateway.now());
             end $$",
            account.id
        ))
        .await;
    let give = json!({"account_id": account.id, "amount": 1.5});
    let given = post(&world, &admin, "/admin/add_credits", &give, None).await.success();
    assert_eq!((nanos(&given["balance"]), nanos(&given["debt"])), (-500_000_000, 500_000_000));
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(402, "account_in_debt");
    let given = post(&world, &admin, "/admin/add_credits", &give, None).await.success();
    assert_eq!((nanos(&given["balance"]), nanos(&given["debt"])), (1_000_000_000, 0));
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_who_give_each_other_and_themselves_credit_at_once_all_give_it() {
    let Some(world) = World::concurrent("gifts to each other at the same time").await else { return };
    let (one, two) = (world.administrator().await, world.administrator().await);
    let gate = world.platform.postgrest.control().gate(Some("add_credits"));
    let gifts = (0..20).map(|i| {
        let (from, to) = ([&one, &two][i % 2], [&one, &two][i / 2 % 2]);
        let (world, body) = (&world, json!({"account_id": to.id, "amount": 1}));
        // The key is claimed for the one who gives, which touches their account as well.
        async move { post(world, from, "/admin/add_credits", &body, Some(&format!("k{i}"))).await }
    });
    let release = async {
        certain("all at the database", gate.waiting(20)).await;
        gate.open();
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(gifts), release);
    for answer in answers {
        answer.success();
    }
    assert_eq!(world.money(one.id).await.0 + world.money(two.id).await.0, 20_000_000_000);
    world.assert_ledger_clean().await;
}
