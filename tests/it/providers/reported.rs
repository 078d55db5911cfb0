//! What a provider reports of usage is charged, wherever it stands and whatever its figures are called; what it does not
//! report, or reports too early, is counted.

use serde_json::{Value, json};
use shared::credits::tokens::count;
use tests::answer::Answer;
use tests::deadline::patient_enough;
use tests::scripted::{Script, Scripted, Then};
use tests::wire::{Wire, each_form_of_openai, each_of_openai};
use tests::world::{Account, Deployment, World, nanos};

use super::{CREDIT, ask, is_given_up, newest};

const TEXT: &str = "many words and more words of an answer that is not short";

/// Prompt, cached and completion tokens at the route's prices.
fn cost(prompt: u64, cached: u64, completion: u64) -> u64 {
    (prompt - cached) * 1_000 + cached * 500 + completion * 2_000
}

/// A complete answer whose usage is this, streamed.
fn with_usage(wire: &Wire, usage: &Value) -> Script {
    let report = json!({ "id": "c", "choices": [], "usage": usage });
    Script::stream(&[wire.upstream_event(TEXT), wire.upstream_finish(0, "stop"), report]).done(&[])
}

/// Makes a call, and gives its answer and its record.
async fn call(wire: &Wire, world: &World, account: &Account, stream: bool) -> (Answer, Value) {
    let options = if stream { json!({"stream": true, "stream_options": {"include_usage": true}}) } else { json!({}) };
    let answer = ask(wire, world, &account.key, &wire.hello(&options)).await;
    (answer, newest(world).await)
}

/// The answer's usage and cost are those of the record.
fn assert_told(answer: &Answer, stream: bool, record: &Value, case: &str) {
    let told = if stream { answer.events().pop().expect("events") } else { answer.json() };
    let usage = &told["usage"];
    assert_eq!(nanos(&usage["cost"]), record["cost"].as_i64().expect("a cost"), "{case}: {usage}");
    for name in ["prompt_tokens", "completion_tokens"] {
        assert_eq!(usage[name], record[name], "{case}: {usage}");
    }
    let total = record["prompt_tokens"].as_u64().zip(record["completion_tokens"].as_u64()).map(|(a, b)| a + b);
    assert_eq!(usage["total_tokens"].as_u64(), total, "{case}: {usage}");
}

#[tokio::test]
async fn every_figure_is_read_whatever_it_is_called() {
    let reasoning = json!({"reasoning_tokens": 690});
    let cases = [
        (
            json!({"prompt_tokens": 36, "completion_tokens": 10, "total_tokens": 736, "completion_tokens_details": reasoning}),
            36,
            0,
            700,
        ),
        (
            json!({"prompt_tokens": 36, "completion_tokens": 700, "total_tokens": 736, "completion_tokens_details": reasoning}),
            36,
            0,
            700,
        ),
        (json!({"prompt_tokens": 36, "total_tokens": 726, "completion_tokens_details": reasoning}), 36, 0, 690),
        (json!({"prompt_tokens": 36, "completion_tokens": 5, "cost": 0}), 36, 0, 5),
        (json!({"prompt_tokens": 36, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 9}}), 36, 9, 5),
        (json!({"prompt_tokens": 36, "completion_tokens": 5, "cache_read_input_tokens": 9}), 36, 9, 5),
        (json!({"prompt_tokens": 36, "completion_tokens": 5, "prompt_cache_hit_tokens": 9}), 36, 9, 5),
        (json!({"prompt_tokens": 36, "completion_tokens": 5, "cached_tokens": 9}), 36, 9, 5),
        (
            json!({"prompt_tokens": 6, "completion_tokens": 5, "total_tokens": 20, "cache_read_input_tokens": 9}),
            15,
            9,
            5,
        ),
        (json!({"prompt_tokens": 36, "completion_tokens": 5, "cached_tokens": 99}), 36, 36, 5),
    ];
    each_form_of_openai(async |wire, stream, deployment| {
        let (world, provider) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        for (usage, prompt, cached, completion) in cases.clone() {
            let mut plain = wire.upstream_answer(TEXT);
            plain["usage"] = usage.clone();
            for script in [with_usage(wire, &usage), Script::whole(&plain)] {
                let case = format!("{}: {usage}", script.content_type);
                provider.answers(script);
                let (answer, record) = call(wire, &world, &account, stream).await;
                assert_eq!(record["cost"], json!(cost(prompt, cached, completion)), "{case}: {record}");
                assert_eq!(
                    (&record["prompt_tokens"], &record["completion_tokens"]),
                    (&json!(prompt), &json!(completion)),
                    "{case}"
                );
                assert_eq!((&record["cached_tokens"], &record["estimated"]), (&json!(cached), &json!(false)), "{case}");
                assert_told(&answer, stream, &record, &case);
            }
        }
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn a_cache_that_exceeds_the_prompt_is_charged_at_the_dearer_price() {
    each_form_of_openai(async |wire, stream, deployment| {
        let (world, provider) = Scripted::world(deployment, wire, &[]).await;
        let dearer = "update gateway.model_routes set written_price = 3000000000 where model_id";
        world.sql(&format!("{dearer} = '{}'", wire.model)).await;
        let account = world.account(CREDIT).await;
        let usage = json!({"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105,
            "cache_read_input_tokens": 90, "cache_creation_input_tokens": 60});
        provider.answers(with_usage(wire, &usage));
        let (answer, record) = call(wire, &world, &account, stream).await;
        assert_eq!(record["cost"], json!(60 * 3_000 + 40 * 500 + 5 * 2_000), "{record}");
        assert_told(&answer, stream, &record, "beyond the prompt");
    })
    .await;
}

#[tokio::test]
async fn usage_is_found_wherever_it_stands() {
    let usage = json!({"prompt_tokens": 36, "completion_tokens": 50});
    each_form_of_openai(async |wire, stream, deployment| {
        let (world, provider) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        let (text, finish) = (wire.upstream_event(TEXT), wire.upstream_finish(0, "stop"));
        let mut in_the_choice = finish.clone();
        in_the_choice["choices"][0]["usage"] = usage.clone();
        let mut beside = finish.clone();
        beside["usage"] = usage.clone();
        let mut groq = finish.clone();
        groq["x_groq"] = json!({"id": "r", "usage": usage});
        let nothing = json!({"id": "c", "choices": [], "usage": {"prompt_tokens": null, "completion_tokens": null}});
        let behind = json!({"id": "c", "choices": [], "usage": usage});
        for (case, script) in [
            ("in the choice", Script::stream(&[text.clone(), in_the_choice]).done(&[])),
            ("beside the choice", Script::stream(&[text.clone(), beside.clone()]).done(&[])),
            ("x_groq", Script::stream(&[text.clone(), groq]).done(&[])),
            ("behind the end", Script::stream(&[text.clone(), finish]).done(&[behind])),
            ("erased by nothing", Script::stream(&[text, beside, nothing]).done(&[])),
        ] {
            // Whether the provider closes the connection after it or not.
            for then in [Then::End, Then::Silence] {
                provider.answers(script.clone().then(then));
                let (answer, record) = call(wire, &world, &account, stream).await;
                assert_eq!(
                    (&record["cost"], &record["estimated"]),
                    (&json!(cost(36, 0, 50)), &json!(false)),
                    "{case}: {record}"
                );
                assert_told(&answer, stream, &record, case);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_usage_of_nothing_beside_a_text_is_none_and_one_without_a_prompt_is_half_of_it() {
    each_form_of_openai(async |wire, stream, deployment| {
        let (world, provider) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        let (counted, written) = (wire.prompt_tokens, count(TEXT));
        for (usage, prompt, completion) in [
            (json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}), counted, written),
            (json!({"prompt_tokens": 36, "completion_tokens": 0, "total_tokens": 36}), 36, written),
            // No prompt is without a token: what was written is believed, and what was read is counted.
            (json!({"prompt_tokens": 0, "completion_tokens": 50}), counted, 50),
            (json!({"completion_tokens": 50}), counted, 50),
        ] {
            let mut plain = wire.upstream_answer(TEXT);
            plain["usage"] = usage.clone();
            let mut every = [wire.upstream_event(TEXT), wire.upstream_finish(0, "stop")];
            every.iter_mut().for_each(|event| event["usage"] = usage.clone());
            for script in [Script::whole(&plain), with_usage(wire, &usage), Script::stream(&every).done(&[])] {
                provider.answers(script);
                let (answer, record) = call(wire, &world, &account, stream).await;
                assert_eq!(
                    (&record["outcome"], &record["estimated"]),
                    (&json!("completed"), &json!(true)),
                    "{usage}: {record}"
                );
                assert_eq!(record["prompt_tokens"], json!(prompt), "{usage}: {record}");
                assert_eq!(record["completion_tokens"], json!(completion), "{usage}: {record}");
                let held = record["held"].as_u64().expect("held");
                assert_eq!(record["cost"], json!(cost(prompt, 0, completion).min(held)), "{usage}: {record}");
                assert_told(&answer, stream, &record, &usage.to_string());
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_usage_that_is_behind_the_text_is_not_the_answers() {
    each_of_openai(async |wire, deployment| {
        patient_enough(async |patience| behind_the_text(deployment, wire, patience).await).await
    })
    .await;
}

/// Answers nothing where a provider was given up that was still writing.
async fn behind_the_text(deployment: &Deployment, wire: &Wire, patience: &[(&str, &str)]) -> Option<()> {
    let (world, provider) = Scripted::world(deployment, wire, patience).await;
    let account = world.account(CREDIT).await;
    let long = wire.hello(&json!({"stream": true, "max_tokens": 600}));
    let mut early = wire.upstream_event("");
    early["usage"] = json!({"prompt_tokens": 36, "completion_tokens": 1, "total_tokens": 37});
    let mut events = vec![early];
    events.extend(TEXT.split_inclusive(' ').map(|word| wire.upstream_event(word)));
    let cut = Script::stream(&events);
    events.push(wire.upstream_finish(0, "stop"));
    for (script, outcome, silent) in [
        (cut.clone(), "cut", false),
        (cut.clone().then(Then::Break), "cut", false),
        (cut.then(Then::Silence), "cut", true),
        (Script::stream(&events).done(&[]), "completed", false),
    ] {
        provider.answers(script);
        let answer = ask(wire, &world, &account.key, &long).await;
        if is_given_up(&answer) && (!silent || answer.status != 200 || answer.content(wire) != TEXT) {
            return None;
        }
        assert_eq!(answer.content(wire), TEXT);
        let record = newest(&world).await;
        assert_eq!((&record["outcome"], &record["estimated"]), (&json!(outcome), &json!(true)), "{record}");
        assert_eq!(record["cost"], json!(cost(36, 0, count(TEXT))), "{record}");
    }
    // One that is ahead of what can be seen is of what cannot.
    let mut ahead = wire.upstream_event(TEXT);
    ahead["usage"] = json!({"prompt_tokens": 36, "completion_tokens": 500});
    provider.answers(Script::stream(&[ahead]).then(Then::Break));
    if is_given_up(&ask(wire, &world, &account.key, &long).await) {
        return None;
    }
    assert_eq!(newest(&world).await["cost"], json!(cost(36, 0, 500)));
    world.assert_ledger_clean().await;
    Some(())
}

#[tokio::test]
async fn more_than_the_model_has_is_not_believed() {
    each_form_of_openai(async |wire, stream, deployment| {
        let (world, provider) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        provider.answers(with_usage(
            wire,
            &json!({"prompt_tokens": 1_000_000_000, "completion_tokens": 900_000_000,
            "prompt_tokens_details": {"cached_tokens": 500_000_000}}),
        ));
        let before = world.money(account.id).await.0;
        let (answer, record) = call(wire, &world, &account, stream).await;
        // The model's context and its longest output; as much of the prompt was cached as there was.
        assert_eq!(
            (&record["prompt_tokens"], &record["completion_tokens"]),
            (&json!(128_000), &json!(16_384)),
            "{record}"
        );
        assert_eq!(record["cost"], json!(cost(128_000, 128_000, 16_384)), "{record}");
        assert_eq!((&record["clamped"], &record["estimated"]), (&json!(true), &json!(false)), "{record}");
        assert_eq!(world.money(account.id).await.0, before - record["cost"].as_i64().expect("a cost"));
        assert_told(&answer, stream, &record, "absurd");
        provider.answers(with_usage(wire, &json!({"prompt_tokens": 128_000, "completion_tokens": 16_384})));
        assert_eq!(call(wire, &world, &account, stream).await.1["clamped"], false);
        world.assert_ledger_clean().await;
    })
    .await;
}
