//! Images that come as events: partial ones as they are made, and each image in an event that says it is complete.

use serde_json::{Map, Value, json};

use super::unreported::Unreported;
use super::usage;
use crate::formats::last_event::Events;
use crate::formats::{Bill, Report, Written};
use crate::object::Object;

/// The events of images.
pub struct ImageEvents {
    /// What they are called: `image_generation` or `image_edit`.
    pub name: &'static str,
    /// How many images were asked for.
    pub wanted: u64,
    /// What each is, where nobody says.
    pub unreported: Unreported,
    /// Whether a partial one has come.
    pub partial: bool,
}

impl Events for ImageEvents {
    fn wanted(&self) -> u64 {
        self.wanted
    }

    fn is_last(&self, kind: &str) -> bool {
        kind.ends_with(".completed")
    }

    fn passes(&mut self, kind: &str, _: &Object<'_>) -> bool {
        let is_partial = kind.ends_with(".partial_image");
        self.partial = self.partial || is_partial;
        is_partial
    }

    fn report(&self, reported: Option<&str>, images: u64) -> Option<Report> {
        (images > 0).then(|| self.unreported.complete(usage::read(reported, images)))
    }

    fn shown(&self, usage: Option<&str>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
        usage::shown(usage, bill)
    }

    /// No text; what of a picture was made before it was complete nobody sees.
    fn written(&self) -> Written {
        Written { is_all: !self.partial, ..Written::default() }
    }

    fn of_whole(&mut self, mut answer: Map<String, Value>) -> Option<Vec<Value>> {
        let Some(Value::Array(images)) = answer.remove("data") else { return None };
        let created = answer.remove("created").unwrap_or_default();
        let usage = answer.remove("usage").unwrap_or_default();
        let event = |image| {
            let mut event =
                json!({ "type": format!("{}.completed", self.name), "created_at": created, "usage": usage });
            if let (Value::Object(event), Value::Object(image)) = (&mut event, image) {
                event.extend(image);
            }
            event
        };
        Some(images.into_iter().map(event).collect())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::credits::usage::Usage;
    use crate::formats::last_event::LastEvent;
    use crate::formats::{Answer as _, Broken, Progress};
    use crate::money::Nanos;

    const EVENTS: &str = "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA\",\"partial_image_index\":0}\n\n\
        event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"BB\",\"usage\":{\"input_tokens\":10,\"output_tokens\":272,\"total_tokens\":282}}\n\n";

    fn bill(usage: Usage) -> Bill<'static> {
        Bill { cost: Nanos(7), provider: "portkey", ..Bill::of(usage) }
    }

    fn of(wanted: u64) -> LastEvent<ImageEvents> {
        let unreported = Unreported::Tokens(272);
        LastEvent::new(ImageEvents { name: "image_generation", wanted, unreported, partial: false })
    }

    #[test]
    fn partial_images_pass_and_the_last_event_waits_for_its_cost() {
        for size in [1, 7, 1000] {
            let (mut stream, mut out) = (of(1), Vec::new());
            for frame in EVENTS.as_bytes().chunks(size) {
                stream.push(Bytes::copy_from_slice(frame), &mut out).expect("well-formed");
            }
            let passed = String::from_utf8(out.concat()).expect("utf-8");
            assert!(passed.contains("\"AA\"") && !passed.contains("BB"), "{passed}");
            assert_eq!(stream.progress(), Progress::Done);
            let usage = stream.report().expect("a report").usage;
            assert_eq!((usage.prompt, usage.completion, usage.image_output, usage.images), (10, 272, 272, 1));
            let last = String::from_utf8(stream.close(Some(&bill(usage))).expect("json").to_vec()).expect("utf-8");
            assert!(
                last.starts_with("event: image_generation.completed\ndata: {") && last.contains("\"BB\""),
                "{last}"
            );
            assert!(last.contains("\"cost\":0.000000007") && last.contains("\"output_tokens\":272"), "{last}");
        }
    }

    #[test]
    fn a_plain_answer_is_a_stream_for_whoever_asked_for_one() {
        let mut stream = of(2);
        let body = r#"{"created":1,"data":[{"b64_json":"AA"},{"b64_json":"BB"}],"usage":{"completion_tokens":9,"total_tokens":9}}"#;
        stream.whole(Bytes::from(body), Some(&mut Vec::new())).expect("images");
        assert_eq!(stream.progress(), Progress::Done);
        let usage = stream.report().expect("a report").usage;
        assert_eq!((usage.completion, usage.images), (9, 2));
        let text = String::from_utf8(stream.close(Some(&bill(usage))).expect("json").to_vec()).expect("utf-8");
        assert_eq!(text.matches("image_generation.completed\ndata").count(), 2);
        assert_eq!(text.matches("\"cost\"").count(), 1);
    }

    #[test]
    fn an_error_is_one_and_nothing_is_nothing() {
        let mut stream = of(1);
        let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"x\",\"code\":\"moderation_blocked\"}}\n\n";
        assert!(matches!(stream.push(Bytes::from(error), &mut Vec::new()), Err(Broken::Error(..))));
        let mut stream = of(1);
        assert_eq!(stream.whole(Bytes::from(r#"{"data":[]}"#), None), Err(Broken::Garbled));
        assert_eq!(of(1).report(), None);
    }
}
