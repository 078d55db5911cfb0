//! What is between a provider and us in an answer is sent to no client.

use serde_json::{Value, json};
use shared::formats::Format;
use shared::providers::internal::{OF_ANSWERS, OF_USAGE};
use tests::scripted::{Script, Scripted};
use tests::wire::each_form;

use super::{CREDIT, ask};

/// What stands under every such name.
const NOTE: &str = "between-us";

/// An answer or event with all of it.
fn told(mut answer: Value, usage: &Value) -> Value {
    answer["usage"] = usage.clone();
    OF_ANSWERS.iter().for_each(|name| answer[*name] = json!({ "id": NOTE }));
    answer
}

/// A report in the names of either format, with what the call costs us there.
fn usage() -> Value {
    let mut usage = json!({"prompt_tokens": 9, "completion_tokens": 3, "input_tokens": 9, "output_tokens": 3});
    OF_USAGE.iter().for_each(|name| usage[*name] = json!({ "upstream": NOTE }));
    usage
}

#[tokio::test]
async fn no_client_is_sent_what_is_between_a_provider_and_us() {
    each_form(async |wire, stream, deployment| {
        let (world, provider) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        let usage = usage();
        let mut scripts = vec![Script::whole(&told(wire.upstream_answer("Hi"), &usage))];
        if wire.upstream() == Format::Responses {
            let last = json!({"type": "response.completed", "response": told(wire.upstream_answer("Hi"), &usage)});
            scripts.push(Script::stream(&[told(wire.upstream_event("Hi"), &Value::Null), last]));
        } else if wire.upstream() != Format::Messages {
            let events = [told(wire.upstream_event("Hi"), &Value::Null), told(wire.upstream_finish(0, "stop"), &usage)];
            scripts.push(Script::stream(&events).done(&[]));
        }
        for script in scripts {
            provider.answers(script);
            let mut wanted = if stream { wire.with_usage(true) } else { json!({}) };
            wanted["stream"] = json!(stream);
            let answer = ask(wire, &world, &account.key, &wire.hello(&wanted)).await;
            assert_eq!(answer.content(wire), "Hi", "{}", answer.text);
            assert!(!answer.text.contains(NOTE), "{}: {}", wire.name, answer.text);
            assert!(answer.text.contains("\"cost\":"), "what it costs here is told: {}", answer.text);
        }
    })
    .await;
}
