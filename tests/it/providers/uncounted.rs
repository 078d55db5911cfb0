//! An answer whose usage nobody reported is counted by us, and never charged beyond its hold.

use local::upstash::Engine;
use serde_json::{Value, json};
use shared::credits::tokens;
use shared::formats::Format;
use tests::answer::Answer;
use tests::deadline::patient_enough;
use tests::scripted::{Script, Scripted, Then};
use tests::wire::{WIRES, Wire, each, each_form_of_openai, each_of_openai};
use tests::world::{Account, Deployment, MODEL, Route, World, hello, nanos, price_of};

use super::{CREDIT, alone, ask, body, is_given_up, newest};

/// The stream ends with an error that names the provider and has one of our codes, and without `[DONE]`.
fn assert_cut(wire: &Wire, answer: &Answer, code: &str, case: &str) {
    let error = wire.failure(&answer.text);
    assert_eq!((&error["code"], &error["provider"]), (&json!(code), &json!(wire.provider)), "{case}: {error}");
}

/// The call was charged by its own tokens, within its hold, and says that it is an estimate. Gives its record.
async fn assert_estimated(world: &World, account: &Account, before: i64, content: &str, case: &str) -> Value {
    let record = newest(world).await;
    assert_eq!(record["estimated"], true, "{case}: {record}");
    assert_eq!(record["completion_tokens"], json!(tokens::count(content)), "{case}: {record}");
    // Hello, and what a chat template adds; how the pieces of a prompt are set apart may cost a token.
    let prompt = tokens::count("Hello") + tokens::USUAL_PER_TURN;
    let counted = record["prompt_tokens"].as_u64().expect("a count");
    assert!((prompt..=prompt + 1).contains(&counted), "{case}: {record}");
    let cost = record["cost"].as_i64().expect("a cost");
    assert_eq!(cost, price_of(&record), "{case}: {record}");
    assert!(cost <= record["held"].as_i64().expect("an amount"), "{case}: {record}");
    assert_eq!(world.money(account.id).await, (before - cost, 0, 0), "{case}");
    world.assert_ledger_clean().await;
    record
}

#[tokio::test]
async fn an_answer_without_usage_is_charged_by_a_real_count() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        alone(wire, &world, "no-usage").await;
        let mut streamed = wire.hello(&wire.with_usage(true));
        streamed["stream"] = json!(true);
        for body in [body(wire, false), streamed] {
            let before = world.money(account.id).await.0;
            let answer = ask(wire, &world, &account.key, &body).await;
            let usage = match body["stream"] == true {
                true => {
                    answer.events().iter().map(|event| wire.usage(event)).find(|usage| !usage.is_null()).expect("usage")
                }
                false => wire.usage(&answer.json()),
            };
            let record = assert_estimated(&world, &account, before, &answer.content(wire), &body.to_string()).await;
            assert_eq!(record["outcome"], "completed");
            assert_eq!((&usage["estimated"], nanos(&usage["cost"])), (&json!(true), price_of(&record)), "{usage}");
            assert_eq!(usage["completion_tokens"], record["completion_tokens"], "{usage}");
        }
    })
    .await;
}

#[tokio::test]
async fn where_only_the_best_of_several_texts_is_seen_nobody_can_count_them_and_the_hold_is_charged() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let wire = WIRES.iter().find(|wire| wire.upstream() == Format::Completions).expect("a wire");
    alone(wire, &world, "no-usage").await;
    let answer = ask(wire, &world, &account.key, &wire.hello(&json!({"best_of": 3, "max_tokens": 100}))).await;
    let usage = wire.usage(&answer.success());
    let record = newest(&world).await;
    assert_eq!((&record["cost"], &record["estimated"]), (&record["held"], &json!(true)), "{record}");
    assert_eq!((json!(nanos(&usage["cost"])), &usage["estimated"]), (record["held"].clone(), &json!(true)), "{usage}");
    assert_eq!(world.money(account.id).await, (CREDIT - nanos(&usage["cost"]), 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_stream_that_breaks_is_charged_for_what_came() {
    each(async |wire, deployment| patient_enough(async |patience| breaks(deployment, wire, patience).await).await)
        .await;
}

/// Answers nothing where a provider was given up that was still writing.
async fn breaks(deployment: &Deployment, wire: &Wire, patience: &[(&str, &str)]) -> Option<()> {
    let world = World::of(deployment, patience).await;
    let account = world.account(CREDIT).await;
    for (behaviour, code) in [
        ("cut?after=3", "upstream_error"),
        ("end-early?after=2", "upstream_error"),
        ("error-mid?after=2", "upstream_error"),
        ("garbage", "upstream_error"),
        ("stall?after=2", "upstream_timeout"),
    ] {
        alone(wire, &world, behaviour).await;
        let before = world.money(account.id).await.0;
        let answer = ask(wire, &world, &account.key, &body(wire, true)).await;
        if is_given_up(&answer) && (code != "upstream_timeout" || answer.status != 200) {
            return None;
        }
        assert_cut(wire, &answer, code, behaviour);
        assert!(!answer.content(wire).is_empty(), "{behaviour}");
        let record = assert_estimated(&world, &account, before, &answer.content(wire), behaviour).await;
        assert_eq!((&record["outcome"], &record["error_code"]), (&"cut".into(), &code.into()), "{behaviour}");
    }
    Some(())
}

#[tokio::test]
async fn a_reasoning_model_whose_provider_is_at_fault_is_charged_for_what_can_be_seen() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        world.sql(&format!("update gateway.models set reasoning = true where id = '{}'", wire.model)).await;
        for (behaviour, stream, outcome) in [
            ("no-usage", false, "completed"),
            ("no-usage", true, "completed"),
            ("cut", true, "cut"),
            ("end-early", true, "cut"),
            ("error-mid", true, "cut"),
            ("garbage", true, "cut"),
        ] {
            let case = format!("{behaviour}, stream: {stream}");
            alone(wire, &world, behaviour).await;
            let before = world.money(account.id).await.0;
            let answer =
                ask(wire, &world, &account.key, &wire.hello(&json!({"stream": stream, "max_tokens": 300}))).await;
            assert_eq!(answer.status, 200, "{case}: {}", answer.text);
            let record = assert_estimated(&world, &account, before, &answer.content(wire), &case).await;
            assert_eq!(record["outcome"], outcome, "{case}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_breaks_before_anything_was_written_costs_nothing() {
    let deployment = Deployment::new().await;
    for wire in WIRES.iter().filter(|wire| (wire.format, wire.upstream()) == (Format::Chat, Format::Chat)) {
        for reasoning in [false, true] {
            let (world, provider) = Scripted::world(&deployment, wire, &[]).await;
            let account = world.account(CREDIT).await;
            world.sql(&format!("update gateway.models set reasoning = {reasoning} where id = '{}'", wire.model)).await;
            let mut call = wire.upstream_event("");
            call["choices"][0]["delta"] = json!({"tool_calls": [{"index": 0, "id": "a", "type": "function",
                "function": {"arguments": ""}}]});
            let mut reported = call.clone();
            reported["usage"] = json!({"prompt_tokens": 36, "completion_tokens": 1});
            for event in [call, reported] {
                provider.answers(Script::stream(&[event]).then(Then::Break));
                let answer = ask(wire, &world, &account.key, &body(wire, true)).await;
                assert_cut(wire, &answer, "upstream_error", "no output");
                let record = newest(&world).await;
                assert_eq!((&record["outcome"], &record["cost"]), (&json!("failed"), &json!(0)), "{record}");
                assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
            }
        }
    }
}

#[tokio::test]
async fn an_answer_of_which_one_choice_is_cut_is_not_complete() {
    each_form_of_openai(async |wire, stream, deployment| {
        let (world, provider) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        let two = wire.hello(&json!({"n": 2, "stream": stream}));
        let mut second = wire.upstream_event("second");
        second["choices"][0]["index"] = json!(1);
        let mut events = vec![wire.upstream_event("first"), second, wire.upstream_finish(0, "stop")];
        let cut = Script::stream(&events);
        provider.answers(cut.clone());
        let answer = ask(wire, &world, &account.key, &two).await;
        let record = newest(&world).await;
        if stream {
            assert_cut(wire, &answer, "upstream_error", "one of two");
            assert_eq!((&record["outcome"], &record["completion_tokens"]), (&json!("cut"), &json!(2)), "{record}");
        } else {
            answer.refused(502, "upstream_error");
            assert_eq!((&record["outcome"], &record["cost"]), (&json!("failed"), &json!(0)), "{record}");
        }
        events.push(wire.upstream_finish(1, "length"));
        // Both have ended, or the provider says that nothing follows: not everybody can give two.
        for script in [Script::stream(&events), cut.done(&[])] {
            provider.answers(script);
            assert_eq!(ask(wire, &world, &account.key, &two).await.status, 200);
            assert_eq!(newest(&world).await["outcome"], "completed");
        }
        world.assert_ledger_clean().await;
    })
    .await;
}

/// An answer that has ended and whose usage does not come, but this: it is complete. Answers whether it had come at all.
async fn ends_without_usage(deployment: &Deployment, wire: &Wire, variables: &[(&str, &str)], then: Then) -> bool {
    let (world, provider) = Scripted::world(deployment, wire, variables).await;
    let account = world.account(CREDIT).await;
    let events = [wire.upstream_event("all of it"), wire.upstream_finish(0, "stop")];
    provider.answers(Script::stream(&events).done(&[]).then(then));
    let answer = ask(wire, &world, &account.key, &body(wire, true)).await;
    if answer.status == 504 || answer.content(wire) != "all of it" {
        return false;
    }
    assert!(wire.is_over(&answer.text), "{}", answer.text);
    let record = assert_estimated(&world, &account, CREDIT, "all of it", &answer.text).await;
    assert_eq!((&record["outcome"], &record["error_code"]), (&json!("completed"), &Value::Null), "{record}");
    true
}

#[tokio::test]
async fn an_answer_that_has_ended_is_complete_whatever_comes_instead_of_its_usage() {
    each_of_openai(async |wire, deployment| {
        // The connection breaks, nothing comes at all, or the deadline comes while the usage is still waited for, which is a second.
        let soon: &[_] = &[("CALL_MAX_SECONDS", "1"), ("KEEP_ALIVE_MS", "600000")];
        for (then, variables) in [(Then::Break, &[][..]), (Then::Silence, &[]), (Then::Silence, soon)] {
            let mut tries = 0..20;
            // On a busy machine a second may be over before the provider has been asked: then it is tried again.
            while !ends_without_usage(deployment, wire, variables, then.clone()).await {
                assert!(tries.next().is_some(), "no answer had come within a second");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_usage_of_nothing_is_no_plain_answer_and_costs_nothing() {
    each_of_openai(async |wire, deployment| {
        let (world, provider) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        let usage = json!({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10});
        provider.answers(Script::stream(&[json!({"id": "c", "choices": [], "usage": usage})]).done(&[]));
        let answer = ask(wire, &world, &account.key, &body(wire, false)).await;
        assert_eq!(answer.status, 502, "{}", answer.text);
        let record = newest(&world).await;
        assert_eq!((&record["outcome"], &record["cost"]), (&json!("failed"), &json!(0)), "{record}");
        assert_eq!(record["prompt_tokens"].as_i64().unwrap_or_default(), 0, "{record}");
        assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_goes_on_is_not_given_up_however_long_it_takes() {
    let world = World::with(Engine::InProcess, &[("PROVIDER_TIMEOUT_MS", "1000")]).await;
    let account = world.account(CREDIT).await;
    world.model(MODEL, &[Route::new("openrouter", "standin/slow?ms=100&chunks=25")]).await;
    // On a busy machine one of its pauses may be as long as that.
    for _ in 0..5 {
        let answer = Answer::to(world.chat(&account.key, &hello(&json!({"stream": true})))).await;
        if !is_given_up(&answer) {
            assert!(answer.text.contains("[DONE]"), "{}", answer.text);
            return;
        }
    }
    panic!("it was given up each time");
}

#[tokio::test]
async fn a_reasoning_model_that_says_nothing_costs_nothing() {
    each_of_openai(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        world.sql(&format!("update gateway.models set reasoning = true where id = '{}'", wire.model)).await;
        for behaviour in ["status?code=500", "error-first", "refuse"] {
            alone(wire, &world, behaviour).await;
            for stream in [false, true] {
                assert_eq!(ask(wire, &world, &account.key, &body(wire, stream)).await.status, 502, "{behaviour}");
                assert_eq!(world.money(account.id).await, (CREDIT, 0, 0), "{behaviour}");
            }
        }
    })
    .await;
}
