use super::*;
use crate::formats::chat::Chat;
use crate::formats::cut_up;
use crate::formats::events::EventStream;
use proptest::prelude::*;

const CHUNK: &str = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}],\"usage\":null}\n\n";
const LAST: &str = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n";
const USAGE_EVENT: &str = "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn run(frames: &[&[u8]]) -> (Chunks<Chat>, String, Result<(), Broken>) {
    let (mut stream, mut chunks, mut out) = (EventStream::default(), Chunks::new(1), Vec::new());
    let mut result = Ok(());
    for frame in frames {
        result = result.and_then(|()| stream.push(Bytes::copy_from_slice(frame), &mut chunks, &mut out));
    }
    result = result.and_then(|()| stream.end(&mut chunks, &mut out));
    let text = String::from_utf8(out.concat()).expect("utf-8");
    (chunks, text, result)
}

#[test]
fn the_providers_usage_and_done_are_kept_back() {
    let (stream, text, result) = run(&[CHUNK.as_bytes(), LAST.as_bytes(), USAGE_EVENT.as_bytes(), DONE.as_bytes()]);
    assert_eq!((text, result), (format!("{CHUNK}{LAST}"), Ok(())));
    assert_eq!(stream.progress(), Progress::Done);
    assert_eq!(stream.report().map(|report| (report.usage.prompt, report.up_to_date)), Some((1, true)));
    assert_eq!(stream.texts().count(), 2);
}

#[test]
fn usage_in_a_chunk_with_content_is_taken_out() {
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":2}}\n\n";
    let (stream, text, _) = run(&[chunk.as_bytes(), chunk.as_bytes()]);
    let expected = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n".repeat(2);
    assert_eq!(text, expected);
    assert!(stream.report().is_some());
    assert_eq!(stream.progress(), Progress::Output);
}

#[test]
fn a_report_is_up_to_date_until_output_follows_and_one_of_nothing_changes_nothing() {
    let early = CHUNK.replace("\"usage\":null", "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}");
    let nothing = USAGE_EVENT.replace(":1}", ":0}");
    for (rest, up_to_date, prompt) in [
        (vec![LAST], true, 9),
        (vec![LAST, &nothing], true, 9),
        (vec![CHUNK, LAST], false, 9),
        (vec![CHUNK, LAST, &nothing], false, 9),
        (vec![CHUNK, LAST, USAGE_EVENT], true, 1),
    ] {
        let events = format!("{early}{}{DONE}", rest.concat());
        let report = run(&[events.as_bytes()]).0.report().expect("a report");
        assert_eq!((report.up_to_date, report.usage.prompt), (up_to_date, prompt), "{events}");
    }
}

#[test]
fn a_text_about_errors_and_usage_is_just_text() {
    let chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"error\\\": \\\"usage\\\": 1\"}}]}\n\n";
    let (stream, text, result) = run(&[chunk.as_bytes()]);
    assert_eq!((text.as_str(), result), (chunk, Ok(())));
    assert!(stream.report().is_none());
}

#[test]
fn an_error_or_garbage_breaks_the_stream_after_what_was_good() {
    let (_, text, result) =
        run(&[format!("{CHUNK}data: {{\"error\":{{\"code\":502,\"message\":\"x\"}}}}\n\n").as_bytes()]);
    assert!(matches!(result, Err(Broken::Error(Some(502), _))), "{result:?}");
    assert_eq!(text, CHUNK);
    let (_, text, result) = run(&[CHUNK.as_bytes(), b"data: oops\n\n"]);
    assert_eq!((text.as_str(), result), (CHUNK, Err(Broken::Garbled)));
}

proptest! {
    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut(cuts in proptest::collection::vec(1usize..60, 0..40)) {
        let whole = format!("{CHUNK}: ping\r\n\r\n{CHUNK}{LAST}{USAGE_EVENT}{DONE}");
        let frames = cut_up(whole.as_bytes(), cuts);
        let (stream, text, result) = run(&frames);
        prop_assert_eq!(result, Ok(()));
        // A line end that is cut in two reaches the client as a line feed.
        let expected = format!("{CHUNK}: ping\n\n{CHUNK}{LAST}").replace('\r', "");
        prop_assert_eq!(text.replace('\r', ""), expected);
        prop_assert!(stream.report().is_some());
    }

    #[test]
    fn no_json_makes_it_panic(value in r#"(data: ?)?\{?("(usage|error|choices|finish_reason)" ?: ?(null|\{\}|\[\]|1|"x")[,}\n]){0,4}\n"#) {
        let _ = run(&[value.as_bytes()]);
    }
}
