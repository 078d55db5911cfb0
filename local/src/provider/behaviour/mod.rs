//! The behaviours that a model name can ask for, and how they are written.

mod cut;
mod failure;
pub(super) mod fast;
mod framing;
mod normal;
mod scene;
mod shape;
mod usage;

use std::time::Duration;

use bytes::Bytes;
use fast::FastAnswers;
use http::StatusCode;
use scene::{Scene, frame, steps};
use shape::Recording;

use super::{error::ApiError, format::Format, request::Request, script::Step, wire::Envelope};

/// What the name of a model begins with when it asks for a behaviour.
pub const PREFIX: &str = "standin/";

/// One row of the table.
#[derive(Debug)]
pub struct Behaviour {
    /// What stands after [`PREFIX`].
    pub name: &'static str,
    /// Names of its parameters, and the numbers they have when they are left out.
    pub parameters: &'static [(&'static str, u64)],
    /// What it does, in one line.
    pub about: &'static str,
    play: Play,
}

#[derive(Clone, Copy, Debug)]
enum Play {
    /// Answers from the checked request.
    Scene(fn(&Scene<'_>) -> Result<Reply, ApiError>),
    /// Answers as recorded, whatever is asked.
    Shape(&'static Recording),
    /// Answers with constant bytes and looks at nothing but the key, `stream` and `include_usage`.
    Fast,
}

const fn row(
    name: &'static str,
    parameters: &'static [(&'static str, u64)],
    play: fn(&Scene<'_>) -> Result<Reply, ApiError>,
    about: &'static str,
) -> Behaviour {
    Behaviour { name, parameters, about, play: Play::Scene(play) }
}

const fn shape(name: &'static str, recording: &'static Recording, about: &'static str) -> Behaviour {
    Behaviour { name, parameters: &[], about, play: Play::Shape(recording) }
}

/// Every behaviour. `after` counts chunks that bring text, reasoning or parts of a tool call.
pub static TABLE: &[Behaviour] = &[
    row(
        "normal",
        &[],
        normal::normal,
        "what every other model does: a short answer, JSON, or calls of tools: as the prompt says, line by line, \
         `NAME {ARGUMENTS}` in backticks, or with made-up arguments if there are few tools",
    ),
    row("as-told", &[], normal::as_told, "calls a tool only as the prompt says; else a text"),
    row("long", &[("tokens", 5_000)], normal::long, "a text of so many tokens, if the limit allows it"),
    row(
        "slow",
        &[("ms", 50), ("chunks", 20)],
        normal::slow,
        "a pause before every chunk; plain: their sum before the head",
    ),
    row("delay", &[("ms", 100)], normal::delay, "a pause before the head"),
    row("reasoning", &[("tokens", 30)], normal::reasoning, "so many tokens of reasoning before the text"),
    row("wrong-model", &[], normal::wrong_model, "names another model than the one asked for"),
    row("no-usage", &[], usage::none, "never reports usage"),
    row(
        "usage",
        &[("prompt", 100), ("cached", 20), ("written", 0), ("written_long", 0), ("completion", 50), ("reasoning", 10)],
        usage::exact,
        "reports exactly this usage, whatever the answer",
    ),
    row(
        "bytes",
        &[("image", super::IMAGE_TOKENS), ("tools", 530)],
        usage::bytes,
        "reports the dearest usage that obeys the limit",
    ),
    row("usage-in-every-chunk", &[], usage::every_chunk, "reports the usage so far on every chunk"),
    row("status", &[("code", 500), ("retry_after", 0)], failure::status, "an error; retry_after in s, 0 for none"),
    row("hang", &[], failure::hang, "reads the request and never answers"),
    row("refuse", &[], failure::refuse, "closes the connection without an answer"),
    row("html", &[("code", 200)], failure::html, "an HTML page with that status"),
    row("garbage", &[], failure::garbage, "status 200 and no JSON; streamed: one line in the middle is no JSON"),
    row(
        "error-mid",
        &[("after", 2)],
        cut::error,
        "a chunk with an error, then the end; plain: 200 with an error object",
    ),
    row(
        "error-first",
        &[("code", 502)],
        cut::error_first,
        "a stream whose first chunk is an error with this code; plain: 200 with an error object",
    ),
    row("cut", &[("after", 3)], cut::cut, "so many chunks, or half a plain body, then the connection dies"),
    row("stall", &[("after", 2)], cut::stall, "so many chunks, or half a plain body, then nothing more"),
    row(
        "gated",
        &[("after", 2), ("tokens", 40)],
        cut::gated,
        "a text of so many tokens: so many chunks, or half a plain body, then the rest past the gate within",
    ),
    row("end-early", &[("after", 2)], cut::end_early, "so many chunks and a clean end without finish_reason or [DONE]"),
    row("keepalive", &[], framing::keepalive, "comment lines, CRLF, and writes that end at odd places"),
    shape("shape-text", &shape::TEXT, "recorded: a text, with the members that OpenAI adds to every answer"),
    shape("shape-choices", &shape::CHOICES, "recorded: three choices that end differently, their chunks mixed"),
    shape("shape-length", &shape::LENGTH, "recorded: a text cut at the limit"),
    shape("shape-filtered", &shape::FILTERED, "recorded: a text that the provider's filter ended"),
    shape("shape-refusal", &shape::REFUSAL, "recorded: a refusal in place of a text"),
    shape("shape-logprobs", &shape::LOGPROBS, "recorded: a text with the likelihoods of its tokens"),
    shape("shape-refusal-logprobs", &shape::REFUSAL_LOGPROBS, "recorded: a refusal with the likelihoods of its tokens"),
    shape("shape-tools", &shape::TOOLS, "recorded: a text and parallel tool calls, their fragments mixed"),
    shape("shape-custom-tools", &shape::CUSTOM_TOOLS, "recorded: a function's call beside calls of custom tools"),
    shape("shape-function-call", &shape::FUNCTION_CALL, "recorded: the call of a function as it was before tools"),
    shape("shape-reasoning", &shape::REASONING, "recorded: OpenRouter's `reasoning` with its `reasoning_details`"),
    shape("shape-reasoning-content", &shape::REASONING_CONTENT, "recorded: reasoning as open-weight servers spell it"),
    shape("shape-parts", &shape::PARTS, "recorded: a content of parts, thoughts and text, in every delta"),
    shape("shape-thinking", &shape::THINKING, "recorded: the same streamed as Mistral does, parts and then plain text"),
    shape("shape-audio", &shape::AUDIO, "recorded: spoken, with a transcript"),
    shape("shape-images", &shape::IMAGES, "recorded: pictures beside a text"),
    shape("shape-annotations", &shape::ANNOTATIONS, "recorded: a text with the pages that it cites"),
    shape("shape-unknown", &shape::UNKNOWN, "recorded: members that nobody knows, at every level"),
    Behaviour {
        name: "fast",
        parameters: &[("chunks", 16), ("flush", 0)],
        about: "a constant answer for benchmarks; flush=1 writes every chunk by itself",
        play: Play::Fast,
    },
];

/// The names of the models whose answers are recorded: the plain one, and the chunks that add up to it, are the same
/// at every call, ids and time included.
pub fn shapes() -> impl Iterator<Item = String> {
    let recorded = |behaviour: &&Behaviour| matches!(behaviour.play, Play::Shape(_));
    TABLE.iter().filter(recorded).map(|behaviour| format!("{PREFIX}{}", behaviour.name))
}

/// The text is not a behaviour with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such behaviour: {0:?}")]
pub struct UnknownBehaviour(String);

/// A behaviour with the values of its parameters.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    behaviour: &'static Behaviour,
    /// In the order of [`Behaviour::parameters`].
    values: Vec<u64>,
}

impl Chosen {
    /// The behaviour that the name of a model asks for.
    pub(super) fn by_model(model: &str) -> Result<Self, UnknownBehaviour> {
        if model.starts_with(PREFIX) {
            Self::parse(model)
        } else {
            Ok(Self { behaviour: &TABLE[0], values: Vec::new() })
        }
    }

    /// Reads `name?parameter=number&…`, with or without [`PREFIX`].
    pub(super) fn parse(text: &str) -> Result<Self, UnknownBehaviour> {
        let unknown = || UnknownBehaviour(text.to_owned());
        let asked = text.strip_prefix(PREFIX).unwrap_or(text);
        let (name, query) = asked.split_once('?').unwrap_or((asked, ""));
        let behaviour = TABLE.iter().find(|behaviour| behaviour.name == name).ok_or_else(unknown)?;
        let mut values: Vec<u64> = behaviour.parameters.iter().map(|(_, default)| *default).collect();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(unknown)?;
            let at = behaviour.parameters.iter().position(|(known, _)| *known == name).ok_or_else(unknown)?;
            values[at] = value.parse().map_err(|_| unknown())?;
            if name == "code" && !(200..600).contains(&values[at]) {
                return Err(unknown());
            }
        }
        Ok(Self { behaviour, values })
    }

    /// Whether the answer is constant, so that the request need not be checked.
    pub(super) fn is_fast(&self) -> bool {
        matches!(self.behaviour.play, Play::Fast)
    }

    /// The constant answer of `fast`.
    pub(super) fn constant(
        &self,
        answers: &FastAnswers,
        format: Format,
        created: u64,
        stream: bool,
        include_usage: bool,
    ) -> Reply {
        let answer = answers.get(format, self.value("chunks"), created);
        Reply::Respond(if stream { answer.streamed(include_usage, self.value("flush") != 0) } else { answer.plain() })
    }

    /// What the stand-in does with a checked request.
    ///
    /// # Errors
    /// A 400 when the request asks for something that no answer can be made for.
    pub(super) fn play(&self, request: &Request, envelope: Envelope, answers: &FastAnswers) -> Result<Reply, ApiError> {
        match self.behaviour.play {
            Play::Scene(play) => play(&Scene { request, envelope, chosen: self }),
            Play::Fast if !envelope.format.completes() => normal::normal(&Scene { request, envelope, chosen: self }),
            Play::Fast => {
                let Envelope { format, created, .. } = envelope;
                Ok(self.constant(answers, format, created, request.stream, request.include_usage))
            }
            Play::Shape(recording) => recording.play(envelope.format, request),
        }
    }

    /// A parameter's value. Rows and the functions that play them are written together, so the name is known.
    fn value(&self, name: &str) -> u64 {
        let mut values = self.behaviour.parameters.iter().zip(&self.values);
        values.find(|((known, _), _)| *known == name).map_or(0, |(_, value)| *value)
    }
}

/// What a stand-in does with a request.
#[derive(Debug)]
pub(super) enum Reply {
    Respond(Respond),
    /// Never answers.
    Hang,
    /// Closes the connection.
    Refuse,
}

/// An answer, from before its head to the end of its body.
#[derive(Debug)]
pub(super) struct Respond {
    /// Pause before the head.
    pub(super) delay: Duration,
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    /// `retry-after`, in seconds.
    pub(super) retry_after: Option<u64>,
    /// `content-length`, in bytes; without it the body is chunked.
    pub(super) length: Option<usize>,
    pub(super) steps: Vec<Step>,
}

impl Respond {
    /// A complete body with its length.
    pub(super) fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self {
            delay: Duration::ZERO,
            status,
            content_type,
            retry_after: None,
            length: Some(body.len()),
            steps: vec![Step::Chunk(body)],
        }
    }

    /// A 200 whose body has no length in its head.
    fn streamed(content_type: &'static str, steps: Vec<Step>) -> Self {
        Self { length: None, steps, ..Self::whole(StatusCode::OK, content_type, Bytes::new()) }
    }
}

pub(super) const JSON: &str = "application/json";
pub(super) const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";
