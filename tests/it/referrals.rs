//! Recommendations: rewards follow a purchase that stays, and nobody recommends themselves.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, nanos};

use crate::payments::facts::{Bought, outcome};
use crate::payments::shop::DOLLAR;
use crate::payments::spend;

/// An account's code.
async fn code(world: &World, account: &Account) -> String {
    let shown = Answer::to(world.get("/referral/code", &account.key)).await.success();
    let code = shown["code"].as_str().expect("a code").to_owned();
    assert!(shown["link"].as_str().is_some_and(|link| link.ends_with(&format!("/?ref={code}"))), "{shown}");
    code
}

async fn apply(world: &World, account: &Account, code: &str) -> Answer {
    Answer::to(world.post("/referral/apply", &account.key, &json!({ "code": code }))).await
}

async fn stats(world: &World, account: &Account) -> Value {
    Answer::to(world.get("/referral/stats", &account.key)).await.success()
}

/// A referrer, and somebody who has given their code. Whoever recommends was here first.
async fn pair(world: &World) -> (Account, Account) {
    let referrer = world.account(0).await;
    world.change_account(&referrer, "created_at = created_at - interval '30 days'").await;
    let referred = joined(world, &referrer).await;
    (referrer, referred)
}

async fn joined(world: &World, referrer: &Account) -> Account {
    let referred = world.account(0).await;
    apply(world, &referred, &code(world, referrer).await).await.success();
    referred
}

/// A purchase that is paid by this card.
async fn buys(world: &World, account: &Account, dollars: i64, card: &str) -> Bought {
    let bought = Bought::new(world, account, dollars * 100, dollars * 100, 0).await;
    outcome(world, &bought.succeeded()).await;
    let mut charged = bought.charged();
    charged["fingerprint"] = json!(card);
    outcome(world, &charged).await;
    bought
}

async fn reason(world: &World, account: &Account) -> Value {
    let sql =
        format!("select jsonb_build_array(state, reason) from gateway.referrals where referred_id = '{}'", account.id);
    world.value(&sql).await
}

async fn fourteen_days_later(world: &World) {
    world.sql("update gateway.referrals set due_at = due_at - interval '14 days'").await;
}

#[tokio::test]
async fn a_purchase_rewards_the_referred_at_once_and_the_referrer_when_it_stays() {
    let world = World::start().await;
    let (referrer, referred) = pair(&world).await;
    // Too small a first purchase keeps the chance.
    buys(&world, &referred, 5, "card_b").await;
    assert_eq!(
        (world.money(referred.id).await.0, reason(&world, &referred).await),
        (5 * DOLLAR, json!(["pending", null]))
    );
    buys(&world, &referred, 10, "card_b").await;
    assert_eq!(world.money(referred.id).await.0, 25 * DOLLAR);
    // Nothing further for further purchases.
    buys(&world, &referred, 10, "card_b").await;
    assert_eq!(world.money(referred.id).await.0, 35 * DOLLAR);
    let before = stats(&world, &referrer).await;
    assert_eq!(
        (&before["qualified"], nanos(&before["due"]), world.money(referrer.id).await.0),
        (&json!(1), 10 * DOLLAR, 0)
    );
    fourteen_days_later(&world).await;
    let after = stats(&world, &referrer).await;
    assert_eq!((&after["paid"], nanos(&after["earned"])), (&json!(1), 10 * DOLLAR));
    stats(&world, &referrer).await;
    assert_eq!(world.money(referrer.id).await.0, 10 * DOLLAR);
    let history = Answer::to(world.get("/referral/history", &referrer.key)).await.success();
    assert_eq!(history["data"][0]["state"], "paid");
    assert!(!history.to_string().contains(&referred.id.to_string()), "{history}");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_code_counts_once_before_the_first_purchase_and_is_not_ones_own() {
    let world = World::start().await;
    let (referrer, referred) = pair(&world).await;
    let own = code(&world, &referred).await;
    assert_eq!(own, code(&world, &referred).await);
    apply(&world, &referred, &own).await.refused(409, "referral_not_applicable");
    let other = world.account(0).await;
    world.change_account(&other, "created_at = created_at - interval '30 days'").await;
    apply(&world, &referred, &code(&world, &other).await).await.refused(409, "referral_not_applicable");
    // Two cannot recommend each other, and nobody who came later recommends.
    apply(&world, &referrer, &own).await.refused(409, "referral_not_applicable");
    apply(&world, &other, "NOBODY22").await.refused(404, "referral_code_not_found");
    let late = world.account(0).await;
    buys(&world, &late, 5, "card_l").await;
    apply(&world, &late, &code(&world, &referrer).await).await.refused(409, "referral_not_applicable");
    let valid = async |account: &Account, code: &str| {
        let body = json!({ "code": code });
        Answer::to(world.post("/referral/validate", &account.key, &body)).await.success()["valid"].clone()
    };
    assert_eq!((valid(&late, &own).await, valid(&referred, &own).await), (json!(true), json!(false)));
}

#[tokio::test]
async fn whoever_signs_up_with_a_code_came_by_it() {
    let world = World::start().await;
    let referrer = world.account(0).await;
    world.change_account(&referrer, "created_at = created_at - interval '30 days'").await;
    let code = code(&world, &referrer).await;
    let body = json!({"email": "ann@test.example", "referral_code": code.to_lowercase()});
    let register =
        world.http.post(format!("{}/auth/register", world.base_url)).header("content-type", "application/json");
    Answer::to(register.body(body.to_string())).await.success();
    let mail = world.platform.mailbox.messages().pop().expect("a mail");
    let text = mail.text.expect("a text");
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6).expect("a code");
    let verify = world.http.post(format!("{}/auth/verify", world.base_url)).header("content-type", "application/json");
    Answer::to(verify.body(json!({"email": "ann@test.example", "code": digits}).to_string())).await.success();
    assert_eq!(stats(&world, &referrer).await["pending"], 1);
}

#[tokio::test]
async fn one_person_under_two_names_earns_nothing_and_the_reason_is_kept() {
    let world = World::start().await;
    let (referrer, same_card) = pair(&world).await;
    buys(&world, &referrer, 10, "card_r").await;
    buys(&world, &same_card, 10, "card_r").await;
    assert_eq!(reason(&world, &same_card).await, json!(["refused", "same_card"]));
    let same_network = joined(&world, &referrer).await;
    for account in [&referrer, &same_network] {
        world
            .sql(&format!(
                "select gateway.audit('{{\"ip\": \"192.0.2.7\"}}', '{0}', null, 'account.create', '{0}', null, '{{}}')",
                account.id
            ))
            .await;
    }
    buys(&world, &same_network, 10, "card_n").await;
    assert_eq!(reason(&world, &same_network).await, json!(["refused", "same_network"]));
    let known = joined(&world, &referrer).await;
    world
        .sql(&format!(
            "insert into gateway.identities (kind, value, account_id, verified_at)
               values ('email', 'again@test.example', '{}', gateway.now());
             insert into gateway.trial_claims (proof_hash, claimed_at)
               values (gateway.proof_hash('email', 'again@test.example'), gateway.now() - interval '1 day')",
            known.id
        ))
        .await;
    buys(&world, &known, 10, "card_k").await;
    assert_eq!(reason(&world, &known).await, json!(["refused", "known_person"]));
    let gone = joined(&world, &referrer).await;
    world.change_account(&referrer, "disabled_at = gateway.now()").await;
    buys(&world, &gone, 10, "card_g").await;
    assert_eq!(reason(&world, &gone).await, json!(["refused", "referrer_gone"]));
    for account in [same_card, same_network, known, gone] {
        assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    }
    let admin = world.administrator().await;
    let shown = Answer::to(world.get("/admin/referrals?state=refused", &admin.key)).await.success();
    assert_eq!(
        (shown["data"].as_array().map(Vec::len), &shown["data"][0]["reason"]),
        (Some(4), &json!("referrer_gone"))
    );
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn farmed_accounts_are_three_a_day_and_ten_at_all_and_no_more_than_the_budget() {
    let Some(world) = World::concurrent("farmed accounts that buy at once").await else { return };
    let (referrer, first) = pair(&world).await;
    let mut all = vec![first];
    for _ in 0..7 {
        all.push(joined(&world, &referrer).await);
    }
    let cards: Vec<String> = (0..all.len()).map(|n| format!("card_{n}")).collect();
    futures_util::future::join_all(all.iter().zip(&cards).map(|(account, card)| buys(&world, account, 10, card))).await;
    let rewarded = "select count(*) from gateway.referrals where state = 'qualified'";
    assert_eq!(world.value(rewarded).await, json!(3));
    world.sql("update gateway.referral_codes set rewarded = 10, day = null").await;
    let eleventh = joined(&world, &referrer).await;
    buys(&world, &eleventh, 10, "card_11").await;
    assert_eq!(reason(&world, &eleventh).await, json!(["refused", "referrer_limit"]));
    // A budget for one.
    super::coupons::promotion(&world, "referral", 25).await;
    let (one, one_more) = (pair(&world).await.1, pair(&world).await.1);
    buys(&world, &one, 10, "card_12").await;
    buys(&world, &one_more, 10, "card_13").await;
    assert_eq!(reason(&world, &one).await, json!(["qualified", null]));
    assert_eq!(reason(&world, &one_more).await, json!(["refused", "budget"]));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_returned_purchase_takes_both_rewards_back_and_what_the_referred_spent_is_owed() {
    let world = World::start().await;
    super::coupons::promotion(&world, "referral", 100).await;
    let (referrer, referred) = pair(&world).await;
    let bought = buys(&world, &referred, 10, "card_b").await;
    fourteen_days_later(&world).await;
    stats(&world, &referrer).await;
    spend(&world, &referrer, 4 * DOLLAR).await;
    // The gift, which lapses, goes first.
    spend(&world, &referred, 7 * DOLLAR).await;
    assert_eq!(outcome(&world, &bought.refund("a", 1_000, "succeeded")).await, "applied");
    assert_eq!(world.money(referred.id).await, (-7 * DOLLAR, 0, 7 * DOLLAR));
    assert_eq!(world.money(referrer.id).await.0, 6 * DOLLAR);
    world.assert_ledger_clean().await;
    Answer::to(world.get("/api/cron/reconcile-payments", world.platform.cron_secret())).await.success();
    assert_eq!(world.money(referrer.id).await, (0, 0, 0));
    assert_eq!(reason(&world, &referred).await, json!(["reversed", "purchase_returned"]));
    // Before it was due: the referrer gets nothing, and the budget is there again.
    let (patient, second) = pair(&world).await;
    let bought = buys(&world, &second, 10, "card_c").await;
    outcome(&world, &bought.dispute(1, "needs_response", "general")).await;
    fourteen_days_later(&world).await;
    assert_eq!(stats(&world, &patient).await["reversed"], 1);
    assert_eq!((world.money(patient.id).await.0, world.money(second.id).await), (0, (0, 0, 0)));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_dispute_that_is_won_gives_again_what_it_took_once_however_often_it_is_told() {
    let world = World::start().await;
    super::coupons::promotion(&world, "referral", 100).await;
    let spent = "select jsonb_build_array(spent) from gateway.promotions where id = 'referral'";
    let housekeeping = async || {
        Answer::to(world.get("/api/cron/reconcile-payments", world.platform.cron_secret())).await.success();
    };
    let (referrer, referred) = pair(&world).await;
    let bought = buys(&world, &referred, 10, "card_b").await;
    fourteen_days_later(&world).await;
    stats(&world, &referrer).await;
    spend(&world, &referrer, 4 * DOLLAR).await;
    spend(&world, &referred, 7 * DOLLAR).await;
    // The referrer's part was taken: what was left of it comes back, and to the referred all.
    outcome(&world, &bought.dispute(1, "needs_response", "general")).await;
    housekeeping().await;
    assert_eq!((world.money(referred.id).await, world.money(referrer.id).await.0), ((-7 * DOLLAR, 0, 7 * DOLLAR), 0));
    world.assert_ledger_clean().await;
    for second in [2, 3] {
        outcome(&world, &bought.dispute(second, "won", "general")).await;
        housekeeping().await;
        stats(&world, &referrer).await;
        assert_eq!(
            (world.money(referred.id).await, world.money(referrer.id).await.0),
            ((13 * DOLLAR, 0, 0), 6 * DOLLAR)
        );
        assert_eq!(reason(&world, &referred).await, json!(["paid", null]));
        world.assert_ledger_clean().await;
    }
    // Taken before it was due, and won before anything else happened: it is due as before.
    let (patient, second) = pair(&world).await;
    let bought = buys(&world, &second, 10, "card_c").await;
    outcome(&world, &bought.dispute(1, "needs_response", "general")).await;
    outcome(&world, &bought.dispute(2, "won", "general")).await;
    assert_eq!(
        (world.money(second.id).await.0, reason(&world, &second).await),
        (20 * DOLLAR, json!(["qualified", null]))
    );
    // Taken and given back to the promotion, which pays it again.
    outcome(&world, &bought.dispute(3, "needs_response", "general")).await;
    housekeeping().await;
    assert_eq!(
        (world.value(spent).await, reason(&world, &second).await),
        (json!([30 * DOLLAR]), json!(["reversed", "purchase_returned"]))
    );
    outcome(&world, &bought.dispute(4, "won", "general")).await;
    assert_eq!(world.value(spent).await, json!([40 * DOLLAR]));
    fourteen_days_later(&world).await;
    stats(&world, &patient).await;
    assert_eq!((world.money(second.id).await.0, world.money(patient.id).await.0), (20 * DOLLAR, 10 * DOLLAR));
    world.assert_ledger_clean().await;
}
