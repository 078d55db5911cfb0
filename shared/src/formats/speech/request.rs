//! A text to be spoken, as the client sends it and as it goes to a provider.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use super::answer::Sound;
use super::events::{SoundOfEvents, SpeechEvents};
use super::passing::Passing;
use crate::credits::tokens;
use crate::error::Error;
use crate::formats::last_event::{LastEvent, error_event};
use crate::formats::openai::body;
use crate::formats::openai::members::{self, Members};
use crate::formats::{
    Answer, Demand, Format, Kind, Labels, Progress, PromptSize, Request, Target, Units, Upstream, events,
};
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// What speech has besides, and the names that other APIs have for it.
const MEMBERS: Members = Members {
    known: &["input", "voice", "response_format", "speed", "instructions", "stream_format"],
    instead: &[("text", "input"), ("prompt", "input"), ("format", "response_format"), ("messages", "input")],
    client_tools: &[],
    long_cache: false,
};

/// Tokens of the sound of a character at most, and of the shortest text.
const MOST_TOKENS: u64 = 32;
const SHORTEST: u64 = 1_024;

/// How sound is written, and what that is called; the first one unless said.
const FORMATS: [(&str, &str); 6] = [
    ("mp3", "audio/mpeg"),
    ("opus", "audio/opus"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
    ("pcm", "audio/pcm"),
];

/// A client's request, checked as far as money and routing need it.
#[derive(Clone, Debug)]
pub struct SpeechRequest {
    body: Bytes,
    demand: Demand,
    /// How the sound is written, and what that is called.
    format: (&'static str, &'static str),
    /// Whether the client wants it as events.
    events: bool,
}

impl SpeechRequest {
    /// Reads and checks a request body.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(body: Bytes, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&body)?;
        let (pinned, model) = body::model(&request, rows)?;
        members::check(&request, &MEMBERS)?;
        let text = |name: &'static str, message: &'static str| -> Result<Option<String>, Error> {
            body::read(&request, name, message)
        };
        let input = text("input", "`input` is a text.")?.filter(|input| !input.is_empty());
        let input = input.ok_or_else(|| Error::invalid("input", "`input` is missing: the text to be spoken."))?;
        text("voice", "`voice` is a text.")?
            .ok_or_else(|| Error::invalid("voice", "`voice` is missing: who speaks, such as alloy."))?;
        let instructions = text("instructions", "`instructions` is a text.")?.map_or(0, |text| text.len() as u64);
        const STREAM_FORMATS: &str =
            "`stream_format` is audio, the sound as bytes while it is made, or sse, the same as events.";
        let events = match text("stream_format", STREAM_FORMATS)?.as_deref() {
            None | Some("audio") => false,
            Some("sse") => true,
            Some(_) => return Err(Error::invalid("stream_format", STREAM_FORMATS)),
        };
        let format = text("response_format", "`response_format` is a text.")?;
        let format = FORMATS.into_iter().find(|(name, _)| format.as_deref().is_none_or(|asked| asked == *name));
        let format = format.ok_or_else(|| {
            let names = FORMATS.map(|(name, _)| name).join(", ");
            Error::invalid("response_format", format!("`response_format` is one of {names}."))
        })?;
        let routing = Routing::read(&request, pinned, rows)?;
        let characters = input.chars().count() as u64;
        let demand = Demand {
            model,
            kind: Kind::Speech,
            // It passes while it comes.
            stream: true,
            choices: 1,
            // Of a model that is sold by the tokens of its sound: they are twenty a second, and no character takes longer.
            output_limit: Some(SHORTEST + characters * MOST_TOKENS),
            routing,
            prompt: PromptSize {
                bound: input.len() as u64 + instructions + tokens::PER_TURN,
                added: instructions + tokens::PER_TURN,
                member: "input",
                ..PromptSize::default()
            },
            units: Units { characters, outputs: vec!["audio"], ..Units::default() },
            comes_whole: false,
            labels: Labels::of_openai(&request),
        };
        Ok(Self { body, demand, format, events })
    }

    fn upstream_body(&self, target: &Target<'_>) -> serde_json::Result<Bytes> {
        let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
        request.remove("provider");
        request.set("model", target.model)?;
        // Where nothing is said, providers differ.
        request.set("response_format", self.format.0)?;
        request.remove_all(&["stream_format", "stream"]);
        if !target.by_units {
            request.set("stream_format", "sse")?;
        }
        serde_json::to_vec(&request).map(Bytes::from)
    }
}

impl Request for SpeechRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    fn prompt_text(&self) -> String {
        body::text_of(&self.body, "input")
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        target.speaks(Format::Speech)?;
        if target.by_units && self.events {
            let message =
                "This model speaks as bytes only; leave out `stream_format`, or ask one that is sold by tokens.";
            return Err(Error::invalid("stream_format", message));
        }
        let body = self.upstream_body(target).map_err(|error| body::unwritable(&error))?;
        let accept = if target.by_units { self.format.1 } else { "text/event-stream" };
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
        let characters = self.demand.units.characters;
        let answer: Box<dyn Answer> = match (target.by_units, self.events) {
            (true, _) => Box::new(Passing(Sound { characters, progress: Progress::Waiting })),
            (false, false) => Box::new(Passing(SoundOfEvents::new(characters))),
            (false, true) => Box::new(LastEvent::new(SpeechEvents { characters, begun: false })),
        };
        Ok(Upstream { format: Format::Speech, headers, body, streamed: true, repeatable: true, answer })
    }

    /// Of sound there are none: what has no sound has a status.
    fn failure_event(&self, error: &Error) -> Bytes {
        if self.events { error_event(error) } else { Bytes::new() }
    }

    /// Nothing may stand in the sound.
    fn keep_alive(&self, _begun: bool) -> &'static [u8] {
        if self.events { events::KEEP_ALIVE } else { b"" }
    }

    fn content_type(&self) -> &'static str {
        if self.events { "text/event-stream" } else { self.format.1 }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::providers::table::PROVIDERS;

    fn parse(body: Value) -> Result<SpeechRequest, Error> {
        SpeechRequest::parse(Bytes::from(body.to_string()), Rows::TABLE)
    }

    #[test]
    fn characters_are_counted_and_the_format_is_always_said() {
        let request = parse(json!({"model": "m", "input": "héy", "voice": "alloy", "speed": 1.25,
            "provider": {"only": ["portkey"]}}))
        .expect("valid");
        assert_eq!((request.demand().units.characters, request.content_type()), (3, "audio/mpeg"));
        let provider = PROVIDERS.iter().find(|row| row.path(Format::Speech).is_some()).expect("a row");
        let target = Target { by_units: true, ..Target::of(provider) };
        let sent: Value = serde_json::from_slice(&request.for_provider(&target).expect("a body").body).expect("json");
        assert_eq!(
            sent,
            json!({"model": "up", "input": "héy", "voice": "alloy", "speed": 1.25, "response_format": "mp3"})
        );
        // Where tokens are sold, only events tell of them.
        let by_tokens = request.for_provider(&Target::of(provider)).expect("a body");
        let sent: Value = serde_json::from_slice(&by_tokens.body).expect("json");
        assert_eq!((&sent["stream_format"], by_tokens.answer.is_binary()), (&json!("sse"), false));
        let events =
            parse(json!({"model": "m", "input": "a", "voice": "alloy", "stream_format": "sse"})).expect("valid");
        assert_eq!(events.content_type(), "text/event-stream");
        let refused = events.for_provider(&target).err().expect("bytes only");
        assert_eq!(refused.param.as_deref(), Some("stream_format"));
    }

    #[test]
    fn wrong_members_are_named() {
        for (member, value) in [
            ("input", Value::Null),
            ("input", json!("")),
            ("input", json!(["a"])),
            ("voice", Value::Null),
            ("voice", json!(1)),
            ("response_format", json!("midi")),
            ("stream_format", json!("events")),
            ("text", json!("a")),
            ("service_tier", json!("priority")),
            ("Voice", json!("a")),
        ] {
            let mut body = json!({"model": "m", "input": "a", "voice": "alloy"});
            body[member] = value;
            let error = parse(body).expect_err(member);
            assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(member)));
        }
    }
}
