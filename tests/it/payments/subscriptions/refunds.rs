//! What comes back of a plan.

use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

use super::super::facts::outcome;
use super::super::shop::{deliver, post, reconcile};
use super::facts::Subscribed;
use super::shop::{at, bought, buy, cents, intent_of, newcomer, show, spend, travel};

async fn payment(world: &World, account: &tests::world::Account) -> String {
    show(world, account, "/api/stripe/payments").await["data"][0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_refund_finds_its_invoice_though_nobody_has_told_how_that_was_paid() {
    let world = World::start().await;
    let stripe = &world.platform.stripe;
    // Of the one the refund comes before the gateway asks, of the other after it.
    let (account, other) = (newcomer(&world).await, newcomer(&world).await);
    let of_one = buy(&world, &account, "dev", "month").await;
    let of_other = buy(&world, &other, "team", "month").await;
    // The link's event is lost, and gone from the list of events, and so is everything by which Stripe tries again.
    let tell = async || {
        for event in stripe.take_events().into_iter().filter(|event| event.kind != "invoice_payment.paid") {
            post(&world, &event.body, Some(&stripe.sign(&event.body))).await.success();
        }
    };
    tell().await;
    world
        .sql(
            "insert into gateway.stripe_events (id, type, outcome, livemode, created_at, received_at)
               values ('evt_now', 'test', 'ignored', false, gateway.now() + interval '50 days', gateway.now())",
        )
        .await;
    stripe.act("refund", &intent_of(&world, &of_one), &[("amount", "2900")]).expect("a refund");
    tell().await;
    assert_eq!((cents(&world, &account).await, cents(&world, &other).await), (2_900, 9_900));
    let unknown = "select count(*) from gateway.payments where intent_id is null";
    assert_eq!(world.value(unknown).await, json!(2));
    // An event that may still come is waited for.
    assert_eq!(reconcile(&world).await["links"], 0);
    let earlier = "settled_at = settled_at - interval '10 minutes', created_at = created_at - interval '10 minutes'";
    world.sql(&format!("update gateway.payments set {earlier}")).await;
    assert_eq!(reconcile(&world).await["links"], 2);
    assert_eq!((cents(&world, &account).await, world.value(unknown).await), (0, json!(0)));
    stripe.act("refund", &intent_of(&world, &of_other), &[("amount", "4950")]).expect("a refund");
    tell().await;
    assert_eq!(cents(&world, &other).await, 4_950);
    assert_eq!(reconcile(&world).await["links"], 0);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_refund_whose_invoice_is_old_finds_it_by_its_intent() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    let subscription = buy(&world, &account, "dev", "year").await;
    deliver(&world).await;
    // As if it had been paid long ago, and never linked.
    world
        .sql(
            "delete from gateway.stripe_links;
             update gateway.payments set intent_id = null, settled_at = settled_at - interval '30 days';
             insert into gateway.stripe_events (id, type, outcome, livemode, created_at, received_at)
               values ('evt_now', 'test', 'ignored', false, gateway.now() + interval '50 days', gateway.now())",
        )
        .await;
    world.platform.stripe.act("refund", &intent_of(&world, &subscription), &[]).expect("a refund");
    deliver(&world).await;
    assert_eq!(cents(&world, &account).await, 2_900);
    world.sql("update gateway.reversals set created_at = created_at - interval '10 minutes'").await;
    assert_eq!(reconcile(&world).await["links"], 1);
    assert_eq!(cents(&world, &account).await, 0);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn half_of_a_year_that_is_refunded_in_its_fifth_month_voids_the_last_six() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, newcomer(&world).await);
    travel(&world, "2027-01-10T10:00:00Z").await;
    buy(&world, &account, "dev", "year").await;
    for month in 1..=5 {
        at(&world, &format!("2027-0{month}-10T10:01:00Z")).await;
        assert_eq!(cents(&world, &account).await, 2_900);
        spend(&world, &account, 1_000).await;
    }
    let body = json!({"payment_id": payment(&world, &account).await, "amount": 145});
    Answer::to(world.post("/api/stripe/refund", &admin.key, &body)).await.success();
    deliver(&world).await;
    assert_eq!(cents(&world, &account).await, 1_900);
    at(&world, "2027-06-10T10:01:00Z").await;
    assert_eq!(cents(&world, &account).await, 2_900);
    at(&world, "2027-07-10T17:00:00Z").await;
    assert_eq!(cents(&world, &account).await, 0);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_dispute_that_is_won_gives_back_the_months_to_come_and_what_was_taken() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-01-10T10:00:00Z").await;
    let subscription = buy(&world, &account, "dev", "year").await;
    at(&world, "2027-01-10T10:01:00Z").await;
    spend(&world, &account, 1_000).await;
    let stripe = &world.platform.stripe;
    let dispute =
        stripe.act("dispute", &intent_of(&world, &subscription), &[("reason", "general")]).expect("a dispute");
    at(&world, "2027-01-12T10:00:00Z").await;
    // What was spent of it is owed.
    assert_eq!(world.money(account.id).await, (-10_000_000_000, 0, 10_000_000_000));
    world.assert_ledger_clean().await;
    at(&world, "2027-02-12T10:00:00Z").await;
    stripe.act("turn", dispute["id"].as_str().expect("an id"), &[("status", "won")]).expect("it is won");
    at(&world, "2027-02-12T10:05:00Z").await;
    // 29 were taken, 10 of them as debt; the month that has begun meanwhile is there as well.
    assert_eq!(cents(&world, &account).await, 1_900 + 2_900);
    at(&world, "2027-03-10T10:01:00Z").await;
    world.assert_ledger_clean().await;
    let left = world.value("select jsonb_object_agg(state, n) from (select state, count(*) as n from gateway.instalments group by state) as s").await;
    assert_eq!(left, json!({"granted": 2, "due": 10}));
}

#[tokio::test]
async fn what_had_lapsed_unspent_is_not_owed_when_it_is_refunded() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    travel(&world, "2027-01-10T10:00:00Z").await;
    let subscription = buy(&world, &account, "dev", "month").await;
    at(&world, "2027-01-10T10:01:00Z").await;
    spend(&world, &account, 2_000).await;
    let intent = intent_of(&world, &subscription);
    world.platform.stripe.act("cancel", &subscription, &[]).expect("it ends");
    at(&world, "2027-02-12T10:00:00Z").await;
    assert_eq!(cents(&world, &account).await, 0);
    world.platform.stripe.act("refund", &intent, &[]).expect("a refund");
    deliver(&world).await;
    assert_eq!(world.money(account.id).await, (-20_000_000_000, 0, 20_000_000_000));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_plan_is_no_purchase_that_its_buyer_returns() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    bought(&world, &account, "dev", "month").await;
    let path = format!("/user/payments/{}/refund", payment(&world, &account).await);
    Answer::to(world.post(&path, &account.key, &json!({}))).await.refused(409, "payment_not_refundable");
    // It buys the plan's limits, and no pay-as-you-go beside them.
    let bought = format!("select has_purchased from gateway.accounts where id = '{}'", account.id);
    assert_eq!(world.value(&bought).await, json!(false));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_invoice_that_two_cards_have_paid_is_refunded_by_either() {
    let world = World::start().await;
    world.set_clock("2027-01-31T06:00:00Z").await;
    let account = newcomer(&world).await;
    let period = ("2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z");
    let bought = Subscribed::new(&world, &account, "dev_month", period, 2_900).await;
    for seen in [bought.invoice_paid(1), bought.linked()] {
        assert_eq!(outcome(&world, &seen).await, "applied");
    }
    let of_other = |mut seen: serde_json::Value| {
        seen["intent"] = json!("pi_other");
        seen
    };
    // The refund is told of before it is known what its intent has paid.
    assert_eq!(outcome(&world, &of_other(bought.refund("a", 900, "succeeded"))).await, "unmatched");
    assert_eq!(outcome(&world, &of_other(bought.linked())).await, "applied");
    assert_eq!(cents(&world, &account).await, 2_000);
    assert_eq!(outcome(&world, &of_other(bought.refund("b", 1_000, "succeeded"))).await, "applied");
    assert_eq!(cents(&world, &account).await, 1_000);
    world.assert_ledger_clean().await;
}
