//! Legacy text completions: what is asked, and what is answered.

use bpe_openai::o200k_base;
use serde_json::{Value, json};

use super::{Fixture, QUESTION, ask_text};
use crate::provider::format::Format;

fn tokens(text: &str) -> u64 {
    o200k_base().count(text) as u64
}

async fn plain(fixture: &Fixture, change: Value) -> Value {
    let mut body = ask_text("some/model");
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    let (status, answer) = fixture.plain_of(Format::Text, &body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn text(answer: &Value, choice: usize) -> &str {
    answer["choices"][choice]["text"].as_str().expect("a text")
}

#[tokio::test]
async fn a_plain_answer_has_openais_shape_and_its_real_usage() {
    let fixture = Fixture::start().await;
    let answer = plain(&fixture, json!({})).await;
    assert!(answer["id"].as_str().expect("an id").starts_with("cmpl-"));
    assert!(answer["created"].as_u64().expect("a time") > 1_700_000_000);
    assert_eq!((&answer["object"], &answer["model"]), (&json!("text_completion"), &json!("some/model")));
    let written = text(&answer, 0).to_owned();
    let choice = json!({"text": written, "index": 0, "logprobs": null, "finish_reason": "stop"});
    assert_eq!(answer["choices"], json!([choice]));
    let (read, written) = (tokens(QUESTION), tokens(&written));
    assert_eq!(answer["usage"]["prompt_tokens"], json!(read));
    assert_eq!(answer["usage"]["completion_tokens"], json!(written));
    assert_eq!(answer["usage"]["total_tokens"], json!(read + written));
}

#[tokio::test]
async fn without_a_limit_sixteen_tokens_are_written() {
    let fixture = Fixture::start().await;
    let answer = plain(&fixture, json!({"max_tokens": null})).await;
    assert_eq!(answer["usage"]["completion_tokens"], 16);
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    let none = plain(&fixture, json!({"max_tokens": 0, "echo": true})).await;
    assert_eq!((text(&none, 0), &none["usage"]["completion_tokens"]), (QUESTION, &json!(0)));
}

#[tokio::test]
async fn a_prompt_may_be_texts_or_tokens() {
    let fixture = Fixture::start().await;
    let ids = o200k_base().encode(QUESTION);
    let other = o200k_base().encode("Another one");
    let same = [json!(QUESTION), json!([QUESTION]), json!(ids), json!([ids])];
    let first = plain(&fixture, json!({})).await;
    for prompt in same {
        let answer = plain(&fixture, json!({"prompt": prompt})).await;
        assert_eq!((&answer["choices"], &answer["usage"]), (&first["choices"], &first["usage"]), "{prompt}");
    }
    for prompt in [json!([QUESTION, "Another one"]), json!([ids, other])] {
        let answer = plain(&fixture, json!({"prompt": prompt, "n": 2, "echo": true})).await;
        let texts: Vec<_> = (0..4).map(|choice| text(&answer, choice)).collect();
        assert!(texts[..2].iter().all(|text| text.starts_with(QUESTION)) && texts[0] != texts[1], "{texts:?}");
        assert!(texts[2..].iter().all(|text| text.starts_with("Another one")), "{texts:?}");
        let indexes = answer["choices"].as_array().expect("choices").iter().map(|choice| &choice["index"]);
        assert_eq!(indexes.collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(answer["usage"]["prompt_tokens"], json!(ids.len() + other.len()));
    }
}

#[tokio::test]
async fn what_best_of_leaves_out_is_paid_for_too() {
    let fixture = Fixture::start().await;
    let one = plain(&fixture, json!({"max_tokens": 10})).await;
    let best = plain(&fixture, json!({"max_tokens": 10, "n": 2, "best_of": 5})).await;
    assert_eq!((text(&best, 0), best["choices"].as_array().map(Vec::len)), (text(&one, 0), Some(2)));
    assert_eq!(best["usage"]["completion_tokens"], 50);
    let mut body = ask_text("standin/bytes");
    let more = json!({"max_tokens": 10, "n": 2, "best_of": 5, "prompt": ["ab", "cde"]});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let usage = &fixture.plain_of(Format::Text, &body).await.1["usage"];
    assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(5), &json!(100)));
}

#[tokio::test]
async fn likelihoods_are_of_the_tokens_written() {
    let fixture = Fixture::start().await;
    for (alternatives, echo) in [(0, false), (3, false), (1, true)] {
        let answer = plain(&fixture, json!({"logprobs": alternatives, "echo": echo, "max_tokens": 6})).await;
        let logprobs = &answer["choices"][0]["logprobs"];
        let written: String = logprobs["tokens"].as_array().expect("tokens").iter().filter_map(Value::as_str).collect();
        assert_eq!(written, text(&answer, 0));
        let top = &logprobs["top_logprobs"][1];
        assert_eq!(top.as_object().map_or(0, |top| top.len()), alternatives);
        assert_eq!(logprobs["token_logprobs"][0].is_null(), echo);
        for (token, offset) in logprobs["tokens"].as_array().into_iter().zip(logprobs["text_offset"].as_array()) {
            for (token, offset) in token.iter().zip(offset) {
                let rest: String = written.chars().skip(offset.as_u64().expect("a place") as usize).collect();
                assert!(rest.starts_with(token.as_str().expect("a text")));
            }
        }
    }
}

#[tokio::test]
async fn a_stream_says_what_the_plain_answer_says() {
    let fixture = Fixture::start().await;
    let answer = plain(&fixture, json!({})).await;
    let mut body = ask_text("some/model");
    body["stream_options"] = json!({"include_usage": true});
    let chunks = fixture.stream_of(Format::Text, &body).await;
    let (last, chunks) = chunks.split_last().expect("chunks");
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &answer["usage"]));
    let (finish, before) = chunks.split_last().expect("chunks");
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert!(before.iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null() && chunk["usage"].is_null()));
    let written: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["text"].as_str()).collect();
    assert_eq!(written, text(&answer, 0));
    assert!(before.len() > 5);
    assert!(chunks.iter().all(|chunk| chunk["object"] == "text_completion" && chunk["id"] == last["id"]));
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let fixture = Fixture::start().await;
    let cases = [
        (json!({"model": null}), "model"),
        (json!({"model": 7}), "model"),
        (json!({"prompt": null}), "prompt"),
        (json!({"prompt": 7}), "prompt"),
        (json!({"prompt": {"text": "hi"}}), "prompt"),
        (json!({"prompt": []}), "prompt"),
        (json!({"prompt": [[]]}), "prompt"),
        (json!({"prompt": ["a", 1]}), "prompt"),
        (json!({"prompt": ["a", [1]]}), "prompt"),
        (json!({"prompt": [1, -1]}), "prompt"),
        (json!({"prompt": [1.5]}), "prompt"),
        (json!({"prompt": [4_000_000_000_u64]}), "prompt"),
        (json!({"max_tokens": -1}), "max_tokens"),
        (json!({"max_tokens": "9"}), "max_tokens"),
        (json!({"n": 0}), "n"),
        (json!({"n": 129}), "n"),
        (json!({"best_of": 0}), "best_of"),
        (json!({"best_of": 21}), "best_of"),
        (json!({"best_of": 2, "n": 3}), "best_of"),
        (json!({"best_of": 2, "stream": true}), "best_of"),
        (json!({"echo": "yes"}), "echo"),
        (json!({"logprobs": true}), "logprobs"),
        (json!({"logprobs": 6}), "logprobs"),
        (json!({"suffix": 1}), "suffix"),
        (json!({"temperature": 3}), "temperature"),
        (json!({"stream": "yes"}), "stream"),
        (json!({"stream_options": {"include_usage": true}}), "stream_options"),
        (json!({"stream": true, "stream_options": {"include_usage": 1}}), "stream_options.include_usage"),
        (json!({"stop": ["a", "b", "c", "d", "e"]}), "stop"),
    ];
    for (change, param) in cases {
        let mut body = ask_text("some/model");
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let (status, answer) = fixture.plain_of(Format::Text, &body).await;
        assert_eq!((status, &answer["error"]["param"]), (400, &json!(param)), "{change} gave {answer}");
    }
    let unknown = json!({"suffix": "the end", "best_of": 1, "seed": 3, "user": "ann", "x_nobody_knows": [1]});
    plain(&fixture, unknown).await;
    let chat = fixture.plain_of(Format::Text, &ask_text("standin/shape-tools")).await;
    assert_eq!((chat.0, &chat.1["error"]["param"]), (404, &json!("model")));
}
