//! Every order of what Stripe says comes to one result, each event twice and again under another name.

use serde_json::{Value, json};
use tests::world::{Account, World};

use super::facts::{Bought, applied, applied_as, outcome};
use super::shop::DOLLAR;

/// How many orders are tried; with `PAYMENT_ORDERS=all` every one.
const USUAL: usize = 300;

/// Every order of the numbers below `length`, in no particular order, as many as are wanted.
pub fn orders(length: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for next in 0..length {
        all = all
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, next);
                    longer
                })
            })
            .collect();
    }
    if std::env::var("PAYMENT_ORDERS").as_deref() == Ok("all") {
        return all;
    }
    // A step that shares no factor with the number of orders meets each of them before it meets one again.
    let (count, step) = (all.len(), 4_999);
    (0..USUAL.min(count)).map(|i| all[i * step % count].clone()).collect()
}

/// A call that costs a dollar, as its settle charges it: what no credit is there for is debt.
fn used(account: &Account) -> String {
    format!(
        "do $$ declare account gateway.accounts; spent record; begin
           select * into account from gateway.accounts where id = '{}' for update;
           spent := gateway.spend(account, least({DOLLAR}, gateway.available(account, gateway.now())), 'usage', null, '', null,
                                  gateway.now(), gateway.now());
           account := gateway.take_on_debt(spent.account, {DOLLAR} - spent.taken, 'usage', null, '', gateway.now());
           update gateway.accounts set balance = account.balance, debt = account.debt, next_expiry = account.next_expiry
             where id = account.id;
         end $$;",
        account.id
    )
}

/// Applies the events of each order, each followed by itself and by its like, and asks how the payment stands then. Before each of them
/// a dollar is spent, and among them ten dollars are bought.
async fn in_each_order(world: &World, bonus: i64, paid: i64, events: impl Fn(&Bought) -> Vec<Value>) -> Value {
    let mut first: Option<Value> = None;
    let count = {
        let account = world.account(0).await;
        events(&Bought::new(world, &account, 10_000, paid, bonus).await).len()
    };
    for order in orders(count) {
        let account = world.account(0).await;
        let bought = Bought::new(world, &account, 10_000, paid, bonus).await;
        let (events, other) = (events(&bought), Bought::new(world, &account, 1_000, 1_000, 0).await);
        let mut sql = String::new();
        for (place, event) in order.iter().enumerate() {
            sql += &used(&account);
            if place == order.len() / 2 {
                sql += &format!("select {};", applied(&other.completed()));
            }
            let twice = applied_as(&format!("evt_{place}_{}", bought.id.simple()), &events[*event]);
            sql += &format!("select {twice}; select {twice}; select {};", applied(&events[*event]));
        }
        world.sql(&sql).await;
        let stands = bought.stands(world).await;
        let expected = first.get_or_insert(stands.clone());
        assert_eq!(&stands, expected, "{order:?}");
    }
    world.assert_ledger_clean().await;
    first.expect("an order")
}

#[tokio::test]
async fn a_purchase_its_refunds_and_a_dispute_that_is_won_come_to_one_result() {
    let world = World::start().await;
    let stands = in_each_order(&world, 2_000, 10_800, |bought| {
        vec![
            bought.completed(),
            bought.succeeded(),
            bought.charged(),
            bought.refund("a", 3_000, "succeeded"),
            bought.refund("b", 2_000, "pending"),
            bought.refund("b", 2_000, "failed"),
            bought.dispute(1, "needs_response", "general"),
            bought.dispute(2, "won", "general"),
        ]
    })
    .await;
    // 120 dollars of credit for 108 paid, of which 30 came back; ten that were bought, and eight that were spent.
    assert_eq!(stands, json!(["succeeded", 33_333_333_334_i64, 88_666_666_666_i64, 0, false, false, true]));
}

#[tokio::test]
async fn what_fails_or_expires_on_its_way_is_credited_when_it_is_paid() {
    let world = World::start().await;
    let stands = in_each_order(&world, 0, 10_000, |bought| {
        let with = |status: &str| {
            let mut seen = bought.succeeded();
            seen["status"] = json!(status);
            seen
        };
        vec![with("processing"), with("failed"), with("expired"), with("paid"), bought.charged()]
    })
    .await;
    assert_eq!(stands, json!(["succeeded", 0, 105_000_000_000_i64, 0, false, false, true]));
}

#[tokio::test]
async fn a_dispute_that_is_lost_takes_all_and_stays_whatever_order() {
    let world = World::start().await;
    let stands = in_each_order(&world, 0, 10_000, |bought| {
        vec![
            bought.completed(),
            bought.refund("a", 10_000, "succeeded"),
            bought.dispute(1, "needs_response", "fraudulent"),
            bought.dispute(2, "under_review", "fraudulent"),
            bought.dispute(3, "lost", "fraudulent"),
        ]
    })
    .await;
    // The refund and the dispute are of the same money. A closed dispute disables nobody; it blocks payments for good.
    assert_eq!(stands, json!(["succeeded", 100_000_000_000_i64, 5 * DOLLAR, 0, true, false, false]));
}

#[tokio::test]
async fn what_comes_before_its_payment_is_known_waits_for_it() {
    let world = World::start().await;
    let account = world.account(0).await;
    let bought = Bought::new(&world, &account, 10_000, 10_000, 0).await;
    assert_eq!(outcome(&world, &bought.refund("a", 4_000, "succeeded")).await, "unmatched");
    assert_eq!(outcome(&world, &bought.dispute(1, "needs_response", "fraudulent")).await, "unmatched");
    let waiting = "select count(*) from gateway.stripe_events where outcome = 'unmatched'";
    assert_eq!(world.value(waiting).await, json!(2));
    assert_eq!(outcome(&world, &bought.completed()).await, "applied");
    assert_eq!(world.value(waiting).await, json!(0));
    assert_eq!(bought.stands(&world).await, json!(["succeeded", 100_000_000_000_i64, 0, 0, true, true, false]));
    assert_eq!(outcome(&world, &bought.dispute(2, "won", "fraudulent")).await, "applied");
    assert_eq!(
        bought.stands(&world).await,
        json!(["succeeded", 40_000_000_000_i64, 60_000_000_000_i64, 0, false, false, false])
    );
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_spent_of_a_refunded_purchase_is_borne_by_other_paid_credit_before_it_is_debt() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (first, second) =
        (Bought::new(&world, &account, 10_000, 10_000, 0).await, Bought::new(&world, &account, 5_000, 5_000, 0).await);
    outcome(&world, &first.completed()).await;
    world
        .sql(&format!(
            "do $$ declare account gateway.accounts; spent record; begin
               select * into account from gateway.accounts where id = '{}' for update;
               spent := gateway.spend(account, 90000000000, 'admin_debit', null, '', null, gateway.now(), gateway.now());
               update gateway.accounts set balance = (spent.account).balance where id = account.id;
             end $$",
            account.id
        ))
        .await;
    outcome(&world, &second.completed()).await;
    // 10 are left of the first, the second bears 50, 40 are debt.
    outcome(&world, &first.refund("a", 10_000, "succeeded")).await;
    assert_eq!(world.money(account.id).await, (-40_000_000_000, 0, 40_000_000_000));
    world.assert_ledger_clean().await;
    // A refund that fails pays the debt first.
    outcome(&world, &first.refund("a", 10_000, "failed")).await;
    assert_eq!(world.money(account.id).await, (60_000_000_000, 0, 0));
    world.assert_ledger_clean().await;
}
