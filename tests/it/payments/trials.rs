//! `/trial/…`: for accounts that came without a trial; and what all trials came to.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::people::Person;
use tests::world::{Account, World, nanos};

use super::shop::{DOLLAR, come_back, pay};
use super::subscriptions::shop::{bought, newcomer, show};

/// Somebody has proven to be the account's person.
async fn proven(world: &World, account: &Account, kind: &str, value: &str) {
    world
        .sql(&format!("insert into gateway.identities values ('{kind}', '{value}', '{}', gateway.now())", account.id))
        .await;
}

async fn start(world: &World, account: &Account, key: Option<&str>) -> Answer {
    let mut request = world.post("/trial/start", &account.key, &json!({}));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    Answer::to(request).await
}

#[tokio::test]
async fn an_account_that_came_without_a_trial_begins_it_once() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    assert_eq!(show(&world, &account, "/trial/status").await["status"], "unproven");
    start(&world, &account, None).await.refused(403, "identity_required");
    proven(&world, &account, "email", "ann@test.example").await;
    assert_eq!(show(&world, &account, "/trial/status").await["status"], "available");
    let begun = start(&world, &account, Some("one")).await.success();
    assert_eq!(
        (&begun["status"], nanos(&begun["credits_left"]), &begun["requests_left"]),
        (&json!("active"), 10 * DOLLAR, &json!(1000))
    );
    assert_eq!(start(&world, &account, Some("one")).await.success(), begun);
    start(&world, &account, Some("two")).await.refused(409, "trial_used");
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    let plan = show(&world, &account, "/user/plan").await;
    assert_eq!(
        (&plan["source"], &plan["plan"]["id"], &plan["ends_at"]),
        (&json!("trial"), &json!("dev"), &begun["ends_at"])
    );
    world.change_account(&account, "trial_ends_at = gateway.now()").await;
    let over = show(&world, &account, "/trial/status").await;
    assert_eq!((&over["status"], &over["credits_left"]), (&json!("ended"), &Value::Null));
    start(&world, &account, None).await.refused(409, "trial_used");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn whoever_buys_a_plan_within_a_trial_has_what_was_bought_at_once() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    proven(&world, &account, "email", "ann@test.example").await;
    start(&world, &account, None).await.success();
    bought(&world, &account, "team", "month").await;
    let plan = show(&world, &account, "/user/plan").await;
    assert_eq!((&plan["source"], &plan["plan"]["id"]), (&json!("subscription"), &json!("team")));
    let limits = show(&world, &account, "/user/limits").await;
    let of_team = world.value("select requests_per_hour from gateway.plans where id = 'team'").await;
    assert_eq!(limits["account"]["requests_per_hour"]["limit"], of_team, "{limits}");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_plan_that_an_administrator_gives_within_a_trial_holds_at_once() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, newcomer(&world).await);
    proven(&world, &account, "email", "ann@test.example").await;
    start(&world, &account, None).await.success();
    for (given, in_force) in [(json!("team"), "team"), (Value::Null, "dev")] {
        let body = json!({"account_id": account.id, "plan": given});
        let assigned = Answer::to(world.post("/admin/assign-plan", &admin.key, &body)).await.success();
        assert_eq!(assigned["plan_in_force"], in_force, "{assigned}");
        assert_eq!(show(&world, &account, "/user/plan").await["plan"]["id"], in_force);
    }
}

#[tokio::test]
async fn a_person_has_one_trial_whatever_of_them_is_known_where() {
    let world = World::start().await;
    let person = Person::new();
    let first = world.visit("/auth/privy", &world.tokens(&person)).await.success();
    assert_eq!(first["account"]["credits"], json!(10));
    // The account is gone, its claims are not.
    world.sql("delete from gateway.identities").await;
    let account = newcomer(&world).await;
    proven(&world, &account, "wallet", "0xabc").await;
    proven(&world, &account, "email", &person.email).await;
    assert_eq!(show(&world, &account, "/trial/status").await["status"], "used");
    start(&world, &account, None).await.refused(409, "trial_used");
    assert_eq!(world.money(account.id).await.0, 0);
    // The refusal has claimed nothing: the wallet's own person may still have one.
    let other = newcomer(&world).await;
    world.sql("delete from gateway.identities where kind = 'wallet'").await;
    proven(&world, &other, "wallet", "0xabc").await;
    start(&world, &other, None).await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_that_is_begun_twenty_times_at_once_is_one() {
    let Some(world) = World::concurrent("a trial that is begun twenty times at once").await else { return };
    let account = newcomer(&world).await;
    proven(&world, &account, "email", "ann@test.example").await;
    let answers = futures_util::future::join_all((0..20).map(|_| start(&world, &account, None))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    world.assert_ledger_clean().await;
}

/// The budget of trials from now on, in dollars.
async fn budget(world: &World, dollars: u32, per_day: bool) {
    let admin = world.administrator().await;
    let request = world.http.put(format!("{}/admin/promotions/trial", world.base_url)).bearer_auth(&admin.key);
    Answer::to(request.json(&json!({"budget": dollars, "per_day": per_day}))).await.success();
}

#[tokio::test]
async fn trials_are_paid_by_their_promotion_and_a_sign_up_without_one_may_begin_it_later() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    budget(&world, 25, true).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(world.visit("/auth/privy", &world.tokens(&Person::new())).await.success());
    }
    let credits: Vec<&Value> = all.iter().map(|one| &one["account"]["credits"]).collect();
    assert_eq!(credits, [10, 10, 0]);
    // The third is in all the same, and has not had a trial.
    let third = all[2]["api_key"].as_str().expect("a key").to_owned();
    assert_eq!(all[2]["account"]["trial"], Value::Null);
    let begin = async || Answer::to(world.post("/trial/start", &third, &json!({}))).await;
    begin().await.refused(409, "trials_used_up");
    assert_eq!(Answer::to(world.get("/trial/status", &third)).await.success()["status"], "available");
    // Another day has its own budget.
    world.set_clock("2090-03-02 00:00Z").await;
    assert_eq!(begin().await.success()["status"], "active");
    begin().await.refused(409, "trial_used");
    let spent = "select jsonb_build_array(spent) from gateway.promotions where id = 'trial'";
    assert_eq!(world.value(spent).await, json!([10 * DOLLAR]));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_trials_at_once_spend_their_budget_to_its_end_and_no_further() {
    let Some(world) = World::concurrent("two hundred trials that begin at once").await else { return };
    budget(&world, 405, false).await;
    let mut all = Vec::new();
    for _ in 0..200 {
        all.push(world.account(0).await);
    }
    world
        .sql("insert into gateway.identities select 'email', id || '@proven.example', id, gateway.now() from gateway.accounts")
        .await;
    let answers = futures_util::future::join_all(all.iter().map(|account| start(&world, account, None))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 40);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.refused(409, "trials_used_up");
    }
    let came_to = "select jsonb_build_array(spent, (select count(*) from gateway.trials), (select sum(balance) from gateway.accounts),
                     (select count(*) from gateway.trial_claims)) from gateway.promotions where id = 'trial'";
    assert_eq!(world.value(came_to).await, json!([400 * DOLLAR, 40, 400 * DOLLAR, 40]));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_trials_came_to_is_counted() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let mut accounts = Vec::new();
    for i in 0..4 {
        let account = newcomer(&world).await;
        proven(&world, &account, "email", &format!("{i}@test.example")).await;
        start(&world, &account, None).await.success();
        accounts.push(account);
    }
    // One buys credit, one a plan, one uses some of its trial, and of one the trial is over.
    let (session, _) = pay(&world, &accounts[0], 10).await;
    come_back(&world, &accounts[0], &session).await;
    bought(&world, &accounts[1], "dev", "month").await;
    super::subscriptions::shop::spend(&world, &accounts[2], 250).await;
    world
        .sql(&format!(
            "update gateway.credit_grants set expires_at = gateway.now() where account_id = '{id}';
             update gateway.accounts set trial_ends_at = gateway.now(), next_expiry = gateway.now() where id = '{id}'",
            id = accounts[3].id
        ))
        .await;
    show(&world, &accounts[3], "/user/balance").await;
    let all = show(&world, &admin, "/admin/trial/analytics").await;
    assert_eq!(
        [&all["begun"], &all["active"], &all["ended"], &all["unused"], &all["converted"]],
        [&json!(4), &json!(3), &json!(1), &json!(3), &json!(2)]
    );
    assert_eq!(
        (&all["converted_by_purchase"], &all["converted_by_subscription"], &all["conversion_rate"]),
        (&json!(1), &json!(1), &json!(0.5))
    );
    assert_eq!((nanos(&all["credits_granted"]), nanos(&all["credits_used"])), (40 * DOLLAR, 2 * DOLLAR + DOLLAR / 2));
    let none = show(&world, &admin, "/admin/trial/analytics?to=2026-01-01T00:00:00Z").await;
    assert_eq!(
        (&none["begun"], &none["conversion_rate"], &none["median_hours_to_convert"]),
        (&json!(0), &json!(0), &Value::Null)
    );
    let converted = show(&world, &accounts[0], "/trial/status").await;
    assert!(converted["converted_at"].is_string(), "{converted}");
    world.assert_ledger_clean().await;
}
