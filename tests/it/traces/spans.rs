//! What a trace says of its call.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::receiver::{Trace, attribute};
use tests::world::{Account, Route, World, hello, nanos, send};

use super::traced;

/// The providers' part and the stores'.
fn children<'a>(trace: &'a Trace, of: &str) -> Vec<&'a Value> {
    trace.spans.iter().skip(1).filter(|span| !attribute(span, of).is_null()).collect()
}

fn time(span: &Value, name: &str) -> u128 {
    span[name].as_str().expect("a time").parse().expect("a number")
}

/// All are of one trace, and within the call's span but for what comes after the answer.
fn assert_whole(trace: &Trace) {
    let (root, parts) = trace.spans.split_first().expect("a span");
    assert_eq!(root["kind"], 2, "{root}");
    for part in parts {
        assert_eq!(
            (&part["traceId"], &part["parentSpanId"], &part["kind"]),
            (&root["traceId"], &root["spanId"], &json!(3))
        );
        assert!(time(part, "startTimeUnixNano") >= time(root, "startTimeUnixNano"), "{part}");
        if !attribute(part, "gen_ai.provider.name").is_null() {
            assert!(time(part, "endTimeUnixNano") <= time(root, "endTimeUnixNano"), "{part} of {root}");
        }
    }
    let mut stores: Vec<_> =
        children(trace, "db.system.name").iter().map(|span| attribute(span, "db.operation.name")).collect();
    stores.sort_by_key(Value::to_string);
    let refused = attribute(root, "gateway.outcome") == "refused";
    assert_eq!(
        json!(stores),
        if refused {
            json!(["admit", "begin_request"])
        } else {
            json!(["admit", "begin_request", "finish_request", "release"])
        }
    );
}

/// The call's span says what its record does.
async fn assert_recorded(world: &World, root: &Value) {
    let record = world.newest_call().await;
    let count = |name: &str| json!(record[name].as_i64().expect("a number").to_string());
    for (name, value) in [
        ("gateway.call.id", &record["call_id"]),
        ("gateway.request.id", &record["call_id"]),
        ("gateway.outcome", &record["outcome"]),
        ("gateway.provider", &record["provider"]),
        ("gateway.own_key", &record["own_key"]),
        ("gateway.usage.estimated", &record["estimated"]),
        ("gen_ai.request.model", &record["model"]),
        ("gen_ai.request.stream", &record["stream"]),
        ("gen_ai.response.id", &record["answer_id"]),
        ("error.type", &record["error_code"]),
    ] {
        assert_eq!(&attribute(root, name), value, "{name} in {root}");
    }
    if record["outcome"] != "failed" {
        assert_eq!(attribute(root, "gateway.cost.nano_usd"), count("cost"));
        assert_eq!(nanos(&attribute(root, "gen_ai.usage.cost")), record["cost"].as_i64().expect("a cost"));
        for (name, column) in [
            ("gen_ai.usage.input_tokens", "prompt_tokens"),
            ("gen_ai.usage.output_tokens", "completion_tokens"),
            ("gen_ai.usage.cache_read.input_tokens", "cached_tokens"),
            ("gen_ai.usage.reasoning.output_tokens", "reasoning_tokens"),
        ] {
            assert_eq!(attribute(root, name), count(column), "{name}");
        }
    }
}

async fn call(world: &World, account: &Account, further: &Value) -> Answer {
    let answer = Answer::to(world.chat(&account.key, &hello(further))).await;
    world.settled().await;
    answer
}

#[tokio::test]
async fn a_call_is_one_trace_with_a_part_for_each_provider_and_store_and_the_figures_of_its_record() {
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "x-receiver-key=let%20me%20in");
    let (world, receiver) =
        traced(&[headers, ("OTEL_SERVICE_NAME", "a-gateway"), ("PRICING_MARKUP_PERCENT", "17.5")]).await;
    let account = world.account(1_000_000_000).await;
    world
        .model(
            "test/both",
            &[Route::new("openrouter", "standin/status?code=500"), Route::new("chutes", "standin/usage")],
        )
        .await;
    world.model("test/none", &[Route::new("openrouter", "standin/status?code=503")]).await;
    world.model("test/cut", &[Route::new("featherless", "standin/cut?after=2")]).await;
    let order = json!({"order": ["openrouter", "chutes"]});

    let mut sent = 0;
    for stream in [false, true] {
        let further = json!({"model": "test/both", "stream": stream, "max_tokens": 100, "n": 2, "provider": order});
        assert_eq!(call(&world, &account, &further).await.status, 200);
        sent += 1;
        let trace = receiver.until(sent).await.remove(sent - 1);
        assert_eq!(trace.headers["x-receiver-key"], "let me in");
        let resource = &trace.body["resourceSpans"][0]["resource"];
        assert_eq!(attribute(resource, "service.name"), "a-gateway");
        assert_eq!(attribute(resource, "deployment.environment.name"), "development");
        assert_whole(&trace);
        let root = &trace.spans[0];
        assert_eq!(
            (&root["name"], root.get("parentSpanId"), root.get("status")),
            (&json!("chat test/both"), None, None)
        );
        assert_recorded(&world, root).await;
        assert_eq!(
            (attribute(root, "gen_ai.request.max_tokens"), attribute(root, "gen_ai.request.choice.count")),
            (json!("100"), json!("2"))
        );
        assert_eq!(
            (attribute(root, "gateway.attempts"), attribute(root, "gen_ai.operation.name")),
            (json!("2"), json!("chat"))
        );
        let told = |span: &Value| {
            ["gateway.provider", "gen_ai.request.model", "http.response.status_code", "error.type"]
                .map(|name| attribute(span, name))
        };
        let attempts: Vec<_> = children(&trace, "gen_ai.provider.name").into_iter().map(told).collect();
        assert_eq!(
            json!(attempts),
            json!([
                ["openrouter", "standin/status?code=500", "500", "upstream_error"],
                ["chutes", "standin/usage", "200", null]
            ])
        );
        assert_eq!(children(&trace, "gen_ai.provider.name")[0]["status"], json!({"code": 2}));
    }

    for (model, failed) in [("test/none", "upstream_error"), ("test/cut", "upstream_error")] {
        for stream in [false, true] {
            call(&world, &account, &json!({"model": model, "stream": stream})).await;
            sent += 1;
            let trace = receiver.until(sent).await.remove(sent - 1);
            assert_whole(&trace);
            let attempts = children(&trace, "gen_ai.provider.name");
            assert_eq!(attempts.len(), 1, "{model}");
            assert_eq!(
                (attribute(attempts[0], "error.type"), &trace.spans[0]["status"]),
                (json!(failed), &json!({"code": 2})),
                "{model}"
            );
            assert_recorded(&world, &trace.spans[0]).await;
        }
    }
}

#[tokio::test]
async fn a_refusal_is_a_trace_where_the_key_was_good_and_says_nothing_that_was_asked() {
    let (world, receiver) = traced(&[]).await;
    let poor = world.account(0).await;
    let nobody = format!("gw_test_{}", "a".repeat(43));
    Answer::to(world.chat(&nobody, &hello(&json!({})))).await.refused(401, "invalid_api_key");
    Answer::to(world.chat(&poor.key, &hello(&json!({})))).await.refused(402, "insufficient_credits");
    Answer::to(world.chat(&poor.key, &hello(&json!({"model": "what I always wanted to say"}))))
        .await
        .refused(404, "model_not_found");
    let traces = receiver.until(2).await;
    for (trace, (code, status)) in traces.iter().zip([("insufficient_credits", "402"), ("model_not_found", "404")]) {
        assert_whole(trace);
        let root = &trace.spans[0];
        assert_eq!(
            (attribute(root, "error.type"), attribute(root, "http.response.status_code")),
            (json!(code), json!(status))
        );
        assert!(root.get("status").is_none() && !trace.body.to_string().contains("always wanted"), "{root}");
    }
    assert_eq!(traces.len(), 2, "what a stranger asks is not traced");
    send(world.get("/v1/models", &poor.key)).await;
}
