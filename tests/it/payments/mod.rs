//! Payments: credit exactly once, whatever Stripe says in whatever order, and back as much as comes back.
//!
//! - `facts`: events as the database is told of them. `orders`: every order of them comes to one result.
//! - `top_ups`: buying, from the request to the credit. `webhook`: what Stripe tells, and what is not believed.
//! - `auto_topup`: what is bought by itself.
//! - `crashes`: a function that dies before or after the database has heard.
//! - `set_up`: what one command makes at Stripe.
//! - `at_once`: the same at the same time. `refunds`, `disputes`: what comes back. `missed`: what no event has told.
//! - `leaving`: what becomes of it all when an account leaves.
//! - `subscriptions`: plans. `trials`: what comes before. `stand_in`: Stripe's stand-in is as strict as Stripe.

mod at_once;
mod auto_topup;
mod crashes;
mod disputes;
pub mod facts;
mod leaving;
mod missed;
pub mod orders;
mod refunds;
mod set_up;
pub mod shop;
mod stand_in;
pub mod subscriptions;
mod top_ups;
mod trials;
mod webhook;

use tests::world::{Account, World};

/// Takes credit as calls would.
pub async fn spend(world: &World, account: &Account, nanos: i64) {
    world
        .sql(&format!(
            "do $$ declare account gateway.accounts; spent record; begin
               select * into account from gateway.accounts where id = '{}' for update;
               spent := gateway.spend(account, {nanos}, 'admin_debit', null, '', null, gateway.now(), gateway.now());
               update gateway.accounts set balance = (spent.account).balance where id = account.id;
             end $$",
            account.id
        ))
        .await;
}
