use super::*;
use crate::formats::cut_up;
use proptest::prelude::*;

/// Keeps what it is shown, but for what says `drop` or `replace`.
#[derive(Default)]
struct Seen(Vec<String>);

impl Reader for Seen {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        let text = String::from_utf8_lossy(&data).into_owned();
        self.0.push(text.clone());
        match text.as_str() {
            "drop" => Ok(Verdict::Drop),
            "replace" => Ok(Verdict::Replace(Bytes::from("data: new\n\n"))),
            "break" => Err(Broken::Garbled),
            _ => Ok(Verdict::Keep),
        }
    }
}

fn run(frames: &[&[u8]]) -> (Vec<String>, String, Result<(), Broken>) {
    let (mut stream, mut seen, mut out) = (EventStream::default(), Seen::default(), Vec::new());
    let mut result = Ok(());
    for frame in frames {
        result = result.and_then(|()| stream.push(Bytes::copy_from_slice(frame), &mut seen, &mut out));
    }
    result = result.and_then(|()| stream.end(&mut seen, &mut out));
    (seen.0, String::from_utf8_lossy(&out.concat()).into_owned(), result)
}

#[test]
fn events_that_are_kept_are_passed_on_as_they_came_and_together() {
    let frame = Bytes::from("data: a\n\n: keep-alive\r\n\r\nid: 1\ndata: b\n\n");
    let (mut seen, mut out) = (Seen::default(), Vec::new());
    EventStream::default().push(frame.clone(), &mut seen, &mut out).expect("well-formed");
    assert_eq!((out.len(), out[0].as_ptr(), out[0].len()), (1, frame.as_ptr(), frame.len()));
    assert_eq!(seen.0, ["a", "b"]);
}

#[test]
fn an_event_can_be_dropped_replaced_or_break_the_stream() {
    let (_, text, result) = run(&[b"data: a\n\ndata: drop\n\ndata: replace\n\ndata: b\n\n"]);
    assert_eq!((text.as_str(), result), ("data: a\n\ndata: new\n\ndata: b\n\n", Ok(())));
    let (_, text, result) = run(&[b"data: a\n\ndata: break\n\ndata: b\n\n"]);
    assert_eq!((text.as_str(), result), ("data: a\n\n", Err(Broken::Garbled)));
}

#[test]
fn the_standards_less_usual_forms_are_read() {
    for (stream, events) in [
        ("\u{feff}data: a\n\n", &["a"][..]),
        ("data:a\rid: 7\r\rdata: b\r\r", &["a", "b"]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]),
        ("data: {\ndata: }\n\n", &["{\n}"]),
        ("event: x\ndata: a\nunknown: 1\nlonely\n\n", &["a"]),
        ("database: x\n\ndata: a\n\n", &["a"]),
        ("data\n\ndata:\n\ndata: null\n\n\n\n\n: ping\n\ndata: a\n\n", &["a"]),
        ("data: a", &["a"]),
        ("data: a\n", &["a"]),
    ] {
        let (seen, _, result) = run(&[stream.as_bytes()]);
        assert_eq!(
            (seen.as_slice(), result),
            (&events.iter().map(ToString::to_string).collect::<Vec<_>>()[..], Ok(())),
            "{stream:?}"
        );
    }
}

#[test]
fn data_of_several_lines_reaches_the_client_in_one() {
    assert_eq!(run(&[b"data: {\ndata: }\n\ndata: a\n\n"]).1, "data: { }\n\ndata: a\n\n");
}

#[test]
fn a_last_event_is_closed_for_the_client() {
    assert_eq!(run(&[b"data: a\n\ndata: b"]).1, "data: a\n\ndata: b\n\n");
    assert_eq!(run(&[b"data: a\n\nevent: last\n"]).1, "data: a\n\n");
}

#[test]
fn an_event_without_an_end_is_not_waited_for_for_ever() {
    let line = vec![b'x'; LONGEST_EVENT];
    assert_eq!(run(&[b"data: ", &line, b"y"]).2, Err(Broken::TooLong));
}

proptest! {
    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut(cuts in proptest::collection::vec(1usize..20, 0..40), ends in 0usize..3) {
        let end = ["\n", "\r\n", "\r"][ends];
        let whole = ["data: a", "", ": ping", "", "", "data: drop", "id: 1", "", "data: {", "data: }", "", "data: b", "", ""].join(end);
        let frames = cut_up(whole.as_bytes(), cuts);
        let (seen, text, result) = run(&frames);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(seen, ["a", "drop", "{\n}", "b"]);
        prop_assert!(!text.contains("drop") && text.contains(": ping"));
    }

    #[test]
    fn no_bytes_make_it_panic(frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..8)) {
        let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        let _ = run(&frames);
    }
}
