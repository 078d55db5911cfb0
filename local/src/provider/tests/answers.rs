//! What a healthy provider answers, plain.

use bpe_openai::o200k_base;
use serde_json::{Value, json};

use super::{Fixture, ask};

fn content(answer: &Value, choice: usize) -> &str {
    answer["choices"][choice]["message"]["content"].as_str().expect("a text")
}

fn tokens(text: &str) -> u64 {
    o200k_base().count(text) as u64
}

#[tokio::test]
async fn the_same_question_gets_the_same_answer_and_its_real_usage() {
    let fixture = Fixture::start().await;
    let (status, first) = fixture.plain(&ask("some/model")).await;
    let (_, second) = fixture.plain(&ask("some/model")).await;
    assert_eq!(status, 200);
    assert_eq!(first["choices"], second["choices"]);
    assert_ne!(first["id"], second["id"]);
    assert_eq!((&first["object"], &first["model"]), (&json!("chat.completion"), &json!("some/model")));
    assert!(first["created"].as_u64().expect("a time") > 1_700_000_000);
    assert_eq!(first["choices"][0]["finish_reason"], "stop");
    let written = tokens(content(&first, 0));
    assert!((20..=60).contains(&written), "{first}");
    let read = tokens("How far is the \u{6d77} from here?") + 4;
    assert_eq!(
        first["usage"],
        json!({
            "prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written,
            "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0},
        })
    );
}

#[tokio::test]
async fn each_of_n_choices_obeys_the_limit() {
    let fixture = Fixture::start().await;
    for name in ["max_tokens", "max_completion_tokens"] {
        let mut body = ask("some/model");
        body["n"] = json!(3);
        body[name] = json!(15);
        let (_, answer) = fixture.plain(&body).await;
        assert_eq!(answer["choices"].as_array().expect("choices").len(), 3);
        for choice in 0..3 {
            assert_eq!(answer["choices"][choice]["finish_reason"], "length");
            assert!(tokens(content(&answer, choice)) <= 15);
        }
        assert_ne!(content(&answer, 0), content(&answer, 1));
        let total = answer["usage"]["completion_tokens"].as_u64().expect("a count");
        assert!((40..=45).contains(&total), "{answer}");
    }
}

#[tokio::test]
async fn images_count_a_fixed_number_of_tokens() {
    let fixture = Fixture::start().await;
    let with = |image: bool| {
        let url = format!("data:image/png;base64,{}", "A".repeat(5_000));
        let mut parts = vec![json!({"type": "text", "text": "What is this?"})];
        parts.extend(image.then(|| json!({"type": "image_url", "image_url": {"url": url}})));
        json!({"model": "m", "messages": [{"role": "user", "content": parts}]})
    };
    let count = async |image| fixture.plain(&with(image)).await.1["usage"]["prompt_tokens"].as_u64().expect("a count");
    assert_eq!(count(true).await - count(false).await, super::super::IMAGE_TOKENS);
}

fn with_tools() -> Value {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": parameters}});
    let mut body = ask("some/model");
    body["tools"] = json!([tool("get_weather"), tool("get_time")]);
    body
}

fn called(answer: &Value) -> Vec<&str> {
    let calls = answer["choices"][0]["message"]["tool_calls"].as_array();
    calls.into_iter().flatten().map(|call| call["function"]["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn tools_are_called_as_the_request_says() {
    let fixture = Fixture::start().await;
    let (_, answer) = fixture.plain(&with_tools()).await;
    assert_eq!(called(&answer), ["get_weather", "get_time"]);
    let call = &answer["choices"][0]["message"]["tool_calls"][0];
    assert_eq!((&call["type"], &call["function"]["arguments"]), (&json!("function"), &json!("{\"city\":\"\"}")));
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(answer["choices"][0]["message"]["content"], Value::Null);

    let one = json!({"type": "function", "function": {"name": "get_time"}});
    let cases = [
        (json!({"parallel_tool_calls": false}), vec!["get_weather"]),
        (json!({"tool_choice": one}), vec!["get_time"]),
        (json!({"tool_choice": "none"}), vec![]),
        (json!({"tool_choice": "required"}), vec!["get_weather", "get_time"]),
    ];
    for (change, expected) in cases {
        let mut body = with_tools();
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        assert_eq!(called(&fixture.plain(&body).await.1), expected, "{change}");
    }
}

#[tokio::test]
async fn an_agents_tools_are_called_only_as_the_prompt_says() {
    let fixture = Fixture::start().await;
    for (prompt, arguments) in [
        ("Hello", None),
        ("What is `get_weather`?", None),
        ("Call `get_weather {}`", Some("{}")),
        ("Run `get_weather {\"city\": \"Bern\"}`, please", Some("{\"city\":\"Bern\"}")),
        ("Run `get_weather {city}` or `rm -rf /` or `get_news {}`", None),
    ] {
        let mut body = with_tools();
        body["model"] = json!("standin/as-told");
        body["messages"][0]["content"] = json!(prompt);
        let (status, answer) = fixture.plain(&body).await;
        let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
        assert_eq!((status, call["arguments"].as_str()), (200, arguments), "{prompt}: {answer}");
        assert_eq!(called(&answer), if arguments.is_some() { vec!["get_weather"] } else { vec![] }, "{prompt}");
        body["tool_choice"] = json!("none");
        assert!(called(&fixture.plain(&body).await.1).is_empty());
    }
}

#[tokio::test]
async fn the_steps_of_a_prompt_are_taken_one_after_the_other_by_any_model() {
    let fixture = Fixture::start().await;
    let mut body = with_tools();
    body["messages"] = json!([{"role": "user", "content":
        "First `get_weather {\"city\": \"Bern\"}` and `get_time {\"zone\": \"UTC\"}`,\nthen `get_time {\"zone\": \"CET\"}`.\nSay so."}]);
    for expected in [vec!["get_weather", "get_time"], vec!["get_time"], vec![]] {
        let (status, answer) = fixture.plain(&body).await;
        assert_eq!((status, called(&answer)), (200, expected), "{answer}");
        let message = answer["choices"][0]["message"].clone();
        let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
        let messages = body["messages"].as_array_mut().expect("messages");
        messages.push(message);
        // What a tool has found tells the model nothing to do.
        messages.extend(calls.iter().map(
            |call| json!({"role": "tool", "tool_call_id": call["id"], "content": "`get_weather {\"city\": \"Rome\"}`"}),
        ));
    }
}

#[tokio::test]
async fn as_many_tools_as_an_agent_has_are_not_called_with_made_up_arguments() {
    let fixture = Fixture::start().await;
    let mut body = with_tools();
    let tool = |number: usize| json!({"type": "function", "function": {"name": format!("tool_{number}")}});
    body["tools"] = (0..9).map(tool).collect();
    assert!(called(&fixture.plain(&body).await.1).is_empty());
    body["messages"][0]["content"] = json!("`tool_3 {}`");
    assert_eq!(called(&fixture.plain(&body).await.1), ["tool_3"]);
    body["messages"][0]["content"] = json!("Hello");
    body["tool_choice"] = json!("required");
    assert_eq!(called(&fixture.plain(&body).await.1).len(), 9);
}

#[tokio::test]
async fn a_tools_result_is_answered_in_text() {
    let fixture = Fixture::start().await;
    let mut body = with_tools();
    let (_, answer) = fixture.plain(&body).await;
    let mut messages = body["messages"].as_array().expect("messages").clone();
    messages.push(answer["choices"][0]["message"].clone());
    for call in answer["choices"][0]["message"]["tool_calls"].as_array().expect("calls") {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "sunny"}));
    }
    body["messages"] = json!(messages);
    let (status, answer) = fixture.plain(&body).await;
    assert_eq!((status, called(&answer).len()), (200, 0));
    assert!(!content(&answer, 0).is_empty());
}

#[tokio::test]
async fn a_tool_call_is_cut_at_the_limit() {
    let fixture = Fixture::start().await;
    let whole = fixture.plain(&with_tools()).await.1["usage"]["completion_tokens"].as_u64().expect("a count");
    for limit in 1..whole {
        let mut body = with_tools();
        body["max_tokens"] = json!(limit);
        let (_, answer) = fixture.plain(&body).await;
        assert_eq!(answer["choices"][0]["finish_reason"], "length");
        assert!(answer["usage"]["completion_tokens"].as_u64().expect("a count") <= limit);
    }
}

#[tokio::test]
async fn a_json_format_is_answered_in_json() {
    let fixture = Fixture::start().await;
    let schema = json!({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]});
    let mut body = ask("some/model");
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}});
    assert_eq!(content(&fixture.plain(&body).await.1, 0), "{\"ok\":false}");
    body["response_format"] = json!({"type": "json_object"});
    assert_eq!(content(&fixture.plain(&body).await.1, 0), "{}");
}

#[tokio::test]
async fn a_stop_sequence_ends_the_text_before_it() {
    let fixture = Fixture::start().await;
    let mut body = ask("some/model");
    let whole = content(&fixture.plain(&body).await.1, 0).to_owned();
    let stop = whole.split(' ').nth(12).expect("a longer text").to_owned();
    body["stop"] = json!(["never in it", stop]);
    let (_, answer) = fixture.plain(&body).await;
    assert_eq!(content(&answer, 0), &whole[..whole.find(&stop).expect("the word")]);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn long_reasoning_and_wrong_model_do_what_they_say() {
    let fixture = Fixture::start().await;
    let (_, long) = fixture.plain(&ask("standin/long?tokens=700")).await;
    assert_eq!(long["usage"]["completion_tokens"], 700);
    let mut limited = ask("standin/long");
    limited["max_tokens"] = json!(300);
    let (_, limited) = fixture.plain(&limited).await;
    assert_eq!(
        (&limited["usage"]["completion_tokens"], &limited["choices"][0]["finish_reason"]),
        (&json!(300), &json!("length"))
    );

    let (_, reasoned) = fixture.plain(&ask("standin/reasoning?tokens=12")).await;
    let reasoning = reasoned["choices"][0]["message"]["reasoning_content"].as_str().expect("reasoning");
    assert_eq!(tokens(reasoning), 12);
    assert_eq!(reasoned["usage"]["completion_tokens_details"]["reasoning_tokens"], 12);
    assert_eq!(reasoned["usage"]["completion_tokens"], 12 + tokens(content(&reasoned, 0)));

    assert_ne!(fixture.plain(&ask("standin/wrong-model")).await.1["model"], "standin/wrong-model");
}
