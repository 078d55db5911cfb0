//! One provider that is asked, until its answer has output. A 200 is not yet an answer.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::time::{Instant, timeout_at};

use super::admit::Admitted;
use super::asked::{Asked, Seen};
use super::attempts::AttemptRecord;
use super::bill::CallRecord;
use super::context::Call;
use crate::config::ProviderSettings;
use crate::credits::hold::Hold;
use crate::error::{Code, Error};
use crate::formats::incoming::Incoming;
use crate::formats::{Answer, Broken, Progress, Target, Upstream, upstream};
use crate::providers::Credential;
use crate::providers::attempt;
use crate::providers::candidate::Candidate;
use crate::providers::failure::{Failure, Refusal};
use crate::traces::context::TRACEPARENT;

/// The largest plain answer that is taken, in bytes.
pub const LARGEST: usize = 64 * 1024 * 1024;

/// A provider about to be asked.
pub struct Attempt<'a> {
    settings: &'a ProviderSettings,
    credential: Credential,
    upstream: Upstream,
    model: &'a str,
    /// The model's id in the catalog, of a call that may be answered by several.
    named: Option<&'a str>,
    /// Whom it asks.
    pub asked: Asked,
}

impl<'a> Attempt<'a> {
    /// Words the request for a candidate.
    ///
    /// # Errors
    /// What the candidate's format cannot say.
    pub fn of(
        call: &Call,
        admitted: &'a Admitted,
        settings: &'a ProviderSettings,
        candidate: &'a Candidate,
        credential: Credential,
    ) -> Result<Self, Error> {
        let key = match credential {
            Credential::Ours(place) if !settings.key_names.is_empty() => Some(place),
            Credential::Ours(_) | Credential::Own(_) => None,
        };
        let upstream = upstream(call.request.as_ref(), &target(&admitted.hold, settings, candidate))?;
        let (provider, own_key) = (settings.provider.name, candidate.own_key);
        let asked = Asked { provider, own_key, key, model: admitted.hold.place, place: 0 };
        let named = Some(admitted.hold.model.as_str()).filter(|_| !call.alternatives.is_empty());
        Ok(Self { settings, credential, upstream, model: &candidate.model, named, asked })
    }

    /// It is asked from now on, which goes on record.
    pub fn begin(&mut self, call: &Call, record: &mut CallRecord) {
        let begun = AttemptRecord::begin(call, &self.asked, self.model, self.named);
        // A trace is the operator's: of other people's servers none is told that it is part of one, and which calls belong together.
        let place = begun.trace.filter(|_| self.settings.provider.quirks.self_hosted);
        if let Some(header) = place.and_then(|place| place.header()) {
            self.upstream.headers.insert(TRACEPARENT, header);
        }
        self.asked.place = record.attempts.len();
        record.attempts.push(begun);
    }

    /// Whether another may be asked besides, or in its place, as long as nothing has come.
    pub fn is_repeatable(&self) -> bool {
        self.upstream.repeatable
    }
}

/// What a format must know of a candidate.
fn target<'a>(hold: &'a Hold, settings: &ProviderSettings, candidate: &'a Candidate) -> Target<'a> {
    Target {
        provider: settings.provider,
        id: &hold.model,
        model: &candidate.model,
        output_limit: hold.output_limit,
        credit_limited: hold.credit_limited,
        reasoning: hold.reasoning,
        long_cache: candidate.price.rates.written_long.is_some() || candidate.own_key.is_some(),
        by_units: candidate.price.rates.is_by_units(),
        draws: candidate.price.rates.image_output.is_some(),
    }
}

/// A provider that has begun to answer.
pub struct Opened {
    /// Who.
    pub provider: &'static str,
    /// With whose key.
    pub credential: Credential,
    /// Reads the answer.
    pub answer: Box<dyn Answer>,
    /// The rest of a stream; none if all of the answer is in.
    pub response: Option<reqwest::Response>,
    /// What a streaming client gets of what has come.
    pub pieces: Vec<Bytes>,
    /// What broke the stream, after output.
    pub broken: Option<Broken>,
    /// Tells a stream from a body.
    incoming: Incoming,
    /// Whether the client gets it as a stream.
    streams: bool,
    /// Whether another may be asked in its place as long as nothing has come.
    repeatable: bool,
}

impl Opened {
    /// Takes what the provider has sent next; nothing when it has closed.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn take(&mut self, frame: Option<Bytes>) -> std::result::Result<(), Broken> {
        let (incoming, answer) = (&mut self.incoming, self.answer.as_mut());
        match frame {
            Some(frame) => incoming.push(frame, answer, &mut self.pieces),
            None => {
                self.response = None;
                incoming.end(answer, self.streams, &mut self.pieces)
            }
        }
    }

    /// Whether it is larger than what is kept for a client that gets it whole, or as a body by anybody.
    pub fn is_too_large(&self) -> bool {
        (!self.streams || self.incoming.is_whole()) && self.incoming.size() > LARGEST
    }
}

/// Asks a provider, and waits until its answer has output, or has failed: with what was seen of it until then.
pub async fn open_one(call: &Call, attempt: Attempt<'_>) -> (Result<Opened, Failure>, Seen) {
    let mut seen = Seen::default();
    let opened = until_output(call, attempt, &mut seen).await;
    (opened, seen)
}

async fn until_output(call: &Call, attempt: Attempt<'_>, seen: &mut Seen) -> Result<Opened, Failure> {
    let Attempt { settings, credential, upstream, .. } = attempt;
    let provider = settings.provider.name;
    // What is long in the making and comes whole has the call's deadline only: its first byte is its whole.
    let silence = call.app.config.provider_silence;
    let until = || if upstream.repeatable { call.deadline.min(Instant::now() + silence) } else { call.deadline };
    let repeatable = upstream.repeatable;
    let response = attempt::send(&call.app, settings, &credential, &upstream, until()).await.map_err(|failure| {
        // Who waited for the whole has waited for its production.
        if !repeatable && call.remaining().is_zero() { Failure::deadline() } else { failure }
    })?;
    seen.status = Some(response.status().as_u16());
    let incoming =
        if upstream.answer.is_binary() && !is_text(&response) { Incoming::binary() } else { Incoming::default() };
    let mut opened = Opened {
        provider,
        credential,
        answer: upstream.answer,
        response: Some(response),
        pieces: Vec::new(),
        broken: None,
        incoming,
        streams: call.demand().stream,
        repeatable,
    };
    while opened.answer.progress() == Progress::Waiting && opened.broken.is_none() && !opened.is_too_large() {
        next(&mut opened, call, seen).await?;
    }
    Ok(opened)
}

/// Whether an answer says that it is a text, such as an error or a page.
fn is_text(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.starts_with(b"application/json") || kind.starts_with(b"text/")
}

/// Reads the next bytes of an answer that has no output yet. An error before any is a status that came late.
async fn next(opened: &mut Opened, call: &Call, seen: &mut Seen) -> Result<(), Failure> {
    let provider = opened.provider;
    // What cannot be repeated may have been charged, and nobody else is asked.
    let falls_back = opened.repeatable;
    let unreachable = || Failure::unreachable(provider, falls_back);
    // A body has the call's deadline only.
    let waits = !opened.repeatable || opened.incoming.is_whole();
    let silence = Instant::now() + call.app.config.provider_silence;
    let until = if waits { call.deadline } else { call.deadline.min(silence) };
    let response = opened.response.as_mut().ok_or_else(unreachable)?;
    let frame = match timeout_at(until, response.chunk()).await {
        Err(_) if until < call.deadline => return Err(Failure::silent(provider)),
        Err(_) => {
            // Of a body that was on its way nothing is known, unless the request says it all.
            seen.charge_hold = opened.incoming.is_whole() && !call.demand().kind.is_paid_by_request();
            return Err(Failure::deadline());
        }
        Ok(frame) => frame.map_err(|_| unreachable())?,
    };
    if frame.is_some() {
        seen.first_byte.get_or_insert_with(Instant::now);
    }
    match opened.take(frame) {
        Err(Broken::Garbled) if opened.answer.progress() == Progress::Waiting => {
            Err(Failure { fall_back: falls_back, ..Failure::garbled(provider) })
        }
        // It is we who do not wait for it: it was made all the same, and nobody is asked for another.
        Err(broken) if opened.answer.progress() == Progress::Waiting && broken != Broken::TooLong => {
            Err(failure(call, opened, &broken))
        }
        read => {
            opened.broken = read.err();
            Ok(())
        }
    }
}

/// Of an answer that no client is sent, since it is larger than any that makes sense.
pub fn too_large(provider: &str) -> Error {
    Error::new(Code::UpstreamError)
        .with_message("The answer is larger than 64 MB. Ask for fewer choices or log probabilities, or stream it.")
        .with_detail("provider", provider)
}

/// Of a stream with an event that is not waited for.
pub fn too_long(provider: &str) -> Error {
    Error::new(Code::UpstreamError)
        .with_message("An event of the answer is larger than 32 MB. Ask for a smaller picture, or for less at once.")
        .with_detail("provider", provider)
}

/// What a broken stream means, as if its head had said so.
pub fn failure(call: &Call, opened: &Opened, broken: &Broken) -> Failure {
    let (provider, credential) = (opened.provider, &opened.credential);
    match broken {
        Broken::Garbled | Broken::TooLong => Failure { fall_back: true, ..Failure::garbled(provider) },
        Broken::Error(code, body) => {
            let status = code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::BAD_GATEWAY);
            let hidden = attempt::hidden(&call.app, credential);
            Failure::refused(&Refusal { provider, credential, status, headers: &HeaderMap::new(), body, hidden })
        }
    }
}

/// A failure in the log, in the provider's own words.
pub fn log(provider: &str, own_key: bool, failure: &Failure) {
    tracing::warn!(
        provider,
        code = failure.error.code.as_str(),
        fall_back = failure.fall_back,
        own_key,
        said = failure.said.as_deref(),
        param = failure.error.param.as_deref(),
        "a provider failed"
    );
}
