//! What is read from the events of a message.

use super::*;
use crate::credits::usage::Usage;
use crate::formats::cut_up;
use crate::formats::events::EventStream;
use proptest::prelude::*;

const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n";
const BLOCK: &str = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
const DELTA: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n";
const STOP: &str = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
const END: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":7}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";

fn run(frames: &[&[u8]]) -> (Events, String, Result<(), Broken>) {
    let (mut stream, mut events, mut out) = (EventStream::default(), Events::default(), Vec::new());
    let mut result = Ok(());
    for frame in frames {
        result = result.and_then(|()| stream.push(Bytes::copy_from_slice(frame), &mut events, &mut out));
    }
    result = result.and_then(|()| stream.end(&mut events, &mut out));
    (events, String::from_utf8_lossy(&out.concat()).into_owned(), result)
}

#[test]
fn all_but_the_end_passes_as_it_came() {
    let stream = format!("{START}{PING}{BLOCK}{DELTA}{DELTA}{STOP}{END}");
    let (events, text, result) = run(&[stream.as_bytes()]);
    assert_eq!((text, result), (format!("{START}{PING}{BLOCK}{DELTA}{DELTA}{STOP}"), Ok(())));
    assert_eq!(events.progress(), Progress::Done);
    assert_eq!(events.reported().usage(), Some(Usage { prompt: 3, completion: 7, ..Usage::default() }));
    assert!(events.is_up_to_date());
    assert_eq!((events.ending()["stop_reason"].as_str(), events.kept().count()), (Some("end_turn"), 4));
}

#[test]
fn output_is_what_a_client_waits_for() {
    let progress = |stream: &str| run(&[stream.as_bytes()]).0.progress();
    assert_eq!(progress(&format!("{START}{PING}{BLOCK}{STOP}")), Progress::Waiting);
    assert_eq!(progress(&format!("{START}{BLOCK}{DELTA}")), Progress::Output);
    let tool = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n";
    assert_eq!(progress(tool), Progress::Output);
    // A report at the beginning covers nothing of what follows.
    assert!(!run(&[format!("{START}{BLOCK}{DELTA}").as_bytes()]).0.is_up_to_date());
}

#[test]
fn an_error_or_garbage_breaks_the_stream_after_what_was_good() {
    let error =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n";
    let (_, text, result) = run(&[format!("{START}{error}").as_bytes()]);
    let told = Bytes::from(r#"{"error":{"message":"x","type":"overloaded_error"},"type":"error"}"#);
    assert_eq!((text.as_str(), result), (START, Err(Broken::Error(Some(529), told))));
    assert!(matches!(run(&[b"data: {\"error\":{\"code\":502}}\n\n"]).2, Err(Broken::Error(Some(502), _))));
    assert_eq!(run(&[START.as_bytes(), b"data: oops\n\n"]).2, Err(Broken::Garbled));
}

#[test]
fn all_that_a_model_writes_is_counted() {
    for (block, text, is_all) in [
        (r#"{"type":"text_delta","text":"a"}"#, "a", true),
        (r#"{"type":"thinking_delta","thinking":"b"}"#, "b", true),
        (r#"{"type":"signature_delta","signature":"c"}"#, "", true),
        (r#"{"type":"input_json_delta","partial_json":"{\"x\":"}"#, "{\"x\":", true),
        (r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#, "f", true),
        (r#"{"type":"tool_use","id":"t","name":"f","input":{"x":1}}"#, "{\"x\":1}f", true),
        (r#"{"type":"redacted_thinking","data":"zzz"}"#, "", false),
    ] {
        let mut counted = String::new();
        let all = written(&serde_json::from_str(block).expect("json"), &mut counted);
        assert_eq!((counted.as_str(), all), (text, is_all), "{block}");
    }
}

proptest! {
    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut(cuts in proptest::collection::vec(1usize..60, 0..40)) {
        let whole = format!("{START}{PING}{BLOCK}{DELTA}{DELTA}{STOP}{END}");
        let frames = cut_up(whole.as_bytes(), cuts);
        let (events, text, result) = run(&frames);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(text, format!("{START}{PING}{BLOCK}{DELTA}{DELTA}{STOP}"));
        prop_assert_eq!(events.progress(), Progress::Done);
    }

    #[test]
    fn no_json_makes_it_panic(value in r#"(data: ?)?\{?("(type|usage|error|delta|message|content_block)" ?: ?(null|\{\}|\[\]|1|"message_delta"|"message_start")[,}\n]){0,4}\n"#) {
        let _ = run(&[value.as_bytes()]);
    }
}
