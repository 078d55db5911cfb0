//! A chat as the response that its client gets.

use super::*;
use crate::formats::responses::head::Name;
use crate::formats::responses::tools::Tools;
use crate::money::Nanos;

fn reading(request: Value) -> Reading {
    let request = request.as_object().expect("an object");
    let head = super::super::super::head::Head::of(request, "a/b", Name::new(), false);
    let seals = request.contains_key("include");
    Reading { head, tools: Tools::read(request).expect("tools"), seals, credit_limited: false }
}

fn tools() -> Value {
    json!({"tools": [{"type": "function", "name": "f"}, {"type": "namespace", "name": "n", "tools": [
        {"type": "custom", "name": "exec"}]}], "include": ["reasoning.encrypted_content"]})
}

fn chunk(delta: Value, finish: Option<&str>) -> String {
    format!("data: {}\n\n", json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
}

/// A chat in which all comes that can, the calls mixed.
fn stream(finish: &str) -> String {
    let call = |index: u64, id: Option<&str>, name: Option<&str>, arguments: &str| json!({"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]});
    let chunks = [
        json!({"role": "assistant", "content": ""}),
        json!({"reasoning": "h", "reasoning_details": [{"type": "reasoning.text", "text": "h"}]}),
        json!({"reasoning": "m"}),
        json!({"reasoning_details": [{"type": "reasoning.text", "signature": "s"}]}),
        json!({"content": "a"}),
        json!({"content": "b"}),
        call(0, Some("t0"), Some("f"), ""),
        call(0, None, None, "{\"x\""),
        call(1, Some("t1"), Some("exec"), "{\"input\":\"l"),
        call(0, None, None, ":1}"),
        call(1, None, None, "s\"}"),
        call(2, Some("t2"), Some("f"), ""),
    ];
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":20}}}\n\ndata: [DONE]\n\n";
    let mut text: String = chunks.into_iter().map(|delta| chunk(delta, None)).collect();
    text.push_str(&chunk(json!({}), Some(finish)));
    text + ": ping\n\n" + usage
}

fn events(text: &[u8]) -> Vec<Value> {
    let text = str::from_utf8(text).expect("utf-8");
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).expect("json")).collect()
}

fn bill(usage: crate::credits::usage::Usage) -> Bill<'static> {
    Bill { cost: Nanos(1), provider: "portkey", ..Bill::of(usage) }
}

#[test]
fn a_streamed_chat_is_a_streamed_response_and_a_plain_one() {
    let (mut answer, mut out) = (OverChat::new(reading(tools())), Vec::new());
    answer.push(Bytes::from(stream("tool_calls")), &mut out).expect("well-formed");
    let usage = answer.report().expect("it was reported").usage;
    out.push(answer.close(Some(&bill(usage))).expect("json"));
    let events = events(&out.concat());
    let numbers: Vec<u64> = events.iter().filter_map(|event| event["sequence_number"].as_u64()).collect();
    assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
    let told = |event: &Value| {
        let kind = event["type"].as_str().expect("a type").trim_start_matches("response.").to_owned();
        (kind, event["output_index"].as_u64())
    };
    let of = |at: u64| -> Vec<String> {
        events.iter().map(told).filter(|(_, place)| *place == Some(at)).map(|(kind, _)| kind).collect()
    };
    let summary = [
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
    ];
    let text =
        ["content_part.added", "output_text.delta", "output_text.delta", "output_text.done", "content_part.done"];
    let call = ["function_call_arguments.delta", "function_call_arguments.delta", "function_call_arguments.done"];
    let custom = ["custom_tool_call_input.delta", "custom_tool_call_input.done"];
    let empty = ["function_call_arguments.delta", "function_call_arguments.done"];
    for (at, within) in [(0, &summary[..]), (1, &text), (2, &call), (3, &custom), (4, &empty)] {
        let whole = [&["output_item.added"], within, &["output_item.done"]].concat();
        assert_eq!(of(at), whole, "{at}");
    }
    let plain: Value = serde_json::from_slice(&answer.plain(&bill(usage)).expect("a response")).expect("json");
    let last = &events[events.len() - 1];
    assert_eq!((&last["type"], &last["response"]), (&json!("response.completed"), &plain));
    let output = plain["output"].as_array().expect("items");
    assert_eq!(output[0]["summary"], json!([{"type": "summary_text", "text": "hm"}]));
    let sealed = output[0]["encrypted_content"].as_str().expect("sealed thoughts");
    assert_eq!(super::super::sealed::open(sealed)[0]["signature"], "s");
    assert_eq!(output[1]["content"], json!([{"type": "output_text", "text": "ab", "annotations": [], "logprobs": []}]));
    let call =
        |at: usize| ["type", "call_id", "name", "arguments", "input", "namespace"].map(|name| output[at][name].clone());
    assert_eq!(
        call(2),
        [json!("function_call"), json!("t0"), json!("f"), json!("{\"x\":1}"), Value::Null, Value::Null]
    );
    assert_eq!(call(3), [json!("custom_tool_call"), json!("t1"), json!("exec"), Value::Null, json!("ls"), json!("n")]);
    assert_eq!(call(4)[3], "{}");
    assert_eq!(
        (&plain["usage"]["input_tokens_details"]["cached_tokens"], &plain["usage"]["cost"]),
        (&json!(20), &json!(1e-9))
    );
}

#[test]
fn why_a_response_is_not_complete_is_told_and_a_call_that_is_cut_off_left_out() {
    for (finish, reason) in [("length", "max_output_tokens"), ("content_filter", "content_filter")] {
        let mut answer = OverChat::new(reading(tools()));
        let half = json!({"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{\"x\":"}}]});
        let text = chunk(json!({"content": "a"}), None) + &chunk(half, None) + &chunk(json!({}), Some(finish));
        answer.push(Bytes::from(text), &mut Vec::new()).expect("well-formed");
        let last = events(&answer.close(None).expect("json")).remove(0);
        assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.incomplete"), &json!("incomplete")));
        assert_eq!(last["response"]["incomplete_details"], json!({ "reason": reason }));
        let output = last["response"]["output"].as_array().expect("items");
        // The message was whole before the call began.
        assert_eq!((output.len(), &output[0]["status"]), (1, &json!("completed")));
    }
    // A custom tool's call that cannot be read must not be run.
    let half =
        json!({"tool_calls": [{"index": 0, "id": "t", "function": {"name": "exec", "arguments": "{\"input\":\"rm"}}]});
    let text = chunk(half, None) + &chunk(json!({}), Some("tool_calls"));
    assert_eq!(OverChat::new(reading(tools())).push(Bytes::from(text), &mut Vec::new()), Err(Broken::Garbled));
}

#[test]
fn a_refusal_is_a_part_and_a_failure_ends_what_has_begun() {
    let (mut answer, mut out) = (OverChat::new(reading(json!({}))), Vec::new());
    answer.push(Bytes::from(chunk(json!({"refusal": "no"}), None)), &mut out).expect("well-formed");
    let begun = events(&out.concat());
    assert_eq!(begun[begun.len() - 1]["type"], "response.refusal.delta");
    let failed = events(&answer.fail(&Error::new(crate::error::Code::UpstreamError))).remove(0);
    assert_eq!((&failed["type"], &failed["sequence_number"]), (&json!("response.failed"), &json!(begun.len())));
    assert_eq!(failed["response"]["id"], begun[0]["response"]["id"]);
    answer.push(Bytes::from(chunk(json!({}), Some("stop"))), &mut out).expect("well-formed");
    let last = events(&answer.close(None).expect("json")).remove(0);
    assert_eq!(last["response"]["output"][0]["content"], json!([{"type": "refusal", "refusal": "no"}]));
}

#[test]
fn a_stream_that_is_cut_anywhere_before_its_end_is_no_response() {
    let stream = stream("tool_calls");
    let complete = stream.find("\n\n: ping").expect("its end");
    for end in 0..stream.len() {
        let (mut answer, mut out) = (OverChat::new(reading(tools())), Vec::new());
        let frame = Bytes::copy_from_slice(&stream.as_bytes()[..end]);
        let read = answer.push(frame, &mut out).and_then(|()| answer.end(&mut out));
        let is_complete = read.is_ok() && answer.progress() >= Progress::Complete;
        // What is cut within a later event is broken.
        assert!(!is_complete || end >= complete, "cut at {end}");
        assert!(!String::from_utf8_lossy(&out.concat()).contains("response.completed"), "cut at {end}");
    }
}
