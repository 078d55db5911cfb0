//! What of a text completion goes to a provider, and what is refused.

use super::*;
use crate::providers::Provider;
use crate::providers::table::PROVIDERS;
use serde_json::Value;

fn target(name: &str) -> Target<'static> {
    let provider: &'static Provider = PROVIDERS.iter().find(|row| row.name == name).expect("a row");
    Target { output_limit: 9, long_cache: true, ..Target::of(provider) }
}

fn parse(body: Value) -> Result<CompletionRequest, Error> {
    CompletionRequest::parse(Bytes::from(body.to_string()), Rows::TABLE)
}

fn upstream(body: Value, provider: &str) -> (Format, Value) {
    let sent = parse(body).expect("valid").for_provider(&target(provider)).expect("a body");
    (sent.format, serde_json::from_slice(&sent.body).expect("json"))
}

#[test]
fn a_provider_that_speaks_it_gets_it_as_it_came() {
    let body = json!({"model": "m", "prompt": ["a", "b"], "echo": true, "x": 1, "provider": {"only": ["chutes"]}});
    let (format, sent) = upstream(body, "chutes");
    assert_eq!(format, Format::Completions);
    assert_eq!(
        sent,
        json!({"model": "up", "prompt": ["a", "b"], "echo": true, "x": 1, "max_tokens": 9, "stream": true,
               "stream_options": {"include_usage": true}})
    );
}

#[test]
fn any_other_gets_a_chat_of_one_message() {
    let body =
        json!({"model": "m", "prompt": "a", "max_tokens": 9, "stop": ["x"], "logprobs": 2, "n": 2, "unknown": 1});
    let (format, sent) = upstream(body, "portkey");
    assert_eq!(format, Format::Chat);
    assert_eq!(
        sent,
        json!({"model": "up", "messages": [{"role": "user", "content": "a"}], "max_tokens": 9, "n": 2, "stop": ["x"],
               "logprobs": true, "top_logprobs": 2, "stream": true, "stream_options": {"include_usage": true}})
    );
    for (member, value) in
        [("suffix", json!("x")), ("echo", json!(true)), ("best_of", json!(2)), ("prompt", json!([1, 2]))]
    {
        let mut body = json!({"model": "m", "prompt": "a"});
        body[member] = value;
        let error = parse(body).expect("valid").for_provider(&target("portkey")).err().expect(member);
        assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(member)));
    }
}

#[test]
fn all_that_is_written_is_demanded() {
    let request =
        parse(json!({"model": "m", "prompt": ["ab", "c"], "best_of": 3, "n": 2, "suffix": "xyz"})).expect("valid");
    let demand = request.demand();
    assert_eq!((demand.choices, demand.output_limit), (6, Some(USUAL_OUTPUT)));
    assert_eq!(demand.prompt.bound, 6 + 2 * crate::credits::tokens::PER_TURN);
    // What only the best of several are given of cannot come as a stream.
    assert!(!request.for_provider(&target("chutes")).expect("a body").streamed);
}

#[test]
fn what_a_provider_may_put_into_the_prompt_is_in_its_bound() {
    let bound = |body: Value| parse(body).expect("valid").demand().prompt.bound;
    let plain = bound(json!({"model": "m", "prompt": "a"}));
    assert_eq!(bound(json!({"model": "m", "prompt": "a", "temperature": 1, "echo": true})), plain);
    let documents = json!({"model": "m", "prompt": "a", "documents": ["x".repeat(1_000)]});
    assert!(bound(documents.clone()) > plain + 1_000);
    assert!(parse(documents).expect("valid").prompt_text().contains("xxx"));
}

#[test]
fn wrong_members_are_named() {
    for (member, value) in [
        ("prompt", json!({})),
        ("n", json!(0)),
        ("best_of", json!(129)),
        ("max_tokens", json!("9")),
        ("logprobs", json!(21)),
        ("logprobs", json!(true)),
        ("suffix", json!(1)),
        ("stream", json!("yes")),
        ("models", json!(["dearer"])),
        ("service_tier", json!("fast")),
        ("messages", json!([{"role": "user", "content": "a long one"}])),
        ("max_completion_tokens", json!(9000)),
        ("Best_Of", json!(9)),
    ] {
        let mut body = json!({"model": "m", "prompt": "a"});
        body[member] = value;
        let error = parse(body).expect_err(member);
        assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(member)));
    }
    assert_eq!(
        parse(json!({"model": "m", "prompt": "a", "n": 2, "best_of": 1})).expect_err("fewer").param.as_deref(),
        Some("best_of")
    );
    assert_eq!(
        parse(json!({"model": "m", "prompt": "a", "stream": true, "best_of": 2}))
            .expect_err("streamed")
            .param
            .as_deref(),
        Some("best_of")
    );
}
