//! The candidates in turn, until one answers: fallback ends with the first byte.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use tokio::time::Instant;

use super::Call;
use super::admit::Admitted;
use super::bill::Produced;
use super::head::Timing;
use crate::chat::sse::{Broken, Stream};
use crate::config::ProviderSettings;
use crate::credits::hold::Candidate;
use crate::error::{Code, Error, Result};
use crate::providers::attempt;
use crate::providers::failure::Failure;
use crate::providers::order::order;
use crate::providers::{Credential, own_keys};

/// A provider that has begun to answer.
pub struct Opened {
    /// Who.
    pub provider: &'static str,
    /// With whose key.
    pub credential: Credential,
    /// The rest of its answer.
    pub response: reqwest::Response,
    /// Of a stream, what the client gets of the first frame.
    pub first: Vec<Bytes>,
    /// Whether the first frame broke the stream, after something good.
    pub broken: Option<Broken>,
}

/// Asks the candidates in turn. `produced` learns who is being asked before anything is sent, since a call may be
/// given up at any await.
///
/// # Errors
/// The last failure, when nobody is left who may be asked.
pub async fn open(call: &Call, admitted: &Admitted, timing: &mut Timing, produced: &mut Produced) -> Result<Opened> {
    let mut last = Error::new(Code::NoProvider);
    let candidates = order(admitted.hold.candidates.clone(), &call.request.routing, &admitted.admission.avoid);
    for candidate in candidates {
        let own = &call.app.config.providers;
        let Some(settings) = own.iter().find(|settings| settings.provider.name == candidate.provider) else {
            continue;
        };
        let name = settings.provider.name;
        let credential = credential(call, admitted, &candidate)?;
        let body = call.request.upstream_body(&candidate.model, admitted.hold.output_limit, admitted.hold.reasoning)?;
        produced.provider = Some(name);
        produced.own_key = candidate.own_key;
        let asked = Instant::now();
        let attempt = attempt(call, settings, credential, body, produced).await;
        timing.upstream += asked.elapsed();
        match attempt {
            Ok(opened) => return Ok(opened),
            Err(failure) => {
                produced.note(name, !failure.providers_fault);
                log(&candidate, &failure);
                last = failure.error;
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
    body: Bytes,
    produced: &mut Produced,
) -> Result<Opened, Failure> {
    let provider = settings.provider.name;
    let stream = call.request.stream;
    // A plain answer's first byte is its whole: it has the call's deadline only.
    let silence = call.app.config.provider_silence;
    let until = if stream { call.deadline.min(Instant::now() + silence) } else { call.deadline };
    let mut response = attempt::send(&call.app, settings, &credential, body, stream, until).await?;
    if !stream {
        produced.first_byte = Some(Instant::now());
        return Ok(Opened { provider, credential, response, first: Vec::new(), broken: None });
    }
    if !is_event_stream(response.headers()) {
        return Err(Failure { fall_back: true, ..Failure::garbled(provider) });
    }
    let frame = match tokio::time::timeout_at(until, response.chunk()).await {
        Err(_) => return Err(Failure::silent(provider)),
        Ok(Ok(Some(frame))) => frame,
        Ok(Ok(None) | Err(_)) => return Err(Failure::unreachable(provider, true)),
    };
    produced.first_byte = Some(Instant::now());
    let (mut events, mut first) = (Stream::default(), Vec::new());
    let broken = events.push(frame, &mut first).err();
    if let Some(broken) = &broken
        && first.is_empty()
    {
        return Err(failure(provider, &credential, broken));
    }
    produced.stream = events;
    Ok(Opened { provider, credential, response, first, broken })
}

/// What a broken stream means, as if its head had said so.
pub fn failure(provider: &str, credential: &Credential, broken: &Broken) -> Failure {
    match broken {
        Broken::Garbled => Failure { fall_back: true, ..Failure::garbled(provider) },
        Broken::Error(code) => {
            let status = code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::BAD_GATEWAY);
            Failure::refused(provider, credential, status, &HeaderMap::new(), &[])
        }
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.trim_start().starts_with("text/event-stream")
}

fn log(candidate: &Candidate, failure: &Failure) {
    tracing::warn!(
        provider = %candidate.provider,
        code = failure.error.code.as_str(),
        fall_back = failure.fall_back,
        own_key = candidate.own_key,
        "a provider failed"
    );
}
