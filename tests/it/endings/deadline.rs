//! A call that outlasts its deadline is cut; what it produced until then is charged.

use local::provider::Ending;
use serde_json::{Value, json};
use shared::formats::Format;
use tests::certain;
use tests::deadline::late_enough;
use tests::plain::PlainServer;
use tests::scripted::{Script, Scripted, Then};
use tests::wire::{WIRES, Wire, each, each_form, each_format, each_translation};
use tests::world::{Deployment, Route, read, send};

use super::{
    CREDIT, Reader, ask, assert_estimated, assert_members, call_at, let_it_reason, settled, variables, world_within,
};
use crate::platforms::function;

/// The call, which began a moment after its request came, ended at its deadline and not before.
fn assert_in_time(row: &Value, seconds: u64) {
    assert!(row["duration_ms"].as_u64() >= Some(seconds * 1_000 / 2), "{row}");
}

/// The text and the record of a stream whose provider behaves so, and which was cut when this much text had come.
async fn cut(
    deployment: &Deployment,
    wire: &'static Wire,
    upstream: &str,
    pieces: usize,
    compiled: bool,
    reasoning: bool,
) -> (String, Value) {
    late_enough(async |deadline, seconds| {
        let (world, account) = world_within(deployment, wire, upstream, deadline).await;
        if reasoning {
            let_it_reason(&world, wire).await;
        }
        let server = if compiled { Some(PlainServer::start(function(), &variables(&world)).await) } else { None };
        let base_url = server.as_ref().map_or(&world.base_url, |server| &server.base_url);
        let response = send(call_at(wire, &world, base_url, &account, &ask(wire, true))).await;
        if response.status() == 504 {
            return None;
        }
        let text = Reader::of(wire, response).whole().await;
        if wire.pieces(&text).len() < pieces {
            return None;
        }
        assert_eq!(wire.failure(&text)["code"], "deadline_exceeded");
        let control = world.platform.providers.control();
        let provider = certain("the end", control.wait_for(|all| all[0].ending.is_some())).await;
        assert_eq!(provider[0].ending, Some(Ending::ClientGone));
        let row = settled(&world, &account).await;
        assert_in_time(&row, seconds);
        Some((text, row))
    })
    .await
}

async fn a_silent_stream_is_cut(deployment: &Deployment, wire: &'static Wire, compiled: bool) {
    let (text, row) = cut(deployment, wire, "standin/stall?after=3", 3, compiled, false).await;
    assert_eq!(wire.pieces(&text).len(), 3);
    assert_estimated(wire, &row, "deadline", &wire.pieces(&text).concat());
    assert_members(&row, &json!({"error_code": "deadline_exceeded", "stream": true}));
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_cut_and_charged_for_what_it_produced() {
    each(async |wire, deployment| a_silent_stream_is_cut(deployment, wire, false).await).await;
}

#[tokio::test]
async fn a_compiled_functions_stream_is_cut_and_charged_likewise() {
    each_translation(async |wire, deployment| a_silent_stream_is_cut(deployment, wire, true).await).await;
}

#[tokio::test]
async fn a_stream_that_goes_on_is_cut_and_charged_for_what_it_produced() {
    each(async |wire, deployment| {
        let (text, row) = cut(deployment, wire, "standin/slow?ms=50&chunks=10000", 1, false, false).await;
        assert_estimated(wire, &row, "deadline", &wire.pieces(&text).concat());
    })
    .await;
}

#[tokio::test]
async fn a_stream_of_a_reasoning_model_that_is_cut_costs_its_hold() {
    each(async |wire, deployment| {
        let (_, row) = cut(deployment, wire, "standin/stall?after=3", 3, false, true).await;
        assert_members(&row, &json!({"outcome": "deadline", "estimated": true, "cost": row["held"]}));
    })
    .await;
}

/// A provider whose answer begins so, and then says no more until the deadline. Gives the record.
async fn says_no_more(
    deployment: &Deployment,
    wire: &'static Wire,
    begun: &Script,
    further: &Value,
    reasoning: bool,
) -> Value {
    late_enough(async |deadline, seconds| {
        let (world, provider) = Scripted::world(deployment, wire, deadline).await;
        let account = world.account(CREDIT).await;
        if reasoning {
            let_it_reason(&world, wire).await;
        }
        provider.answers(begun.clone().then(Then::Silence));
        let body = wire.hello(further);
        let (status, answer) = read(send(call_at(wire, &world, &world.base_url, &account, &body)).await).await;
        if answer["error"]["code"] == "upstream_timeout" {
            return None;
        }
        assert_eq!((status, &answer["error"]["code"]), (504, &json!("deadline_exceeded")), "{answer}");
        let row = settled(&world, &account).await;
        assert_members(&row, &json!({"outcome": "deadline", "estimated": true, "error_code": "deadline_exceeded"}));
        assert_in_time(&row, seconds);
        Some(row)
    })
    .await
}

#[tokio::test]
async fn a_body_that_is_still_coming_costs_the_hold() {
    each_form(async |wire, stream, deployment| {
        let body = Script { parts: vec!["{\"choices\":[".into()], ..Script::whole(&Value::Null) };
        let row = says_no_more(deployment, wire, &body, &json!({"stream": stream, "max_tokens": 300}), false).await;
        assert_eq!(row["cost"], row["held"], "{row}");
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_seen_on_its_way_costs_the_hold() {
    // What the best of several texts are is known when all are written.
    let wire = WIRES.iter().find(|wire| wire.upstream() == Format::Completions).expect("a wire");
    let nothing = Script { parts: Vec::new(), ..Script::whole(&Value::Null) };
    let row =
        says_no_more(&Deployment::new().await, wire, &nothing, &json!({"best_of": 3, "max_tokens": 300}), false).await;
    assert_eq!(row["cost"], row["held"], "{row}");
}

#[tokio::test]
async fn a_model_that_thinks_until_the_deadline_costs_the_hold_and_any_other_its_prompt() {
    each_form(async |wire, stream, deployment| {
        for reasoning in [false, true] {
            let comments = Script { parts: vec![": working\n\n".into()], ..Script::stream(&[]) };
            let row =
                says_no_more(deployment, wire, &comments, &json!({"stream": stream, "max_tokens": 300}), reasoning)
                    .await;
            let cost = if reasoning { row["held"].clone() } else { json!(wire.prompt_tokens * 1_000) };
            assert_eq!(row["cost"], cost, "{row}");
        }
    })
    .await;
}

/// The answer did not come in time: an error and no charge.
async fn assert_too_late(deployment: &Deployment, wire: &'static Wire, stream: bool) {
    late_enough(async |deadline, seconds| {
        let (world, account) = world_within(deployment, wire, "standin/hang", deadline).await;
        let control = world.platform.providers.control();
        let request = call_at(wire, &world, &world.base_url, &account, &ask(wire, stream));
        let (status, answer) = read(send(request).await).await;
        if control.requests().is_empty() {
            return None;
        }
        assert_eq!((status, &answer["error"]["code"]), (504, &json!("upstream_timeout")), "{answer}");
        let row = settled(&world, &account).await;
        assert_members(&row, &json!({"outcome": "failed", "error_code": "upstream_timeout", "cost": 0}));
        assert_in_time(&row, seconds);
        let requests = certain("the end", control.wait_for(|all| all.iter().all(|one| one.ending.is_some()))).await;
        assert_eq!(requests.iter().map(|request| request.ending).collect::<Vec<_>>(), [Some(Ending::ClientGone)]);
        Some(())
    })
    .await;
}

#[tokio::test]
async fn a_plain_call_whose_provider_is_silent_costs_nothing() {
    each(async |wire, deployment| assert_too_late(deployment, wire, false).await).await;
}

#[tokio::test]
async fn when_the_time_is_up_nobody_else_is_asked_who_could_only_be_blamed() {
    each_format(async |wire, deployment| {
        late_enough(async |deadline, _| {
            let (world, account) = world_within(deployment, wire, "standin/hang", deadline).await;
            let dearer = Route {
                prompt: 2_000_000_000,
                cached: 1_000_000_000,
                completion: 4_000_000_000,
                ..Route::new("chutes", "standin/normal")
            };
            world.model(wire.model, &[Route::new(wire.provider, "standin/hang"), dearer]).await;
            let request = call_at(wire, &world, &world.base_url, &account, &ask(wire, false));
            let (status, answer) = read(send(request).await).await;
            if world.platform.providers.control().requests().is_empty() {
                return None;
            }
            assert_eq!((status, &answer["error"]["provider"]), (504, &json!(wire.provider)), "{answer}");
            let row = settled(&world, &account).await;
            assert_members(&row, &json!({"provider": wire.provider, "error_code": "upstream_timeout", "cost": 0}));
            let attempts = row["attempts"].as_array().expect("attempts");
            assert!(attempts.iter().map(|attempt| &attempt["provider"]).eq([wire.provider]), "{row}");
            Some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_plain_call_whose_answer_comes_by_half_is_charged_for_what_was_produced() {
    each(async |wire, deployment| {
        late_enough(async |deadline, _| {
            let (world, account) = world_within(deployment, wire, "standin/stall?after=3", deadline).await;
            let request = call_at(wire, &world, &world.base_url, &account, &ask(wire, false));
            let (status, answer) = read(send(request).await).await;
            let row = settled(&world, &account).await;
            if answer["error"]["code"] == "upstream_timeout" || row["completion_tokens"] == 0 {
                return None;
            }
            assert_eq!((status, &answer["error"]["code"]), (504, &json!("deadline_exceeded")), "{answer}");
            super::assert_counted(wire, &row, "deadline");
            assert_members(&row, &json!({"error_code": "deadline_exceeded", "stream": false}));
            Some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_never_begins_costs_nothing() {
    each_format(async |wire, deployment| assert_too_late(deployment, wire, true).await).await;
}
