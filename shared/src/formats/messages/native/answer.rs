//! The message as it comes in: events of a stream, or one body.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::assemble::{assemble, events_of};
use super::ending::closing_events;
use super::events::{Events, error_of, written};
use crate::error::Error;
use crate::formats::events::EventStream;
use crate::formats::messages::for_chat::as_chat;
use crate::formats::messages::usage::Reported;
use crate::formats::messages::wire;
use crate::formats::openai::body::GatewayNote;
use crate::formats::{Answer, Bill, Broken, Progress, Report, Written};
use crate::object::Object;
use crate::providers::internal;

/// A provider's message.
#[derive(Default)]
pub struct MessageAnswer {
    stream: EventStream,
    events: Events,
    whole: Option<Plain>,
    /// What the client calls the model.
    model: String,
}

/// A plain message, without its usage, which stands apart.
struct Plain {
    message: Map<String, Value>,
    reported: Reported,
}

impl MessageAnswer {
    /// Of a call whose client knows the model by this name.
    pub fn named(model: &str) -> Self {
        Self { events: Events::named(model), model: model.to_owned(), ..Self::default() }
    }

    fn reported(&self) -> &Reported {
        self.whole.as_ref().map_or_else(|| self.events.reported(), |whole| &whole.reported)
    }

    /// A message's members, if the body is one.
    fn message(body: &[u8]) -> Result<Map<String, Value>, Broken> {
        let body: Value = serde_json::from_slice(body).map_err(|_| Broken::Garbled)?;
        if body.get("error").is_some_and(|error| !error.is_null()) {
            return Err(error_of(&body));
        }
        match body {
            Value::Object(message) if message.get("content").is_some_and(Value::is_array) => Ok(message),
            _ => Err(Broken::Garbled),
        }
    }
}

impl Answer for MessageAnswer {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.stream.push(frame, &mut self.events, out)
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.stream.end(&mut self.events, out)
    }

    fn whole(&mut self, body: Bytes, out: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let mut message = Self::message(&body)?;
        if let Some(out) = out {
            return self.push(events_of(message), out);
        }
        let mut reported = Reported::default();
        reported.take(message.remove("usage").unwrap_or_default());
        self.whole = Some(Plain { message, reported });
        Ok(())
    }

    fn progress(&self) -> Progress {
        if self.whole.is_some() { Progress::Done } else { self.events.progress() }
    }

    fn report(&self) -> Option<Report> {
        let up_to_date = self.whole.is_some() || self.events.is_up_to_date();
        self.reported().usage().map(|usage| Report { up_to_date, ..Report::of(usage) })
    }

    fn written(&self) -> Written {
        let mut all = Written::default();
        if let Some(content) = self.whole.as_ref().and_then(|whole| whole.message["content"].as_array()) {
            content.iter().for_each(|block| all.is_all &= written(block, &mut all.text));
        }
        for event in self.events.kept() {
            for part in ["content_block", "delta"] {
                all.is_all &= written(event.get(part).unwrap_or(&Value::Null), &mut all.text);
            }
        }
        all
    }

    fn said(&self) -> Option<Map<String, Value>> {
        let mut ending = self.events.ending().clone();
        // Of what was cut off a call that cannot be read is none, as at the output limit.
        ending.entry("stop_reason").or_insert_with(|| json!("max_tokens"));
        let assembled = || assemble(self.events.kept(), &ending);
        let message = self.whole.as_ref().map_or_else(assembled, |whole| Some(whole.message.clone()))?;
        as_chat(message)
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        let assembled = || assemble(self.events.kept(), self.events.ending());
        let message = self.whole.as_ref().map_or_else(assembled, |whole| Some(whole.message.clone()));
        let message = Value::Object(message.ok_or(Broken::Garbled)?).to_string();
        let write = || {
            let mut message: Object<'_> = serde_json::from_str(&message)?;
            if !self.model.is_empty() {
                message.set("model", &self.model)?;
            }
            message.remove_all(&internal::OF_ANSWERS);
            message.set("usage", &self.reported().billed(bill)?)?;
            message.set("gateway", &GatewayNote::of(bill))?;
            serde_json::to_vec(&message)
        };
        write().map(Bytes::from).map_err(|_| Broken::Garbled)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        let reported = self.reported();
        let usage = match bill {
            Some(bill) => reported.billed(bill)?,
            None => serde_json::value::to_raw_value(&reported.value())?,
        };
        closing_events(self.events.ending(), usage, bill)
    }

    /// Every stream of messages ends with its usage.
    fn wants_bill(&self) -> bool {
        true
    }

    fn fail(&self, error: &Error) -> Bytes {
        wire::error_event(error)
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::credits::usage::Usage;
    use crate::money::Nanos;

    fn bill() -> Bill<'static> {
        let usage = Usage { prompt: 3, completion: 4, ..Usage::default() };
        Bill { cost: Nanos(1500), provider: "anthropic", ..Bill::of(usage) }
    }

    fn message() -> Value {
        json!({"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "end_turn",
            "stop_sequence": null, "content": [{"type": "text", "text": "hi"}],
            "usage": {"input_tokens": 3, "output_tokens": 4}})
    }

    #[test]
    fn a_plain_message_gains_its_cost_and_a_streamed_one_is_the_same() {
        let mut expected = message();
        expected["usage"]["cost"] = json!(0.000_001_5);
        expected["gateway"] = json!({"provider": "anthropic", "upstream_model": "up", "request_id": "r"});
        let mut whole = MessageAnswer::default();
        whole.whole(message().to_string().into(), None).expect("a message");
        let Value::Object(members) = message() else { panic!("an object") };
        let mut streamed = MessageAnswer::default();
        streamed.push(events_of(members), &mut Vec::new()).expect("well-formed");
        for answer in [whole, streamed] {
            assert_eq!((answer.written().text.as_str(), answer.progress()), ("hi", Progress::Done));
            assert_eq!(answer.report(), Some(Report::of(bill().usage)));
            let plain = answer.plain(&bill()).expect("a message");
            assert_eq!(serde_json::from_slice::<Value>(&plain).expect("json"), expected);
        }
    }

    #[test]
    fn a_stream_ends_with_all_totals_and_the_cost() {
        let Value::Object(members) = message() else { panic!("an object") };
        let mut answer = MessageAnswer::default();
        answer.push(events_of(members), &mut Vec::new()).expect("well-formed");
        let end = String::from_utf8(answer.close(Some(&bill())).expect("json").to_vec()).expect("utf-8");
        let data = end.lines().nth(1).and_then(|line| line.strip_prefix("data: ")).expect("data");
        let delta: Value = serde_json::from_str(data).expect("json");
        assert_eq!(delta["usage"], json!({"input_tokens": 3, "output_tokens": 4, "cost": 0.000_001_5}));
        assert_eq!(
            (&delta["delta"]["stop_reason"], &delta["gateway"]["provider"]),
            (&json!("end_turn"), &json!("anthropic"))
        );
        assert!(end.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
    }

    #[test]
    fn what_is_not_a_message_is_not_taken_for_one() {
        for body in ["", "<html>", "[]", "{}", r#"{"content":null}"#] {
            assert_eq!(MessageAnswer::default().whole(Bytes::from(body), None), Err(Broken::Garbled), "{body}");
        }
        let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#;
        assert!(matches!(MessageAnswer::default().whole(error.into(), None), Err(Broken::Error(Some(529), _))));
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_before_its_end_is_no_message() {
        let Value::Object(members) = message() else { panic!("an object") };
        let stream = events_of(members);
        let text = String::from_utf8(stream.to_vec()).expect("utf-8");
        // Up to the last byte of the JSON in which the model's reason to stop stands.
        let complete = text.find("event: message_stop").expect("its end") - 2;
        for end in 0..stream.len() {
            let mut answer = MessageAnswer::default();
            let read = answer.push(stream.slice(..end), &mut Vec::new());
            let read = read.and_then(|()| answer.end(&mut Vec::new()));
            let is_complete = read.is_ok() && answer.progress() >= Progress::Complete;
            // What is cut within a later event is broken.
            assert!(!is_complete || end >= complete, "cut at {end}");
            assert!(is_complete || end != complete, "cut at {end}");
            let covers_all = answer.report().is_some_and(|report| report.up_to_date && report.usage.completion > 1);
            assert_eq!(covers_all, end >= complete, "cut at {end}");
        }
    }
}
