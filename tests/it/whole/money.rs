//! Every call costs what its answer says, to the nano-dollar, and never more than its hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use shared::formats::Format;
use tests::answer::Answer;
use tests::scripted::{Script, Scripted};
use tests::whole::{WHOLES, each};
use tests::wire::WIRES;
use tests::world::{Deployment, Route, nanos};

use super::{CREDIT, ask, newest, serve, serving};

#[tokio::test]
async fn the_balance_falls_by_what_the_answer_says_that_it_cost() {
    each(async |whole, deployment| {
        let (world, account) = serving(deployment, whole, "normal").await;
        let answer = ask(&world, whole, &account).await;
        let told = whole.given(&answer);
        let record = newest(&world).await;
        // Bytes have no room for it.
        let cost =
            if whole.is_binary() { record["cost"].as_i64().expect("a cost") } else { nanos(&told["usage"]["cost"]) };
        assert!(cost > 0 && cost == (whole.priced)(&told["usage"]), "{told}");
        assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0), "{told}");
        for (name, value) in [
            ("cost", json!(cost)),
            ("outcome", json!("completed")),
            ("estimated", json!(false)),
            ("provider", json!(whole.provider)),
            ("model", json!(whole.model)),
        ] {
            assert_eq!(record[name], value, "{name}: {record}");
        }
        assert!(record["held"].as_i64() >= Some(cost), "{record}");
        // Who served it is in the answer and in its head.
        assert_eq!(answer.header("x-gateway-provider"), whole.provider);
        if whole.is_binary() {
            return;
        }
        assert_eq!((&told["provider"], &told["gateway"]["provider"]), (&json!(whole.provider), &json!(whole.provider)));
        assert_eq!(told["gateway"]["request_id"], answer.header("x-request-id"));
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn what_the_provider_does_not_report_is_counted() {
    each(async |whole, deployment| {
        if whole.is_binary() || whole.is_chat() {
            // The request says it all, or nothing does.
            return;
        }
        let (world, account) = serving(deployment, whole, "no-usage").await;
        let told = whole.given(&ask(&world, whole, &account).await);
        let cost = nanos(&told["usage"]["cost"]);
        let is_counted = whole.counted > 0;
        assert_eq!(told["usage"]["estimated"] == true, is_counted, "{told}");
        assert!(cost > 0 && cost == (whole.priced)(&told["usage"]), "{told}");
        assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
        let record = newest(&world).await;
        assert_eq!(
            (&record["prompt_tokens"], &record["estimated"]),
            (&json!(whole.counted), &json!(is_counted)),
            "{record}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_sound_whose_length_nobody_says_is_held_for_at_its_longest_and_charged_as_speech_usually_is() {
    let whole = WHOLES.iter().find(|whole| whole.prices.contains("second_price")).expect("a row");
    let (world, account) = serving(&Deployment::new().await, whole, "no-usage").await;
    // By its size alone it is two seconds of speech as it is usually recorded, and ten at the most.
    let sound = json!({"data": STANDARD.encode([0xFF; 7_500]), "format": "mp3"});
    let body = whole.hello(&json!({ "input_audio": sound }));
    let told = whole.given(&Answer::to(world.request(whole, &account.key, &body)).await);
    world.settled().await;
    let record = newest(&world).await;
    assert_eq!((&record["cost"], &record["held"]), (&json!(2 * 100_000), &json!(10 * 100_000)), "{record}");
    assert_eq!((nanos(&told["usage"]["cost"]), &record["estimated"]), (2 * 100_000, &json!(true)), "{told}");
    assert_eq!(world.money(account.id).await, (CREDIT - 2 * 100_000, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_dearest_answer_costs_at_most_the_hold() {
    each(async |whole, deployment| {
        let (world, _) = serving(deployment, whole, "bytes").await;
        let account = world.account(10 * CREDIT).await;
        for text in ["9182736450".repeat(300), "}{)(;:,.!?«»…—".repeat(200), "𓀀𓂀ꙮ༄ᚠ꧁".repeat(200), "x".to_owned()]
        {
            whole.given(&Answer::to(world.request(whole, &account.key, &whole.say(&text, &json!({})))).await);
            world.settled().await;
            let record = newest(&world).await;
            let (held, cost) = (record["held"].as_i64().expect("held"), record["cost"].as_i64().expect("cost"));
            assert!(0 < cost && cost <= held, "{record}");
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_cannot_pay_is_told_so_before_anybody_is_asked() {
    each(async |whole, deployment| {
        let (world, _) = serving(deployment, whole, "normal").await;
        let poor = world.account(10).await;
        let told = ask(&world, whole, &poor).await.refused(402, "insufficient_credits");
        assert!(told["required"].is_number() && told["available"].is_number(), "{told}");
        assert!(world.platform.providers.control().requests().is_empty());
        assert_eq!(world.money(poor.id).await, (10, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_call_with_ones_own_key_costs_nothing() {
    const OWN: &str = "sk-own-0123456789abcdef";
    each(async |whole, deployment| {
        let (world, _) = serving(deployment, whole, "normal").await;
        world.platform.providers.control().add_customer(whole.provider, OWN).expect("a provider");
        let account = world.account(0).await;
        world.own_key(account.id, whole.provider, OWN).await;
        let told = whole.given(&ask(&world, whole, &account).await);
        assert!(whole.is_binary() || told["usage"]["cost"] == 0, "{told}");
        assert_eq!(world.money(account.id).await, (0, 0, 0));
        assert_eq!(newest(&world).await["own_key"], true);
    })
    .await;
}

#[tokio::test]
async fn parallel_calls_spend_no_more_than_there_is() {
    each(async |whole, deployment| {
        let (world, _) = serving(deployment, whole, "normal").await;
        let one = {
            let account = world.account(CREDIT).await;
            whole.given(&ask(&world, whole, &account).await);
            newest(&world).await["held"].as_i64().expect("held")
        };
        // Room for two holds and a half.
        let account = world.account(one * 5 / 2).await;
        let gate = world.platform.providers.control().gate();
        let body = whole.hello(&json!({}));
        let calls = (0..6).map(|_| tokio::spawn(Answer::to(world.request(whole, &account.key, &body))));
        let calls: Vec<_> = calls.collect();
        tests::certain("two calls at the provider", gate.wait_for(2)).await;
        gate.release();
        let mut served = 0;
        for call in calls {
            let answer = call.await.expect("no panic");
            served += i32::from(answer.status == 200);
            if answer.status != 200 {
                assert_eq!(answer.status, 402, "{}", answer.text);
            }
        }
        assert!(served >= 2, "{served}");
        world.settled().await;
        let (balance, held, debt) = world.money(account.id).await;
        assert!(balance >= 0 && held == 0 && debt == 0, "{balance} {held} {debt}");
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn a_model_without_a_price_is_not_asked() {
    let deployment = Deployment::new().await;
    for whole in &WHOLES {
        let (world, account) = serving(&deployment, whole, "normal").await;
        world
            .sql(&format!("update gateway.model_routes set prompt_price = null where model_id = '{}'", whole.model))
            .await;
        ask(&world, whole, &account).await.refused(503, "model_not_priced");
        super::assert_untouched(&world, &account, whole.name).await;
        // And with one at another provider that does not speak the format, neither.
        world.offers(whole, &[Route::new("anthropic", "standin/normal")]).await;
        ask(&world, whole, &account).await.refused(503, "no_provider");
        assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
        serve(&world, whole, "normal").await;
        whole.given(&ask(&world, whole, &account).await);
    }
}

#[tokio::test]
async fn more_units_than_a_call_was_held_for_are_not_believed() {
    let whole = WHOLES.iter().find(|whole| whole.format == Format::Rerank).expect("a row");
    let wire = WIRES.iter().find(|wire| wire.provider == whole.provider).expect("a row");
    let (world, provider) = Scripted::world(&Deployment::new().await, wire, &[]).await;
    world.offers(whole, &[Route::new(whole.provider, "any/model")]).await;
    let account = world.account(CREDIT).await;
    let answers = |searches: u64| {
        let results = json!([{"index": 0, "relevance_score": 0.5}]);
        provider.answers(Script::whole(
            &json!({"results": results, "usage": {"search_units": searches, "total_tokens": 8}}),
        ));
    };
    for (reported, clamped) in [(1, false), (9, true)] {
        answers(reported);
        let before = world.money(account.id).await.0;
        let told = whole.given(&ask(&world, whole, &account).await);
        let record = newest(&world).await;
        assert_eq!((&told["usage"]["search_units"], &record["clamped"]), (&json!(1), &json!(clamped)), "{told}");
        assert_eq!(record["units"], json!({"searches": 1}), "{record}");
        assert_eq!(nanos(&told["usage"]["cost"]), 8 * 1_000 + 2_000_000, "{told}");
        assert_eq!(world.money(account.id).await, (before - 8 * 1_000 - 2_000_000, 0, 0));
    }
    world.assert_ledger_clean().await;
}
