//! An attempt of which Stripe, or we, did not hear.

use std::time::Duration;

use local::stripe::Loss;
use serde_json::json;
use tests::certain;
use tests::world::World;

use super::super::shop::{DOLLAR, deliver, reconcile};
use super::{agreed, attempts, call, charges, later, put, turned_on};

#[tokio::test]
async fn an_attempt_whose_answer_was_lost_stays_the_only_one_until_it_is_known() {
    let world = World::start().await;
    for way in ["event", "settle", "cron", "a day later"] {
        let account = world.account(DOLLAR).await;
        turned_on(&world, &account, &agreed(&json!({})), "good").await;
        let before = charges(&world);
        world.platform.stripe.lose(Loss::Answer, 3);
        call(&world, &account).await;
        attempts(&world, &account, &["processing"]).await;
        let lost = async {
            while charges(&world) == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        certain("the request", lost).await;
        for _ in 0..3 {
            call(&world, &account).await;
        }
        // Until the third try has come to nothing as well.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        attempts(&world, &account, &["processing"]).await;
        match way {
            "event" => {
                deliver(&world).await;
            }
            "settle" => {
                later(&world, &account, "2 minutes").await;
                call(&world, &account).await;
            }
            "cron" => {
                let _ = world.platform.stripe.take_events();
                later(&world, &account, "2 minutes").await;
                reconcile(&world).await;
            }
            _ => {
                // The key is forgotten by then, and so are the events.
                let _ = world.platform.stripe.take_events();
                world.platform.stripe.advance(25 * 3600);
                later(&world, &account, "1 day 1 hour").await;
                call(&world, &account).await;
                reconcile(&world).await;
            }
        }
        attempts(&world, &account, &["succeeded"]).await;
        deliver(&world).await;
        assert_eq!(charges(&world), before + 1, "{way}");
        let balance = world.money(account.id).await.0;
        assert!((10 * DOLLAR..11 * DOLLAR).contains(&balance), "{way}: {balance}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_attempt_that_never_reached_stripe_is_made_later_or_given_up() {
    let world = World::start().await;
    for (way, status) in [("cron", "succeeded"), ("a day later", "canceled"), ("switched off", "canceled")] {
        let account = world.account(DOLLAR).await;
        turned_on(&world, &account, &agreed(&json!({})), "good").await;
        let before = charges(&world);
        world.platform.stripe.lose(Loss::Request, 3);
        call(&world, &account).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        attempts(&world, &account, &["processing"]).await;
        if way == "switched off" {
            put(&world, &account, &json!({"enabled": false})).await.success();
        }
        later(&world, &account, if way == "a day later" { "1 day 1 hour" } else { "2 minutes" }).await;
        reconcile(&world).await;
        attempts(&world, &account, &[status]).await;
        assert_eq!(charges(&world), before + usize::from(status == "succeeded"), "{way}");
    }
    world.assert_ledger_clean().await;
}
