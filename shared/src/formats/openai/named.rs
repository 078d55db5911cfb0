//! An answer under the names of the catalog. A provider's answer calls the model as that provider does; the client gets the
//! id that it asked for, and beside it, as at OpenRouter, the `provider` that served it: in a plain answer and in every
//! event, since a client may read either from any of them.
//!
//! Events are not parsed for that. The two members stand among the plain ones at an event's head, where they are found by
//! a glance; a frame's events are written once, into one buffer. Only an event that has them elsewhere is parsed.

use std::ops::Range;
use std::sync::LazyLock;

use bytes::{BufMut as _, Bytes, BytesMut};
use memchr::{memchr, memmem::Finder};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::head::Head;
use super::limited::note_limit;
use crate::error::Error;
use crate::formats::{Answer, Bill, Broken, Identity, Progress, Report, Target, Written};
use crate::object::Object;

static MODEL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"model\""));
static PROVIDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"provider\""));

/// An answer that its client gets under the catalog's names.
pub struct Named {
    answer: Box<dyn Answer>,
    names: Names,
    /// Whether anybody reads its events.
    streams: bool,
}

/// What an answer is called.
struct Names {
    /// The model's id in the catalog, as JSON.
    model: Box<RawValue>,
    /// Who serves it, as JSON.
    provider: Box<RawValue>,
    /// Whether the output limit is what the credit buys.
    credit_limited: bool,
}

impl Named {
    /// Names an answer of `target`, whose client gets it as a stream or does not.
    ///
    /// # Errors
    /// None in practice: a name is JSON.
    pub fn over(
        answer: impl Answer + 'static,
        target: &Target<'_>,
        streams: bool,
    ) -> serde_json::Result<Box<dyn Answer>> {
        let names = Names {
            model: to_raw_value(target.id)?,
            provider: to_raw_value(target.provider.name)?,
            credit_limited: target.credit_limited,
        };
        Ok(Box::new(Self { answer: Box::new(answer), names, streams }))
    }

    /// Names the events of `out` from `from` on, if anybody reads them.
    fn pass_on(&self, out: &mut Vec<Bytes>, from: usize) {
        if self.streams {
            self.names.write_events(out, from);
        } else {
            out.truncate(from);
        }
    }
}

impl Answer for Named {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let before = out.len();
        let read = self.answer.push(frame, out);
        self.pass_on(out, before);
        read
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let before = out.len();
        let read = self.answer.end(out);
        self.pass_on(out, before);
        read
    }

    fn whole(&mut self, body: Bytes, out: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let Some(out) = out else { return self.answer.whole(body, None) };
        let before = out.len();
        let read = self.answer.whole(body, Some(out));
        self.pass_on(out, before);
        read
    }

    fn progress(&self) -> Progress {
        self.answer.progress()
    }

    fn report(&self) -> Option<Report> {
        self.answer.report()
    }

    fn written(&self) -> Written {
        self.answer.written()
    }

    fn said(&self) -> Option<Map<String, Value>> {
        self.answer.said()
    }

    fn identity(&self) -> Identity {
        self.answer.identity()
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        let body = self.answer.plain(bill)?;
        let mut named = BytesMut::with_capacity(body.len() + 256);
        self.names.write(&body, &mut named);
        Ok(named.freeze())
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        Ok(self.names.events(&self.answer.close(bill)?))
    }

    fn wants_bill(&self) -> bool {
        self.answer.wants_bill()
    }

    fn fail(&self, error: &Error) -> Bytes {
        self.names.events(&self.answer.fail(error))
    }
}

impl Names {
    /// Names the events of `out` from `from` on, and puts them together: they came together, too.
    fn write_events(&self, out: &mut Vec<Bytes>, from: usize) {
        let Some(came) = out.get(from..).filter(|came| !came.is_empty()) else { return };
        let mut named = BytesMut::with_capacity(came.iter().map(|events| self.length(events)).sum());
        for events in came {
            self.write_lines(events, &mut named);
        }
        out.truncate(from);
        out.push(named.freeze());
    }

    fn events(&self, events: &[u8]) -> Bytes {
        let mut named = BytesMut::with_capacity(self.length(events));
        self.write_lines(events, &mut named);
        named.freeze()
    }

    /// About how long the events will be.
    fn length(&self, events: &[u8]) -> usize {
        // An event of a stream is hardly ever shorter than this.
        let most_events = events.len() / 128 + 1;
        events.len() + most_events * (self.model.get().len() + self.provider.get().len() + 32)
    }

    /// Events are lines; those with data have it in one.
    fn write_lines(&self, mut events: &[u8], named: &mut BytesMut) {
        while let Some(end) = memchr(b'\n', events) {
            let (line, rest) = events.split_at(end + 1);
            match line.strip_prefix(b"data:") {
                Some(data) if data.trim_ascii().starts_with(b"{") => {
                    named.put_slice(b"data: ");
                    self.write(data.trim_ascii(), named);
                    named.put_u8(b'\n');
                }
                _ => named.put_slice(line),
            }
            events = rest;
        }
        named.put_slice(events);
    }

    /// A JSON object with the names in it.
    fn write(&self, json: &[u8], named: &mut BytesMut) {
        let begun = named.len();
        if self.write_head(json, named).is_none() {
            named.truncate(begun);
            match self.parsed(json) {
                Ok(object) => named.put_slice(&object),
                Err(_) => named.put_slice(json),
            }
        }
        if self.credit_limited {
            note_limit(named, begun);
        }
    }

    /// Writes the object with the names at its head; `None` if they may stand elsewhere.
    fn write_head(&self, json: &[u8], named: &mut BytesMut) -> Option<()> {
        let head = Head::read(json)?;
        let rest = &json[head.end..];
        let elsewhere = |found: &Option<Range<usize>>, name: &Finder<'_>| found.is_none() && name.find(rest).is_some();
        if elsewhere(&head.model, &MODEL) || elsewhere(&head.provider, &PROVIDER) {
            return None;
        }
        let (model, provider) = (self.model.get().as_bytes(), self.provider.get().as_bytes());
        let written = |named: &mut BytesMut, until: &Range<usize>, from: usize, value: &[u8]| {
            named.put_slice(&json[from..until.start]);
            named.put_slice(value);
            until.end
        };
        let end = match (&head.model, &head.provider) {
            (Some(at), None) => {
                let end = written(named, at, 0, model);
                named.put_slice(b",\"provider\":");
                named.put_slice(provider);
                end
            }
            (Some(first), Some(second)) if first.start < second.start => {
                let end = written(named, first, 0, model);
                written(named, second, end, provider)
            }
            (Some(second), Some(first)) => {
                let end = written(named, first, 0, provider);
                written(named, second, end, model)
            }
            (None, _) => return None,
        };
        named.put_slice(&json[end..]);
        Some(())
    }

    fn parsed(&self, json: &[u8]) -> serde_json::Result<Vec<u8>> {
        let mut object: Object<'_> = serde_json::from_slice(json)?;
        object.set("model", &self.model)?;
        object.set("provider", &self.provider)?;
        serde_json::to_vec(&object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn names(credit_limited: bool) -> Names {
        let raw = |text: &str| to_raw_value(text).expect("json");
        Names { model: raw("a/b"), provider: raw("chutes"), credit_limited }
    }

    fn named(json: &str) -> String {
        let mut named = BytesMut::new();
        names(false).write(json.as_bytes(), &mut named);
        String::from_utf8(named.to_vec()).expect("utf-8")
    }

    #[test]
    fn the_names_stand_where_the_providers_stood() {
        for (json, expected) in [
            (
                r#"{"id":"1","model":"up","choices":[1.10]}"#,
                r#"{"id":"1","model":"a/b","provider":"chutes","choices":[1.10]}"#,
            ),
            (r#"{"provider":"X","model":"up","x":{}}"#, r#"{"provider":"chutes","model":"a/b","x":{}}"#),
            (r#"{ "model" : "u\"p" , "provider": null}"#, r#"{ "model" : "a/b" , "provider": "chutes"}"#),
            (
                r#"{"choices":[{"model":"inner"}],"model":"up"}"#,
                r#"{"choices":[{"model":"inner"}],"model":"a/b","provider":"chutes"}"#,
            ),
            (r#"{"model":"up","choices":[],"provider":"X"}"#, r#"{"model":"a/b","choices":[],"provider":"chutes"}"#),
            (r#"{"choices":[]}"#, r#"{"choices":[],"model":"a/b","provider":"chutes"}"#),
            ("{}", r#"{"model":"a/b","provider":"chutes"}"#),
        ] {
            assert_eq!(named(json), expected);
        }
    }

    #[test]
    fn events_that_came_together_go_on_together_and_comments_stay() {
        let event = |model: &str, more: &str| format!("data: {{\"model\":\"{model}\"{more},\"choices\":[]}}\n\n");
        let came = format!(": ping\n\n{}{}data: [DONE]\n\n", event("up", ""), event("up", ""));
        let mut out = vec![Bytes::from("first"), Bytes::from(came), Bytes::from(event("up", ""))];
        names(false).write_events(&mut out, 1);
        let once = event("a/b", ",\"provider\":\"chutes\"");
        let expected = format!(": ping\n\n{once}{once}data: [DONE]\n\n{once}");
        assert_eq!(out, [Bytes::from("first"), Bytes::from(expected)]);
    }

    #[test]
    fn a_limit_that_the_credit_set_is_told_where_the_answer_ended_at_it() {
        let json = r#"{"model":"up","choices":[{"finish_reason": "length"},{"finish_reason":"stop"},
            {"text":"\"finish_reason\":\"length\"","finish_reason":null},{"finish_reason":"length"}]}"#;
        let mut limited = BytesMut::new();
        names(true).write(json.as_bytes(), &mut limited);
        let told: Value = serde_json::from_slice(&limited).expect("json");
        let by = |choice: usize| told["choices"][choice]["limited_by"].clone();
        assert_eq!([by(0), by(1), by(2), by(3)], [json!("credit"), json!(null), json!(null), json!("credit")]);
        assert!(!named(json).contains("limited_by"));
    }

    proptest! {
        #[test]
        fn whatever_else_is_in_an_object_stays(
            members in proptest::collection::vec(("model|provider|choices|[a-z\"\\\\]{1,3}", "\\PC{0,8}|model|provider", 0..4u8), 0..6),
        ) {
            let mut object = serde_json::Map::new();
            for (name, text, kind) in members {
                let value = match kind {
                    0 => json!(text),
                    1 => json!(null),
                    2 => json!([{ text.clone(): text }]),
                    _ => json!({ text: -1.5 }),
                };
                object.insert(name, value);
            }
            let told: Value = serde_json::from_str(&named(&Value::Object(object.clone()).to_string())).expect("json");
            object.insert("model".to_owned(), json!("a/b"));
            object.insert("provider".to_owned(), json!("chutes"));
            prop_assert_eq!(told, Value::Object(object));
        }
    }
}
