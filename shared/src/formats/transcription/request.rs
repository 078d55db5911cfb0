//! A sound whose text is asked for, as the client sends it and as it goes to a provider.

use bytes::Bytes;
use serde::Deserialize;

use super::answer::{Transcript, Wording};
use super::events::TranscriptEvents;
use super::length::Length;
use super::usage::{Heard, MOST_TOKENS};
use crate::credits::tokens;
use crate::error::Error;
use crate::formats::form::{self, File, Form};
use crate::formats::last_event::{LastEvent, error_event};
use crate::formats::openai::body;
use crate::formats::openai::members::{self, Members};
use crate::formats::whole::WholeAnswer;
use crate::formats::{Answer, Demand, Format, Kind, Labels, PromptSize, Request, Target, Units, Upstream};
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// The files of such a form.
pub const FILES: &[&str] = &["file"];

/// What transcriptions have besides, and the names that other APIs have for it. Voices to be known again would be heard, and
/// charged for, beside the file.
const MEMBERS: Members = Members {
    known: &[
        "input_audio",
        "prompt",
        "language",
        "response_format",
        "temperature",
        "timestamp_granularities",
        "include",
        "chunking_strategy",
    ],
    instead: &[
        // A form's file is no member of it.
        ("file", "input_audio"),
        ("audio", "file"),
        ("input", "file"),
        ("url", "file"),
        ("file_url", "file"),
        ("audio_url", "file"),
        ("format", "response_format"),
        ("known_speaker_references", "file"),
    ],
    client_tools: &[],
    long_cache: false,
};

/// The formats of an answer, how each is worded, and what the provider is asked for instead, so that it says what it used.
const FORMATS: [(&str, Wording, &str); 6] = [
    ("json", Wording::Json, "json"),
    ("text", Wording::Text, "json"),
    ("srt", Wording::Srt, "verbose_json"),
    ("vtt", Wording::Vtt, "verbose_json"),
    ("verbose_json", Wording::Json, "verbose_json"),
    ("diarized_json", Wording::Json, "diarized_json"),
];

const GRANULARITIES: &str =
    "`timestamp_granularities` is a list of texts; each is a part `timestamp_granularities[]` in a form.";

/// What is asked for of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What is said, as it is said.
    Transcription,
    /// The same in English.
    Translation,
}

/// OpenRouter's name of a file in JSON.
#[derive(Deserialize)]
struct InputAudio {
    data: String,
    format: String,
}

/// A client's request, checked as far as money and routing need it.
#[derive(Clone, Debug)]
pub struct TranscriptionRequest {
    members: Bytes,
    files: Vec<File>,
    demand: Demand,
    length: Length,
    wanted: Wanted,
    /// How the answer is worded, and what the provider is asked for.
    format: (Wording, &'static str),
}

impl TranscriptionRequest {
    /// Reads and checks a form, or JSON with `input_audio` as OpenRouter has it.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(form: Form, wanted: Wanted, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&form.members)?;
        let (pinned, model) = body::model(&request, rows)?;
        members::check(&request, &MEMBERS)?;
        let files = files(form.files, &request)?;
        let prompt: Option<String> = body::read(&request, "prompt", "`prompt` is a text.")?;
        let prompt = prompt.unwrap_or_default();
        body::texts(&request, &["language"])?;
        let _: Option<Vec<String>> = body::read(&request, "timestamp_granularities", GRANULARITIES)?;
        let stream = body::read(&request, "stream", "`stream` is true or false.")?.unwrap_or(false);
        let format: Option<String> = body::read(&request, "response_format", "`response_format` is a text.")?;
        let format = FORMATS.into_iter().find(|(name, ..)| format.as_deref().is_none_or(|asked| asked == *name));
        let (name, wording, asked) = format.ok_or_else(|| {
            let names = FORMATS.map(|(name, ..)| name).join(", ");
            Error::invalid("response_format", format!("`response_format` is one of {names}."))
        })?;
        if stream && !matches!(name, "json" | "diarized_json") {
            let message = "`stream: true` goes with `response_format` json or diarized_json only.";
            return Err(Error::invalid("response_format", message));
        }
        let routing = Routing::read(&request, pinned, rows)?;
        let length = Length::of(&files[0].content);
        let bound = prompt.len() as u64 + length.most / 1_000 * MOST_TOKENS + tokens::PER_TURN;
        let demand = Demand {
            model,
            kind: Kind::Transcription,
            stream,
            choices: 1,
            // How much a model can write is its own matter: the sound may be full of words.
            output_limit: Some(body::MOST_OUTPUT),
            routing,
            prompt: PromptSize {
                bound,
                added: bound - prompt.len() as u64,
                modalities: vec!["audio"],
                member: "file",
                ..PromptSize::default()
            },
            units: Units { milliseconds: length.most, ..Units::default() },
            comes_whole: !stream,
            labels: Labels::of_openai(&request),
        };
        Ok(Self { members: form.members.clone(), files, demand, length, wanted, format: (wording, asked) })
    }

    const fn upstream_format(&self) -> Format {
        match self.wanted {
            Wanted::Transcription => Format::Transcription,
            Wanted::Translation => Format::Translation,
        }
    }
}

/// The file, of the form or of the JSON.
fn files(mut files: Vec<File>, request: &Object<'_>) -> Result<Vec<File>, Error> {
    const SHAPE: &str = "`input_audio` is an object with `data`, the sound in base64, and its `format`, such as wav.";
    if let Some(audio) = body::read::<InputAudio>(request, "input_audio", SHAPE)? {
        let (content_type, content) =
            form::data_url(&audio.data).ok_or_else(|| Error::invalid("input_audio", SHAPE))?;
        let format: String = audio.format.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        files.push(File { member: "file".to_owned(), name: format!("audio.{format}"), content_type, content });
    }
    match files.len() {
        1 => Ok(files),
        0 => Err(Error::invalid("file", "`file` is missing: the sound whose text is asked for, as a part of a form.")),
        _ => Err(Error::invalid("file", "`file` is one sound; send one request for each.")),
    }
}

impl Request for TranscriptionRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    fn prompt_text(&self) -> String {
        body::text_of(&self.members, "prompt")
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        target.speaks(self.upstream_format())?;
        let written = || {
            let mut request: Object<'_> = serde_json::from_slice(&self.members)?;
            request.remove_all(&["provider", "input_audio"]);
            request.set("model", target.model)?;
            request.set("response_format", self.format.1)?;
            form::write(&request, &self.files)
        };
        let (headers, body) = written().map_err(|error| body::unwritable(&error))?;
        let heard = Heard::of(self.length, target);
        let answer: Box<dyn Answer> = if self.demand.stream {
            Box::new(LastEvent::new(TranscriptEvents { heard, text: String::new() }))
        } else {
            Box::new(WholeAnswer::of(target, Transcript { heard, wording: self.format.0 }))
        };
        Ok(Upstream {
            format: self.upstream_format(),
            headers,
            body,
            streamed: self.demand.stream,
            // Whoever has the sound may have heard, and charged for, all of it.
            repeatable: false,
            answer,
        })
    }

    fn failure_event(&self, error: &Error) -> Bytes {
        error_event(error)
    }

    fn plain_type(&self) -> &'static str {
        match self.format.0 {
            Wording::Json => "application/json",
            Wording::Text | Wording::Srt | Wording::Vtt => "text/plain; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::formats::form::read;
    use crate::providers::table::PROVIDERS;

    fn parse(members: &Value) -> Result<TranscriptionRequest, Error> {
        let content = Bytes::from(vec![1; 7_500]);
        let file = File { member: "file".to_owned(), name: "a.mp3".to_owned(), content_type: None, content };
        let form = Form { members: Bytes::from(members.to_string()), files: vec![file] };
        TranscriptionRequest::parse(form, Wanted::Transcription, Rows::TABLE)
    }

    #[tokio::test]
    async fn the_form_goes_on_and_asks_for_what_says_its_usage() {
        for (asked, sent, kind) in [
            (None, "json", "application/json"),
            (Some("text"), "json", "text/plain; charset=utf-8"),
            (Some("srt"), "verbose_json", "text/plain; charset=utf-8"),
            (Some("verbose_json"), "verbose_json", "application/json"),
        ] {
            let request = parse(&json!({"model": "m", "prompt": "héy", "language": "en", "response_format": asked,
                "timestamp_granularities": ["word"], "provider": {"only": ["openai"]}}))
            .expect("valid");
            let demand = request.demand();
            assert_eq!(
                (demand.units.milliseconds, demand.prompt.bound, request.plain_type()),
                (10_000, 4 + 200 + 16, kind)
            );
            let provider = PROVIDERS.iter().find(|row| row.path(Format::Transcription).is_some()).expect("a row");
            let upstream = request.for_provider(&Target::of(provider)).expect("a form");
            let form = read(&upstream.headers, upstream.body, FILES).await.expect("a form");
            let members: Value = serde_json::from_slice(&form.members).expect("json");
            assert_eq!(
                members,
                json!({"model": "up", "prompt": "héy", "language": "en", "response_format": sent,
                       "timestamp_granularities": ["word"]})
            );
            assert_eq!(
                (form.files.len(), form.files[0].name.as_str(), form.files[0].content.len()),
                (1, "a.mp3", 7_500)
            );
        }
    }

    #[test]
    fn wrong_members_are_named() {
        for (member, value) in [
            ("timestamp_granularities", json!({})),
            ("language", json!(1)),
            ("response_format", json!("xml")),
            ("stream", json!("yes")),
            ("prompt", json!(["a"])),
            ("file", json!("UklGRg==")),
            ("file_url", json!("https://example.com/a.mp3")),
            ("known_speaker_references", json!(["data:audio/wav;base64,AAAA"])),
            ("service_tier", json!("priority")),
            ("Language", json!("en")),
            ("input_audio", json!("AAAA")),
            ("input_audio", json!({"data": "!", "format": "wav"})),
        ] {
            let refused = parse(&json!({"model": "m", member: value})).expect_err(member);
            assert_eq!((refused.http_status().as_u16(), refused.param.as_deref()), (400, Some(member)));
        }
        let streamed = parse(&json!({"model": "m", "stream": true, "response_format": "srt"})).expect_err("no stream");
        assert_eq!(streamed.param.as_deref(), Some("response_format"));
        let twice = json!({"model": "m", "input_audio": {"data": "AAAA", "format": "wav"}});
        assert_eq!(parse(&twice).expect_err("two files").param.as_deref(), Some("file"));
        let none = Form { members: Bytes::from_static(br#"{"model":"m"}"#), files: Vec::new() };
        let none = TranscriptionRequest::parse(none, Wanted::Translation, Rows::TABLE).expect_err("no file");
        assert_eq!(none.param.as_deref(), Some("file"));
    }
}
