//! The body of a completion, checked as OpenAI checks it and reduced to what an answer depends on.

mod caches;
mod chat;
mod embeddings;
mod images;
mod message;
mod messages;
mod rerank;
mod responses;
mod speech;
mod text;
mod told;
mod tool;
mod transcription;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{error::ApiError, format::Format};
pub(super) use caches::Caches;
pub(super) use tool::{ResponseFormat, Told, Tool};

use message::Prompt;

/// A checked request, of either format.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) model: String,
    pub(super) stream: bool,
    /// `stream_options.include_usage`.
    pub(super) include_usage: bool,
    /// The most tokens that one choice may have.
    pub(super) limit: Option<u64>,
    /// `n`: so many choices answer each of the questions.
    pub(super) choices: u64,
    /// `best_of`: so many are written for each of them, and paid for.
    pub(super) candidates: u64,
    /// `stop`.
    pub(super) stops: Vec<String>,
    /// What is answered: the last message of the user, or every prompt of a text completion.
    pub(super) questions: Vec<String>,
    /// `echo`: the text begins with the prompt.
    pub(super) echo: bool,
    /// How many alternatives are shown for every token of a text completion.
    pub(super) logprobs: Option<u64>,
    /// The tokens that are thought before the answer where the request asks for it.
    pub(super) thoughts: u64,
    /// Whether thoughts come sealed, too, as they go back.
    pub(super) seals: bool,
    /// Whether a picture is drawn in each choice.
    pub(super) draws: bool,
    /// The tools that the answer calls.
    pub(super) called: Vec<Tool>,
    /// The calls that the conversation tells of as the next step.
    pub(super) told: Vec<Told>,
    pub(super) format: ResponseFormat,
    pub(super) prompt: Prompt,
    pub(super) caches: Caches,
    pub(super) given: Given,
}

/// What is given for the questions.
#[derive(Clone, Debug)]
pub(super) enum Given {
    /// An answer to each.
    Text,
    /// A vector of each.
    Vectors { dimensions: u64, base64: bool },
    /// All of them, or so many, in the order in which they answer this.
    Ranking { query: String, top_n: Option<u64> },
    /// So many images of so many tokens each, in a stream after so many partial ones each.
    Images { images: u64, tokens: u64, partial: u64 },
    /// Its sound, of this type.
    Sound { content_type: &'static str },
    /// The text of a sound of so many seconds, in this form.
    Transcript { seconds: u64, form: String },
}

impl Request {
    /// Checks a body. Parameters that are unknown here are ignored, as they are upstream; those that would change the
    /// answer in a way that a stand-in cannot follow are refused.
    ///
    /// # Errors
    /// A 400 that names the first parameter at fault.
    pub(super) fn parse(format: Format, body: &Value) -> Result<Self, ApiError> {
        let Value::Object(body) = body else {
            return Err(ApiError::bad_request("the body must be a JSON object"));
        };
        match format {
            Format::Chat => chat::parse(body),
            Format::Text => text::parse(body),
            Format::Messages => messages::parse(body),
            Format::Responses => responses::parse(body),
            Format::Embeddings => embeddings::parse(body),
            Format::Rerank => rerank::parse(body),
            Format::Speech => speech::parse(body),
            Format::Transcription => transcription::parse(body, false),
            Format::Translation => transcription::parse(body, true),
            Format::Edits => images::parse_edit(body),
            Format::Images => images::parse(body, false),
            Format::OwnImages => images::parse(body, true),
        }
    }

    /// A request for what is no text; its parser says what is.
    fn of(model: String, prompt: Prompt) -> Self {
        Self {
            model,
            stream: false,
            include_usage: false,
            limit: None,
            choices: 1,
            candidates: 1,
            stops: Vec::new(),
            questions: Vec::new(),
            echo: false,
            logprobs: None,
            thoughts: 0,
            seals: false,
            draws: false,
            called: Vec::new(),
            told: Vec::new(),
            format: ResponseFormat::Text,
            prompt,
            caches: Caches::default(),
            given: Given::Text,
        }
    }

    /// How many choices are written in all, those included that are not given.
    pub(super) fn written(&self) -> u64 {
        self.candidates.saturating_mul(self.questions.len() as u64)
    }
}

/// The files of a form in a member, each with its name and its content; their names say what they are.
fn files(body: &Map<String, Value>, name: &str, kinds: &[&str]) -> Result<Vec<(String, Vec<u8>)>, ApiError> {
    let read = |file: &Value| {
        let called = file["filename"].as_str()?;
        let content = STANDARD.decode(file["content"].as_str()?).ok().filter(|content| !content.is_empty())?;
        kinds.iter().any(|kind| called.ends_with(&format!(".{kind}"))).then(|| (called.to_owned(), content))
    };
    let wrong = || ApiError::wrong_value(name, &format!("a file of one of these formats: {}", kinds.join(", ")));
    match field(body, name) {
        None => Ok(Vec::new()),
        Some(Value::Array(files)) => files.iter().map(read).collect::<Option<_>>().ok_or_else(wrong),
        Some(file) => read(file).map(|file| vec![file]).ok_or_else(wrong),
    }
}

fn model(body: &Map<String, Value>) -> Result<String, ApiError> {
    match field(body, "model") {
        None => Err(ApiError::missing("model")),
        Some(Value::String(model)) if !model.is_empty() => Ok(model.clone()),
        Some(_) => Err(ApiError::wrong_type("model", "a non-empty string")),
    }
}

/// The ranges of what steers sampling; it changes nothing in an answer that is made up.
fn check_sampling(body: &Map<String, Value>) -> Result<(), ApiError> {
    range(body, "temperature", 0.0, 2.0)?;
    range(body, "top_p", 0.0, 1.0)?;
    range(body, "presence_penalty", -2.0, 2.0)?;
    range(body, "frequency_penalty", -2.0, 2.0)
}

fn include_usage(body: &Map<String, Value>, stream: bool) -> Result<bool, ApiError> {
    match field(body, "stream_options") {
        None => Ok(false),
        Some(_) if !stream => {
            let message = "is only allowed together with 'stream'";
            Err(ApiError { code: None, ..ApiError::parameter("stream_options", "", message) })
        }
        Some(Value::Object(options)) => match field(options, "include_usage") {
            None => Ok(false),
            Some(Value::Bool(include)) => Ok(*include),
            Some(_) => Err(ApiError::wrong_type("stream_options.include_usage", "a boolean")),
        },
        Some(_) => Err(ApiError::wrong_type("stream_options", "an object")),
    }
}

fn stops(body: &Map<String, Value>) -> Result<Vec<String>, ApiError> {
    let wrong = || ApiError::wrong_type("stop", "a non-empty string, or up to four of them");
    let stops = match field(body, "stop") {
        None => Vec::new(),
        Some(Value::String(stop)) => vec![stop.clone()],
        Some(Value::Array(stops)) if stops.len() <= 4 => {
            stops.iter().map(|stop| stop.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    if stops.iter().any(String::is_empty) { Err(wrong()) } else { Ok(stops) }
}

/// A member that is there and not null: OpenAI takes null for absent.
fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn boolean(body: &Map<String, Value>, name: &str) -> Result<Option<bool>, ApiError> {
    match field(body, name) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(ApiError::wrong_type(name, "a boolean")),
    }
}

fn integer(body: &Map<String, Value>, name: &str, least: u64, most: u64) -> Result<Option<u64>, ApiError> {
    let Some(value) = field(body, name) else {
        return Ok(None);
    };
    if !value.is_i64() && !value.is_u64() {
        return Err(ApiError::wrong_type(name, "an integer"));
    }
    match value.as_u64() {
        Some(number) if number > most => {
            Err(ApiError::parameter(name, "integer_above_max_value", format!("must be at most {most}")))
        }
        Some(number) if number >= least => Ok(Some(number)),
        _ => Err(ApiError::parameter(name, "integer_below_min_value", format!("must be at least {least}"))),
    }
}

fn range(body: &Map<String, Value>, name: &str, least: f64, most: f64) -> Result<(), ApiError> {
    let Some(value) = field(body, name) else {
        return Ok(());
    };
    match value.as_f64() {
        None => Err(ApiError::wrong_type(name, "a number")),
        Some(number) if number < least => {
            Err(ApiError::parameter(name, "decimal_below_min_value", format!("must be at least {least}")))
        }
        Some(number) if number > most => {
            Err(ApiError::parameter(name, "decimal_above_max_value", format!("must be at most {most}")))
        }
        Some(_) => Ok(()),
    }
}
