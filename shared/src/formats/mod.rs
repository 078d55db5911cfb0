//! The wire formats: one folder each. **The format owns the bytes; the call task owns money and time.**
//!
//! An endpoint parses its body into a [`Request`]; all that admission, hold and limits know of it is its [`Demand`].
//! For each provider that is asked, the request says which of that provider's endpoints is called with which body
//! ([`Upstream`]), and gives the [`Answer`] that reads what comes back and words what the client gets.
//!
//! - `demand`: what routing, hold and limits need to know. `target`: who is asked. `bill`: what a client is told of the cost.
//! - `charged`: everything in a request that a provider charges for.
//! - `conversation`: what a request must be able to do so that it can be a turn of a chat that is kept. `stored`: and so that its
//!   answer can be stored and gone on from.
//! - `incoming`: what a provider sends, a stream or one body. `events`, `event_lines`: server-sent events, cut out of a
//!   stream.
//! - `chat`: chat completions. `completions`: legacy text completions. `openai`: what those two share.
//! - `messages`: Anthropic's Messages. `responses`: OpenAI's Responses.
//! - `embeddings`: vectors of texts. `rerank`: documents by how well they answer a query. `images`: pictures. `speech`: texts that are spoken.
//!   `transcription`: the text of what is spoken. `form`: requests that come as forms with files.
//!   `whole`: what formats share whose answer is one JSON object and no text. `last_event`: the same of streams.
//!   `picture`: what may stand in a picture's place. `long_cache`: prompt caches of an hour. `labels`: whom a call is for, and what it is sorted under.
//!
//! **To add a format**: its folder here, an endpoint, a row of the route table, the formats that each provider speaks
//! natively in `providers/table.rs`, the provider stand-in, and its row in `tests/src/wire`, from which all that is
//! promised of a call is tested with it.

mod bill;
pub mod charged;
pub mod chat;
pub mod completions;
pub mod conversation;
pub mod demand;
pub mod embeddings;
mod event_lines;
pub mod events;
pub mod form;
pub mod format;
pub mod images;
pub mod incoming;
pub mod labels;
pub mod last_event;
pub mod long_cache;
pub mod messages;
pub mod openai;
pub mod picture;
pub mod rerank;
pub mod responses;
pub mod speech;
pub mod stored;
mod target;
pub mod transcription;
pub mod whole;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

pub use crate::credits::units::Units;
use crate::credits::usage::Usage;
use crate::error::Error;
use crate::traces::content;

pub use bill::Bill;
pub use conversation::Conversation;
pub use demand::{Demand, Kind, PromptSize};
pub use events::Broken;
pub use format::Format;
pub use labels::Labels;
pub use stored::{Ending, Storable, StoredAnswer};
pub use target::Target;

/// One request as it goes to one provider, and the reader of that provider's answer.
pub struct Upstream {
    /// Which of the provider's endpoints is asked.
    pub format: Format,
    /// What the format says in headers.
    pub headers: HeaderMap,
    /// The request's body: JSON, unless `headers` has another content type.
    pub body: Bytes,
    /// Whether the answer is asked for as a stream: a plain answer is, too, wherever it can be put together from one,
    /// so that a call that is cut off is charged for what was produced and its first output is timely.
    pub streamed: bool,
    /// Whether it begins to answer at once and nothing is lost by asking another as long as it has not: so a provider
    /// that is silent, or breaks off before any output, is given up. What is long in the making and comes whole may
    /// have been made, and charged for, all the same.
    pub repeatable: bool,
    /// Reads the answer.
    pub answer: Box<dyn Answer>,
}

/// A request as it goes to a provider, in that provider's dialect.
///
/// # Errors
/// Those of [`Request::for_provider`].
pub fn upstream(request: &dyn Request, target: &Target<'_>) -> Result<Upstream, Error> {
    let mut upstream = request.for_provider(target)?;
    // Of a provider that speaks neither a chat nor messages, into which all that writes text is translated, no text can be had.
    target.speaks(upstream.format)?;
    if upstream.format == Format::Chat {
        let adapted = chat::dialect::adapt(upstream.body, &target.provider.quirks.chat);
        upstream.body = adapted.map_err(|error| openai::body::unwritable(&error))?;
    }
    Ok(upstream)
}

/// A client's request, parsed and checked as far as money and routing need it.
pub trait Request: Send + Sync {
    /// All that the call task knows of it.
    fn demand(&self) -> &Demand;

    /// All text of the prompt, for a real count of its tokens.
    fn prompt_text(&self) -> String;

    /// The request for one provider: which endpoint, which body, and who reads the answer.
    ///
    /// # Errors
    /// When this request cannot be served there; another provider may still be able to.
    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error>;

    /// The event that ends a stream in which no provider has answered.
    fn failure_event(&self, error: &Error) -> Bytes;

    /// What tells a client that waits for a stream that it is alive: no SDK shows it. `begun` says whether the client has had
    /// an event before. Empty where nothing may come between.
    fn keep_alive(&self, _begun: bool) -> &'static [u8] {
        events::KEEP_ALIVE
    }

    /// What a stream is called in its head.
    fn content_type(&self) -> &'static str {
        "text/event-stream"
    }

    /// What a plain answer is called in its head.
    fn plain_type(&self) -> &'static str {
        "application/json"
    }

    /// The request as a turn of a conversation; none where it cannot be one.
    fn conversation(&self) -> Option<&dyn Conversation> {
        None
    }

    /// What is asked, as a span tells it.
    fn traced(&self) -> String {
        let messages = self.conversation().and_then(|conversation| conversation.messages().ok());
        messages.map_or_else(|| content::prompt(&self.prompt_text()), |messages| content::input(&messages))
    }

    /// The request as one whose answer may be stored; none where the format stores none.
    fn storable(&self) -> Option<&dyn Storable> {
        None
    }
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Nothing that a client would wait for: comments, a role, metadata. Another provider may still be asked.
    Waiting,
    /// Output has come.
    Output,
    /// The provider gave the reason why it finished; usage may follow.
    Complete,
    /// Nothing follows.
    Done,
}

/// What a provider has reported of an answer's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The tokens. A count of 0 is one that it may not have filled in.
    pub usage: Usage,
    /// Whether no output has come after it. A report at the beginning says little of what follows.
    pub up_to_date: bool,
    /// Whether it is owed whatever becomes of the rest.
    pub is_owed: bool,
    /// Whether the format worked it out from what was asked and came, since the provider does not say.
    pub estimated: bool,
}

impl Report {
    /// What a provider reports of all that has come.
    #[must_use]
    pub const fn of(usage: Usage) -> Self {
        Self { usage, up_to_date: true, is_owed: false, estimated: false }
    }
}

/// What the model has written so far, as far as it can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// All text, for counting its tokens.
    pub text: String,
    /// Whether that is all: not of sound, of images, or of what is not understood.
    pub is_all: bool,
}

impl Default for Written {
    fn default() -> Self {
        Self { text: String::new(), is_all: true }
    }
}

/// What an answer says of itself, for the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its id, as the client was told it.
    pub id: Option<String>,
    /// Why its first choice ended, in the provider's word.
    pub finish_reason: Option<String>,
}

/// A provider's answer: it is fed what comes in, streamed or whole, and says what goes out.
pub trait Answer: Send + Sync {
    /// Takes the next bytes of a stream and appends to `out` what a streaming client gets of them: whole events, so
    /// that anything may be sent between two of them.
    ///
    /// # Errors
    /// [`Broken`]; what stood before the broken event is in `out`.
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken>;

    /// The provider has closed the stream: takes a last event that nothing follows.
    ///
    /// # Errors
    /// [`Broken`].
    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken>;

    /// Takes a body that is the answer as a whole. A client that streams gets it as events, appended to `out`.
    ///
    /// # Errors
    /// [`Broken`] when it is not an answer.
    fn whole(&mut self, body: Bytes, out: Option<&mut Vec<Bytes>>) -> Result<(), Broken>;

    /// How far it has come.
    fn progress(&self) -> Progress;

    /// The tokens that the provider has reported so far.
    fn report(&self) -> Option<Report>;

    /// What the model has written so far.
    fn written(&self) -> Written;

    /// What the model has said so far in its first choice, as a message of chat completions; none if that is nothing, or if the
    /// format knows no messages.
    fn said(&self) -> Option<Map<String, Value>>;

    /// The answer as it is stored, by how its call has ended; none where the format stores none, or nothing has come that a client
    /// could name.
    fn stored(&self, _bill: Option<&Bill>, _ending: Ending) -> Option<StoredAnswer> {
        None
    }

    /// What the answer says of itself; nothing where the format does not look.
    fn identity(&self) -> Identity {
        Identity::default()
    }

    /// The plain answer's body with its bill.
    ///
    /// # Errors
    /// [`Broken::Garbled`] when what came makes no answer.
    fn plain(&self, bill: &Bill) -> Result<Bytes, Broken>;

    /// A stream's last events, with the bill if the client asked for it.
    ///
    /// # Errors
    /// When they cannot be written as JSON.
    fn close(&self, bill: Option<&Bill>) -> serde_json::Result<Bytes>;

    /// Whether the client wants the bill at a stream's end.
    fn wants_bill(&self) -> bool;

    /// The event that tells a streaming client of a failure in the middle. Empty where there is none: the body breaks off.
    fn fail(&self, error: &Error) -> Bytes;

    /// Whether a stream is bytes of which nothing is to be understood, so that a text is told from it by its type only.
    fn is_binary(&self) -> bool {
        false
    }
}

/// A stream as frames of these lengths, and what is left as the last: for tests that no place to cut one matters.
#[cfg(test)]
fn cut_up(mut rest: &[u8], cuts: Vec<usize>) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    for cut in cuts {
        let (head, tail) = rest.split_at(cut.min(rest.len()));
        frames.push(head);
        rest = tail;
    }
    frames.push(rest);
    frames
}
