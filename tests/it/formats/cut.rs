//! A stream that is cut off, wherever that is, never passes for a whole one, in any format, native or translated: the end that
//! SDKs go by is written only by who settles the call, and only where the provider has said that it finished.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use shared::formats::chat::ChatRequest;
use shared::formats::completions::CompletionRequest;
use shared::formats::incoming::Incoming;
use shared::formats::messages::{AlsoOverMessages, MessagesRequest};
use shared::formats::responses::ResponsesRequest;
use shared::formats::{Broken, Format, Progress, Request, Target};
use shared::providers::Rows;
use shared::providers::table::PROVIDERS;
use tests::wire::{WIRES, Wire};

/// A request as its endpoint reads it.
fn read(wire: &Wire, body: &Value) -> Box<dyn Request> {
    let body = Bytes::from(body.to_string());
    match wire.format {
        Format::Chat => Box::new(AlsoOverMessages(ChatRequest::parse(body, Rows::TABLE).expect("a chat"))),
        Format::Completions => {
            Box::new(AlsoOverMessages(CompletionRequest::parse(body, Rows::TABLE).expect("a completion")))
        }
        Format::Messages => Box::new(MessagesRequest::parse(body, &HeaderMap::new(), Rows::TABLE).expect("a message")),
        Format::Responses => {
            Box::new(AlsoOverMessages(ResponsesRequest::parse(body, Rows::TABLE).expect("a response")))
        }
        other => panic!("say how {other:?} is read"),
    }
}

/// What of a stream has come: what its client has of it, how far that is, and what has broken it.
fn read_as_far(wire: &Wire, frames: &[&[u8]]) -> (String, Progress, Result<(), Broken>) {
    let provider = PROVIDERS.iter().find(|row| row.name == wire.provider).expect("a provider");
    let target = Target {
        provider,
        id: "a/b",
        model: "up",
        output_limit: 4096,
        credit_limited: false,
        reasoning: false,
        long_cache: false,
        by_units: false,
        draws: false,
    };
    let request = read(wire, &wire.hello(&json!({ "stream": true })));
    let mut upstream = request.for_provider(&target).expect("it is served there");
    assert_eq!(upstream.format, wire.upstream());
    let (mut incoming, mut out) = (Incoming::default(), Vec::new());
    let pushed = frames
        .iter()
        .try_for_each(|frame| incoming.push(Bytes::copy_from_slice(frame), upstream.answer.as_mut(), &mut out));
    let read = pushed.and_then(|()| incoming.end(upstream.answer.as_mut(), true, &mut out));
    (String::from_utf8(out.concat()).expect("text"), upstream.answer.progress(), read)
}

#[test]
fn a_stream_that_is_cut_at_any_byte_is_no_whole_one() {
    for wire in &WIRES {
        let mut events: Vec<String> =
            ["Hello", " there", ""].iter().map(|text| wire.upstream_frame(&wire.upstream_event(text))).collect();
        if matches!(wire.upstream(), Format::Chat | Format::Completions) {
            events.push(wire.upstream_frame(&wire.upstream_finish(0, "stop")));
        } else {
            events.push(wire.upstream_end().to_owned());
        }
        let finish = events.concat().trim_end().len();
        if wire.upstream_end().contains("[DONE]") {
            events.push(wire.upstream_end().to_owned());
        }
        let stream = events.concat();
        for cut in 0..=stream.len() {
            let part = &stream.as_bytes()[..cut];
            // At once, and in two pieces, the second of which begins anywhere within an event.
            for frames in [vec![part], vec![&part[..cut / 2], &part[cut / 2..]]] {
                // What is broken is no end either.
                let (given, progress, _) = read_as_far(wire, &frames);
                let is_finished = progress >= Progress::Complete;
                assert_eq!(is_finished, cut >= finish, "{}, cut at {cut}: {:?}", wire.name, &stream[..cut]);
                assert!(!wire.is_over(&given), "{}, cut at {cut}: {given}", wire.name);
                assert!(!given.contains(wire.end()), "{}, cut at {cut}: {given}", wire.name);
            }
        }
    }
}

#[test]
fn an_event_of_many_megabytes_passes_and_one_that_never_ends_is_not_waited_for() {
    for wire in &WIRES {
        let long = "x".repeat(9 << 20);
        let event = wire.upstream_frame(&wire.upstream_event(&long));
        let frames: Vec<&[u8]> = event.as_bytes().chunks(1 << 20).collect();
        let (given, progress, read) = read_as_far(wire, &frames);
        assert_eq!((wire.pieces(&given).concat().len(), read), (long.len(), Ok(())), "{}", wire.name);
        assert!(progress > Progress::Waiting, "{}", wire.name);

        let begun = wire.upstream_frame(&wire.upstream_event("Hello"));
        let frames: Vec<&[u8]> = [begun.as_bytes()]
            .into_iter()
            .chain(std::iter::repeat_n(event.as_bytes()[..8 << 20].trim_ascii(), 5))
            .collect();
        let (given, _, read) = read_as_far(wire, &frames);
        assert_eq!((wire.pieces(&given).concat(), read), ("Hello".to_owned(), Err(Broken::TooLong)), "{}", wire.name);
        assert!(!wire.is_over(&given), "{}: {given}", wire.name);
    }
}
