//! The candidates in turn, until one has output: fallback ends there. A 200 is not yet an answer.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use tokio::time::{Instant, timeout_at};

use super::admit::Admitted;
use super::bill::Produced;
use super::context::Call;
use super::timing::Timing;
use crate::config::ProviderSettings;
use crate::error::{Code, Error, Result};
use crate::formats::{Answer, Broken, Progress, Target, Upstream};
use crate::providers::attempt;
use crate::providers::candidate::Candidate;
use crate::providers::failure::{Failure, Refusal};
use crate::providers::order::order;
use crate::providers::{Credential, own_keys};

/// The largest plain answer that is taken, in bytes.
pub const LARGEST: usize = 64 * 1024 * 1024;

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
    /// Bytes that have come.
    pub size: usize,
}

/// Asks the candidates in turn. `produced` learns who is being asked before anything is sent, since a call may be
/// given up at any await.
///
/// # Errors
/// The last failure, when nobody is left who may be asked.
pub async fn open(call: &Call, admitted: &Admitted, timing: &mut Timing, produced: &mut Produced) -> Result<Opened> {
    let mut last = Error::new(Code::NoProvider);
    let candidates = order(admitted.hold.candidates.clone(), &call.demand().routing, &admitted.lease.avoid);
    for candidate in candidates {
        let own = &call.app.config.providers;
        let Some(settings) = own.iter().find(|settings| settings.provider.name == candidate.provider) else {
            continue;
        };
        let name = settings.provider.name;
        let credential = credential(call, admitted, &candidate)?;
        let target = Target {
            provider: settings.provider,
            id: &admitted.hold.model,
            model: &candidate.model,
            output_limit: admitted.hold.output_limit,
            credit_limited: admitted.hold.credit_limited,
            reasoning: admitted.hold.reasoning,
        };
        let upstream = match call.request.for_provider(&target) {
            Ok(upstream) => upstream,
            Err(error) => {
                last = error;
                continue;
            }
        };
        produced.provider = Some(name);
        produced.own_key = candidate.own_key;
        let asked = Instant::now();
        let attempt = attempt(call, settings, credential, upstream, produced).await;
        timing.upstream += asked.elapsed();
        match attempt {
            Ok(opened) => return Ok(opened),
            Err(failure) => {
                produced.note_failure(name, &failure);
                log(name, candidate.own_key, &failure);
                last = failure.error;
                if last.code == Code::ContextLengthExceeded {
                    last = last.with_param(call.demand().prompt.member);
                }
                if !failure.fall_back || call.remaining().is_zero() {
                    break;
                }
            }
        }
    }
    Err(last)
}

/// The key for a candidate: the caller's own, decrypted for this call, where the hold says so.
fn credential(call: &Call, admitted: &Admitted, candidate: &Candidate) -> Result<Credential> {
    if !candidate.own_key {
        return Ok(Credential::Ours);
    }
    let sealed = admitted.hold.own_keys.get(&candidate.provider).ok_or_else(|| {
        tracing::error!(provider = candidate.provider, "a hold for an own key came without the key");
        Error::new(Code::InternalError)
    })?;
    own_keys::open(&call.app, sealed).map(Credential::Own)
}

async fn attempt(
    call: &Call,
    settings: &ProviderSettings,
    credential: Credential,
    upstream: Upstream,
    produced: &mut Produced,
) -> Result<Opened, Failure> {
    let provider = settings.provider.name;
    produced.first_byte = None;
    // What is not asked for as a stream has the call's deadline only: its first byte is its whole.
    let silence = call.app.config.provider_silence;
    let until = || if upstream.streamed { call.deadline.min(Instant::now() + silence) } else { call.deadline };
    let response = attempt::send(&call.app, settings, &credential, &upstream, until()).await?;
    let event_stream = is_event_stream(response.headers());
    let streamed = upstream.streamed;
    let mut opened = Opened {
        provider,
        credential,
        answer: upstream.answer,
        response: Some(response),
        pieces: Vec::new(),
        broken: None,
        size: 0,
    };
    if event_stream {
        while opened.answer.progress() == Progress::Waiting {
            let until = call.deadline.min(Instant::now() + silence);
            next(call, &mut opened, until, produced).await?;
        }
        return Ok(opened);
    }
    if call.demand().stream {
        return Err(Failure { fall_back: true, ..Failure::garbled(provider) });
    }
    // It may have been charged: another provider is asked only where the answer could have been seen on its way.
    whole(&mut opened, call.deadline, produced).await.map_err(|failure| Failure { fall_back: streamed, ..failure })?;
    Ok(opened)
}

/// Reads the next bytes of a stream that has no output yet. An error before any is a status that came late.
async fn next(call: &Call, opened: &mut Opened, until: Instant, produced: &mut Produced) -> Result<(), Failure> {
    let provider = opened.provider;
    let unreachable = || Failure::unreachable(provider, true);
    let response = opened.response.as_mut().ok_or_else(unreachable)?;
    let frame = match timeout_at(until, response.chunk()).await {
        Err(_) => return Err(Failure::silent(provider)),
        Ok(frame) => frame.map_err(|_| unreachable())?,
    };
    let read = match frame {
        Some(frame) => {
            produced.first_byte.get_or_insert_with(Instant::now);
            opened.size += frame.len();
            opened.answer.push(frame, &mut opened.pieces)
        }
        None => {
            opened.response = None;
            opened.answer.end(&mut opened.pieces)
        }
    };
    match read {
        Err(broken) if opened.answer.progress() == Progress::Waiting => Err(failure(call, opened, &broken)),
        read => {
            opened.broken = read.err();
            Ok(())
        }
    }
}

/// Reads an answer that comes as one body.
async fn whole(opened: &mut Opened, deadline: Instant, produced: &mut Produced) -> Result<(), Failure> {
    let provider = opened.provider;
    produced.first_byte = Some(Instant::now());
    let Some(response) = opened.response.take() else { return Err(Failure::garbled(provider)) };
    let body = match timeout_at(deadline, collect(response)).await {
        Err(_) => return Err(Failure::deadline()),
        Ok(body) => body.map_err(|error| Failure { error, ..Failure::garbled(provider) })?,
    };
    opened.answer.whole(body).map_err(|_| Failure::garbled(provider))
}

async fn collect(mut response: reqwest::Response) -> Result<Bytes> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Error::new(Code::UpstreamError))? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Error::new(Code::UpstreamError));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Of an answer that no client is sent, since it is larger than any that makes sense.
pub fn too_large(provider: &str) -> Error {
    Error::new(Code::UpstreamError)
        .with_message("The answer is larger than 64 MB. Ask for fewer choices or log probabilities, or stream it.")
        .with_detail("provider", provider)
}

/// What a broken stream means, as if its head had said so.
pub fn failure(call: &Call, opened: &Opened, broken: &Broken) -> Failure {
    let (provider, credential) = (opened.provider, &opened.credential);
    match broken {
        Broken::Garbled => Failure { fall_back: true, ..Failure::garbled(provider) },
        Broken::Error(code, body) => {
            let status = code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::BAD_GATEWAY);
            let hidden = attempt::hidden(&call.app, credential);
            Failure::refused(&Refusal { provider, credential, status, headers: &HeaderMap::new(), body, hidden })
        }
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
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
