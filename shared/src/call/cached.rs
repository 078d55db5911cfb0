//! The cache of answers as a call sees it: what it has, and what is kept there.

use std::iter;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use uuid::Uuid;

use super::bill::CallRecord;
use super::context::Call;
use crate::answer_cache;
use crate::credits::hold::Hold;
use crate::credits::settle::Outcome;
use crate::formats::Bill;
use crate::limits::{Kept, RateLimitStatus};
use crate::money::Nanos;
use crate::{answer_headers, generation_id};

/// The answer of a call that is over, as whoever asks the same is to get it, for nothing. None where it is not to be kept: only what
/// is whole is, and was not cut short by what credit there was.
pub fn kept(call: &Call, hold: &Hold, record: &CallRecord) -> Option<Kept> {
    let cached = call.cached()?;
    if record.outcome != Outcome::Completed || hold.credit_limited {
        return None;
    }
    let bill = Bill { cost: Nanos(0), from_cache: true, ..record.bill(call, hold)? };
    let answer = record.answer.as_ref()?;
    let content = if call.demand().stream {
        let end = answer.close(Some(&bill).filter(|_| answer.wants_bill())).ok()?;
        record.pieces.as_ref()?.ended(&end)?
    } else {
        answer.plain(&bill).ok()?.to_vec()
    };
    let place = (hold.account_id, cached.fingerprint.as_str(), hold.model.as_str());
    let entry = answer_cache::seal(&call.app, place, call.id, &content)?;
    let life_ms = u64::try_from(cached.life.as_millis()).unwrap_or(u64::MAX);
    Some(Kept { fingerprint: cached.fingerprint.clone(), life_ms, entry })
}

/// The answer that was found in the cache, the hold as it is for the model that has written it, and the call that has made it; none
/// where it cannot be read, or is of a model that the caller may not ask.
pub fn again(
    call: &Call,
    hold: &Hold,
    (entry, left_ms): &(String, u64),
    status: &RateLimitStatus,
) -> Option<(Response, Hold, Uuid)> {
    let cached = call.cached()?;
    let holds: Vec<&Hold> = iter::once(hold).chain(&hold.alternatives).collect();
    let models: Vec<&str> = holds.iter().map(|hold| hold.model.as_str()).collect();
    let place = (hold.account_id, cached.fingerprint.as_str());
    let opened = answer_cache::open(&call.app, place, &models, entry)?;
    let hold = *holds.get(opened.place)?;
    let mut response = Response::new(Body::from(opened.answer));
    let headers = response.headers_mut();
    let request = &call.request;
    let kind = if call.demand().stream { request.content_type() } else { request.plain_type() };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(answer_headers::CACHE, HeaderValue::from_static("hit"));
    headers.insert(answer_headers::CACHE_STATUS, HeaderValue::from_static("HIT"));
    headers.insert(answer_headers::CACHE_AGE, HeaderValue::from(opened.age));
    headers.insert(answer_headers::CACHE_TTL, HeaderValue::from(left_ms.div_ceil(1000)));
    for (name, id) in [(answer_headers::GENERATION_ID, call.id), (answer_headers::CACHE_SOURCE_ID, opened.call)] {
        if let Ok(id) = HeaderValue::from_str(&generation_id::write(id)) {
            headers.insert(name, id);
        }
    }
    status.write(headers);
    Some((response, hold.clone(), opened.call))
}

/// Says that an answer is a new one, to whoever has asked for one that is kept.
pub fn note_miss(call: &Call, headers: &mut HeaderMap) {
    if call.cached().is_some() {
        headers.insert(answer_headers::CACHE, HeaderValue::from_static("miss"));
        headers.insert(answer_headers::CACHE_STATUS, HeaderValue::from_static("MISS"));
    }
}
