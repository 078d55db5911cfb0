//! Images that come as events: partial ones as they are made, and each image in an event that says it is complete. That
//! event has the usage, so it is withheld until the cost is known, which goes out with it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::unreported::Unreported;
use super::usage;
use crate::credits::usage::Usage;
use crate::error::Error;
use crate::formats::events::{EventStream, Reader, Verdict};
use crate::formats::openai::body::GatewayNote;
use crate::formats::openai::chunks;
use crate::formats::{Answer, Bill, Broken, Progress, Report, Written};
use crate::object::Object;
use crate::providers::internal;

/// A stream as it comes in.
pub struct ImageStream {
    events: EventStream,
    made: Made,
    unreported: Unreported,
}

/// What has come of it.
struct Made {
    /// What its events are called: `image_generation` or `image_edit`.
    name: &'static str,
    /// How many images were asked for.
    wanted: u64,
    /// The data of the events that say that an image is complete.
    completed: Vec<Bytes>,
    partial: bool,
    ended: bool,
}

impl ImageStream {
    /// Of so many images, each of which is this where nobody says what it is.
    pub fn new(name: &'static str, wanted: u64, unreported: Unreported) -> Self {
        let made = Made { name, wanted, completed: Vec::new(), partial: false, ended: false };
        Self { events: EventStream::default(), made, unreported }
    }

    /// `usage` of the last event that has one.
    fn reported(&self) -> Option<String> {
        let usage = |data: &Bytes| {
            let event: Object<'_> = serde_json::from_slice(data).ok()?;
            event.get("usage").filter(|usage| *usage != "null").map(ToOwned::to_owned)
        };
        self.made.completed.iter().rev().find_map(usage)
    }

    fn usage(&self) -> Usage {
        usage::read(self.reported().as_deref(), self.made.completed.len() as u64)
    }
}

impl Reader for Made {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        if &data[..] == b"[DONE]" {
            self.ended = true;
            return Ok(Verdict::Drop);
        }
        let event: Object<'_> = serde_json::from_slice(&data).map_err(|_| Broken::Garbled)?;
        if let Some(error) = chunks::error(&event) {
            return Err(error);
        }
        let kind: String = event.read("type").ok().flatten().unwrap_or_default();
        if kind.ends_with(".completed") {
            self.completed.push(data);
            return Ok(Verdict::Drop);
        }
        self.partial = self.partial || kind.ends_with(".partial_image");
        Ok(Verdict::Keep)
    }
}

impl Answer for ImageStream {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.events.push(frame, &mut self.made, out)
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let read = self.events.end(&mut self.made, out);
        // Who makes fewer than were asked for closes the stream behind the last.
        self.made.ended = self.made.ended || !self.made.completed.is_empty();
        read
    }

    /// Who does not stream answers with all images at once.
    fn whole(&mut self, body: Bytes, _: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let mut answer: Map<String, Value> = serde_json::from_slice(&body).map_err(|_| Broken::Garbled)?;
        if let Ok(object) = serde_json::from_slice::<Object<'_>>(&body)
            && let Some(error) = chunks::error(&object)
        {
            return Err(error);
        }
        let Some(Value::Array(images)) = answer.remove("data") else { return Err(Broken::Garbled) };
        let created = answer.remove("created").unwrap_or_default();
        let usage = answer.remove("usage").unwrap_or_default();
        for image in images {
            let mut event =
                json!({ "type": format!("{}.completed", self.made.name), "created_at": created, "usage": usage });
            if let (Value::Object(event), Value::Object(image)) = (&mut event, image) {
                event.extend(image);
            }
            self.made.completed.push(event.to_string().into());
        }
        self.made.ended = true;
        if self.made.completed.is_empty() { Err(Broken::Garbled) } else { Ok(()) }
    }

    fn progress(&self) -> Progress {
        match &self.made {
            Made { ended: true, .. } => Progress::Done,
            Made { completed, wanted, .. } if completed.len() as u64 >= *wanted => Progress::Done,
            Made { partial: true, .. } => Progress::Output,
            Made { completed, .. } if !completed.is_empty() => Progress::Output,
            _ => Progress::Waiting,
        }
    }

    fn report(&self) -> Option<Report> {
        (!self.made.completed.is_empty()).then(|| self.unreported.complete(self.usage()))
    }

    /// No text; what of a picture was made before it was complete nobody sees.
    fn written(&self) -> Written {
        Written { is_all: !self.made.partial, ..Written::default() }
    }

    fn plain(&self, _: &Bill<'_>) -> Result<Bytes, Broken> {
        Err(Broken::Garbled)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        let mut out = Vec::new();
        for (place, data) in self.made.completed.iter().enumerate() {
            let mut event: Object<'_> = serde_json::from_slice(data)?;
            event.remove("usage");
            // What is between the provider and us stays here.
            event.remove_all(&internal::OF_ANSWERS);
            if let Some(bill) = bill.filter(|_| place + 1 == self.made.completed.len()) {
                let mut usage = usage::shown(self.reported().as_deref(), bill)?;
                usage.remove_all(&internal::OF_USAGE);
                usage.set("cost", &bill.cost)?;
                event.set("usage", &usage)?;
                event.set("gateway", &GatewayNote::of(bill))?;
            }
            out.extend_from_slice(format!("event: {}.completed\ndata: ", self.made.name).as_bytes());
            serde_json::to_writer(&mut out, &event)?;
            out.extend_from_slice(b"\n\n");
        }
        Ok(out.into())
    }

    /// Nothing that a conversation could go on from.
    fn said(&self) -> Option<Map<String, Value>> {
        None
    }

    fn wants_bill(&self) -> bool {
        true
    }

    fn fail(&self, error: &Error) -> Bytes {
        error_event(error)
    }
}

/// The event that tells of a failure: OpenAI's SDKs raise it.
pub fn error_event(error: &Error) -> Bytes {
    format!("event: error\ndata: {}\n\n", json!({ "type": "error", "error": error.to_object() })).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Nanos;

    const EVENTS: &str = "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA\",\"partial_image_index\":0}\n\n\
        event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"BB\",\"usage\":{\"input_tokens\":10,\"output_tokens\":272,\"total_tokens\":282}}\n\n";

    fn bill(usage: Usage) -> Bill<'static> {
        Bill {
            usage,
            estimated: false,
            cost: Nanos(7),
            provider: "portkey",
            upstream_model: "up",
            request_id: "r",
            session_id: None,
        }
    }

    fn of(images: u64) -> ImageStream {
        ImageStream::new("image_generation", images, Unreported::Tokens(272))
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
