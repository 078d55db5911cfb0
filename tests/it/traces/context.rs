//! Whose part a call is, and which calls are traced.

use serde_json::{Value, json};
use tests::world::{MODEL, Route, hello, read, send};

use super::traced;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

#[tokio::test]
async fn a_callers_trace_goes_on_where_its_flag_says_so() {
    let (world, receiver) = traced(&[]).await;
    let account = world.account(1_000_000_000).await;
    let told = |traceparent: String| world.chat(&account.key, &hello(&json!({}))).header("traceparent", traceparent);
    let mut sent = 0;
    for (traceparent, goes_on) in [
        (format!("00-{TRACE}-{SPAN}-01"), Some(true)),
        (format!("00-{TRACE}-{SPAN}-00"), None),
        (format!("00-{}-{SPAN}-01", TRACE.to_uppercase()), Some(false)),
        (format!("00-{TRACE}-{}-01", "0".repeat(16)), Some(false)),
        ("Hello".to_owned(), Some(false)),
    ] {
        assert_eq!(read(send(told(traceparent.clone())).await).await.0, 200);
        // What is not sent before the next one is, is not sent.
        let Some(goes_on) = goes_on else { continue };
        sent += 1;
        let root = receiver.until(sent).await.remove(sent - 1).spans.remove(0);
        assert_eq!(
            (root["traceId"] == TRACE, root["parentSpanId"] == SPAN),
            (goes_on, goes_on),
            "{traceparent}: {root}"
        );
    }
    assert_eq!(receiver.traces().len(), sent);
}

#[tokio::test]
async fn the_sampler_decides_where_the_caller_does_not_or_is_not_asked() {
    let (world, receiver) = traced(&[("OTEL_TRACES_SAMPLER", "parentbased_always_off")]).await;
    let account = world.account(1_000_000_000).await;
    let everything = world.another_gateway_with(&[("OTEL_TRACES_SAMPLER", "always_on")]).await;
    let nothing = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")];
    let nothing = world.another_gateway_with(&nothing).await;
    let (yes, no) = (format!("00-{TRACE}-{SPAN}-01"), format!("00-{TRACE}-{SPAN}-00"));
    let mut traced = Vec::new();
    for (base, traceparent, is_traced) in [
        (&world.base_url, None, false),
        (&world.base_url, Some(&yes), true),
        (&nothing, Some(&yes), false),
        (&everything, Some(&no), true),
        (&everything, None, true),
    ] {
        let mut request = world.http.post(format!("{base}/v1/chat/completions")).bearer_auth(&account.key);
        if let Some(traceparent) = traceparent {
            request = request.header("traceparent", traceparent);
        }
        let request = request.header("content-type", "application/json").body(hello(&json!({})).to_string());
        let (status, answer) = read(send(request).await).await;
        assert_eq!(status, 200, "{answer}");
        if is_traced {
            traced.push(answer["gateway"]["request_id"].clone());
            receiver.until(traced.len()).await;
        }
    }
    let id = |span: &Value| tests::receiver::attribute(span, "gateway.request.id");
    assert_eq!(receiver.traces().iter().map(|trace| id(&trace.spans[0])).collect::<Vec<_>>(), traced);
}

#[tokio::test]
async fn a_server_of_ones_own_is_told_its_place_and_nobody_else_is() {
    let (world, receiver) = traced(&[]).await;
    let account = world.account(1_000_000_000).await;
    let providers = &world.platform.providers;
    let (url, key) = (providers.base_url("openrouter").expect("a URL"), providers.key("openrouter").expect("a key"));
    let base = world.another_gateway_with(&[("VLLM_BASE_URL", &url), ("VLLM_API_KEY", key)]).await;
    world.model("test/own", &[Route::new("vllm", "standin/normal")]).await;
    let control = providers.control();
    control.record(true);
    for (at, model) in [MODEL, "test/own"].into_iter().enumerate() {
        for (flag, sampled) in [("01", true), ("00", false)] {
            control.clear();
            let request = world.http.post(format!("{base}/v1/chat/completions")).bearer_auth(&account.key);
            let request = request
                .header("traceparent", format!("00-{TRACE}-{SPAN}-{flag}"))
                .header("content-type", "application/json");
            let (status, answer) = read(send(request.body(hello(&json!({"model": model})).to_string())).await).await;
            assert_eq!(status, 200, "{answer}");
            let headers = control.requests().remove(0).headers;
            let told = headers.iter().find(|(name, _)| name == "traceparent").map(|(_, value)| value.clone());
            if at == 0 {
                assert_eq!(told, None);
                continue;
            }
            let told = told.expect("its place");
            assert!(told.starts_with(&format!("00-{TRACE}-")) && told.ends_with(&format!("-{flag}")), "{told}");
            if sampled {
                let trace = receiver.until(2).await.remove(1);
                let is_its_place = |span: &&Value| told.contains(span["spanId"].as_str().expect("an id"));
                let place = trace.spans.iter().find(is_its_place).expect("the span");
                assert_eq!(tests::receiver::attribute(place, "gateway.provider"), "vllm");
            }
        }
    }
}
