//! However a call ends, it is settled once, and for what was asked of a provider.

use serde_json::json;
use tests::certain;
use tests::deadline::{late_enough, patient_enough};
use tests::whole::each;
use tests::world::{Route, World, send};

use super::{CREDIT, ask, forget, newest, serve};

#[tokio::test]
async fn whoever_leaves_pays_for_what_the_provider_was_given() {
    each(async |whole, deployment| {
        let world = World::of(deployment, &[]).await;
        serve(&world, whole, "normal").await;
        let account = world.account(CREDIT).await;
        let gate = world.platform.providers.control().gate();
        let call = tokio::spawn(send(world.request(whole, &account.key, &whole.hello(&json!({})))));
        certain("the call at the provider", gate.wait_for(1)).await;
        call.abort();
        if !whole.repeatable {
            // It is made all the same, so it is waited for.
            gate.release();
            world.settled().await;
            let record = newest(&world).await;
            assert_eq!((&record["outcome"], &record["estimated"]), (&json!("completed"), &json!(false)), "{record}");
            let cost = record["cost"].as_i64().expect("a cost");
            assert!(cost > 0, "{record}");
            assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
            return;
        }
        certain("the settle", async {
            while world.recorded_calls().await == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
        .await;
        gate.release();
        world.settled().await;
        let record = newest(&world).await;
        assert_eq!((&record["outcome"], &record["estimated"]), (&json!("client_left"), &json!(true)), "{record}");
        let cost = record["cost"].as_i64().expect("a cost");
        assert!(cost > 0, "{record}");
        assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_silent_is_given_up_for_another() {
    each(async |whole, deployment| {
        if !whole.repeatable {
            return;
        }
        patient_enough(async |patience| {
            let world = World::of(deployment, patience).await;
            let dearer = Route { prompt: 2_000_000_000, ..Route::new(whole.second, "standin/normal") };
            world.offers(whole, &[Route::new(whole.provider, "standin/hang"), dearer]).await;
            forget(&world).await;
            let account = world.account(CREDIT).await;
            let answer = ask(&world, whole, &account).await;
            // The one that does speak was too slow as well.
            if answer.status == 504 {
                return None;
            }
            whole.given(&answer);
            assert_eq!(answer.header("x-gateway-provider"), whole.second);
            let cost = newest(&world).await["cost"].as_i64().expect("a cost");
            assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
            Some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_call_that_outlasts_its_deadline_is_cut_and_settled() {
    each(async |whole, deployment| {
        // Who says nothing may be making what was asked for.
        let silent = if whole.repeatable { ("upstream_timeout", "failed") } else { ("deadline_exceeded", "deadline") };
        let stalled = (!whole.is_binary()).then_some(("stall", ("deadline_exceeded", "deadline")));
        for (behaviour, (code, outcome)) in [("hang", silent)].into_iter().chain(stalled) {
            late_enough(async |deadline, _| {
                let world = World::of(deployment, deadline).await;
                serve(&world, whole, behaviour).await;
                let account = world.account(CREDIT).await;
                let answer = ask(&world, whole, &account).await;
                if world.platform.providers.control().requests().is_empty()
                    || (answer.json()["error"]["code"] == "upstream_timeout" && code == "deadline_exceeded")
                {
                    return None;
                }
                answer.refused(504, code);
                let record = newest(&world).await;
                assert_eq!(record["outcome"], outcome, "{behaviour}: {record}");
                let cost = record["cost"].as_i64().expect("a cost");
                assert!(cost <= record["held"].as_i64().expect("held"), "{record}");
                assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0), "{behaviour}");
                world.assert_ledger_clean().await;
                Some(())
            })
            .await;
        }
    })
    .await;
}
