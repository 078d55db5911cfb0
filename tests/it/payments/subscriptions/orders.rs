//! Every order of what Stripe says of a plan comes to one result, each event twice and again under another name.

use serde_json::{Value, json};
use tests::world::World;

use super::super::facts::{applied, applied_as};
use super::super::orders::orders;
use super::facts::Subscribed;
use super::shop::newcomer;

const YEAR: (&str, &str) = ("2027-01-31T00:00:00Z", "2028-01-31T00:00:00Z");
const MONTH: (&str, &str) = ("2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z");

/// Applies the events of each order and asks how all stands then: it is always this moment.
async fn in_each_order(
    world: &World,
    (price, period, paid): (&'static str, (&'static str, &'static str), i64),
    events: impl Fn(&Subscribed) -> Vec<Value>,
) -> Value {
    world.set_clock("2027-01-31T06:00:00Z").await;
    let mut first: Option<Value> = None;
    let count = events(&Subscribed::new(world, &newcomer(world).await, price, period, paid).await).len();
    for order in orders(count) {
        let bought = Subscribed::new(world, &newcomer(world).await, price, period, paid).await;
        let events = events(&bought);
        let mut sql = String::new();
        for (place, event) in order.iter().enumerate() {
            let twice = applied_as(&format!("evt_{place}_{}", bought.id.simple()), &events[*event]);
            sql += &format!("select {twice}; select {twice}; select {};", applied(&events[*event]));
        }
        world.sql(&sql).await;
        let stands = bought.stands(world).await;
        assert_eq!(&stands, first.get_or_insert(stands.clone()), "{order:?}");
    }
    world.assert_ledger_clean().await;
    first.expect("an order")
}

#[tokio::test]
async fn a_year_that_is_paid_half_refunded_and_set_to_end_comes_to_one_result() {
    let world = World::start().await;
    let stands = in_each_order(&world, ("dev_year", YEAR, 29_000), |bought| {
        vec![
            bought.looked_at(1, "active", &json!({})),
            bought.looked_at(3, "active", &json!({})),
            bought.looked_at(5, "active", &json!({"cancel_at": "2028-01-31T00:00:00Z"})),
            bought.invoice_paid(2),
            bought.linked(),
            bought.refund("a", 14_500, "succeeded"),
        ]
    })
    .await;
    // Six of twelve months are void; the first was granted and stays.
    assert_eq!(
        stands,
        json!([["succeeded", 174_000_000_000_i64, true], 29_000_000_000_i64, 0, "dev", "2028-01-31T00:00:00+00:00",
               "2027-02-28T00:00:00+00:00", {"due": 5, "granted": 1, "void": 6}])
    );
}

#[tokio::test]
async fn an_end_is_final_and_what_was_paid_keeps_its_credit_in_every_order() {
    let world = World::start().await;
    let ended = "2027-01-31T05:00:00Z";
    let stands = in_each_order(&world, ("team_month", MONTH, 9_900), |bought| {
        vec![
            bought.looked_at(1, "incomplete", &json!({})),
            bought.looked_at(4, "canceled", &json!({"ended_at": ended})),
            // What was asked for later and says something else is a look at another time: an end has no end.
            bought.looked_at(9, "active", &json!({})),
            bought.invoice_paid(2),
            bought.linked(),
            bought.refund("a", 3_300, "failed"),
        ]
    })
    .await;
    assert_eq!(
        stands,
        json!([["succeeded", 0, true], 99_000_000_000_i64, 0, "team", "2027-01-31T05:00:00+00:00", null, {"granted": 1}])
    );
}

#[tokio::test]
async fn a_month_that_is_wholly_disputed_and_won_comes_to_one_result() {
    let world = World::start().await;
    let stands = in_each_order(&world, ("dev_month", MONTH, 2_900), |bought| {
        let dispute = |second: u32, status: &str| {
            json!({"kind": "dispute", "id": format!("du_{}", bought.id.simple()), "intent": bought.intent(), "charge": "ch_1",
                "amount": 2_900, "currency": "usd", "status": status, "reason": "general",
                "observed_at": format!("2027-01-31T01:00:{second:02}Z")})
        };
        vec![
            bought.looked_at(1, "active", &json!({})),
            bought.invoice_paid(2),
            bought.linked(),
            dispute(1, "needs_response"),
            dispute(2, "won"),
        ]
    })
    .await;
    assert_eq!(
        stands,
        json!([["succeeded", 0, true], 29_000_000_000_i64, 0, "dev", "2027-03-07T00:00:00+00:00", null, {"granted": 1}])
    );
}
