//! May this call go on? The database and the limiter are asked at the same time; here is decided which of two refusals
//! takes precedence, and what a refused call must give back.

use std::sync::Arc;

use axum::response::Response;
use futures_util::FutureExt;
use http::StatusCode;
use tokio::time::Instant;
use uuid::Uuid;

use super::bill::CallRecord;
use super::context::{Call, HOLD_MARGIN, SETTLE_TIME};
use super::timing::Timing;
use super::{cached, replay};
use crate::credits::hold::{Hold, NoHold, place};
use crate::credits::hold_request::{Alternative, HoldRequest, HoldStored, HoldTurn};
use crate::credits::settle::{Outcome, settle};
use crate::error::{Code, Error};
use crate::formats::Request;
use crate::keyring::Sealed;
use crate::limits::{self, Lease};
use crate::memory::{Stored, Turn};
use crate::payments::auto_topup::top_up;
use crate::providers::order::{names_of_keys, usable};

/// A call with its hold and its lease.
pub struct Admitted {
    /// The hold.
    pub hold: Hold,
    /// Its place under the rate limits.
    pub lease: Lease,
}

/// A call that may not go on.
pub struct RefusedCall {
    /// What the caller is told; of a request that was answered before, its answer.
    pub answer: Result<Response, Error>,
    /// What it must give back, once the caller knows.
    pub compensation: Compensation,
}

/// What a refused call may have taken all the same.
#[derive(Default)]
pub struct Compensation {
    /// A hold was placed, or may have been.
    hold: bool,
    /// A hold was placed, and its call is answered as an earlier one was.
    replayed: Option<(Box<Hold>, Uuid)>,
    /// A lease was taken.
    lease: Option<Lease>,
    /// The account, if it is to be topped up by itself.
    topup_due: Option<Uuid>,
}

impl Compensation {
    /// Gives everything back. The request stays counted.
    pub async fn run(self, call: &Call) {
        let release_hold = async {
            if let Some((hold, source)) = &self.replayed {
                let completed = CallRecord { replayed_call: Some(*source), ..CallRecord::nothing(Outcome::Completed) };
                settle(&call.app, &completed.settlement(call, Some(hold)), call.deadline + SETTLE_TIME).await;
            }
            if self.hold {
                let refused = CallRecord::nothing(Outcome::Refused);
                settle(&call.app, &refused.settlement(call, None), call.deadline + SETTLE_TIME).await;
            }
        };
        let end_lease = async {
            if let Some(lease) = self.lease {
                lease.release(0, &[], None, None).await;
            }
        };
        let topped_up = async {
            if let Some(account) = self.topup_due {
                top_up(&call.app, account).await;
            }
        };
        tokio::join!(release_hold, end_lease, topped_up);
    }
}

/// Asks for the hold and the lease.
///
/// # Errors
/// The refusal that counts: 401 and 403 over 429 over 402.
pub async fn admit(call: &mut Call, timing: &mut Timing) -> Result<Admitted, RefusedCall> {
    let at_once = |error: Error| RefusedCall { answer: Err(error), compensation: Compensation::default() };
    call.app.limiter.check_remembered(call.caller.key_hash()).map_err(at_once)?;
    if let Some(session_id) = call.session_id {
        let turn = Turn::read(&call.app, call.request.clone(), session_id).await;
        call.turn = Some(turn.map_err(at_once)?);
    }
    call.stored = Stored::read(&call.app, &call.request).map_err(at_once)?;
    if call.stored.is_some() {
        // Its answer has an id under which it can be asked for: each is one of its own.
        call.cached = None;
        call.is_unique = true;
    }
    match ask(call, timing).await {
        Ok(mut admitted) => match call.prepare(&mut admitted).await {
            Ok(()) => Ok(admitted),
            Err(error) => {
                let error = error.with_headers(|headers| admitted.lease.status.write(headers));
                Err(RefusedCall {
                    answer: Err(error),
                    compensation: Compensation { hold: true, lease: Some(admitted.lease), ..Compensation::default() },
                })
            }
        },
        Err(refused) => Err(refused),
    }
}

/// Asks both stores.
async fn ask(call: &Call, timing: &mut Timing) -> Result<Admitted, RefusedCall> {
    let (limiter, key_hash) = (&call.app.limiter, call.caller.key_hash());
    let markup = call.app.config.markup_basis_points;
    let demand = call.demand();
    let providers = usable(&demand.routing, &call.app.config.providers);
    let lease_time = call.remaining() + SETTLE_TIME;
    let routes = (demand.model.as_str(), providers.as_slice());
    let session = call.session();
    let keys = names_of_keys(&providers, &call.app.config.providers);
    let alternatives = alternatives(call);
    let further: Vec<_> = alternatives.iter().map(|further| (further.model, further.providers.as_slice())).collect();
    let by_speed = |request: &Arc<dyn Request>| request.demand().routing.goes_by_speed();
    // Whether the key has answers kept is known for sure only when the database has told its limits; so long this process goes by what
    // it heard last.
    let expected = limiter.cache_life(key_hash).and_then(|life| call.cached_for(life));
    let mut limited = limiter
        .request(key_hash, call.id, demand.token_estimate(), lease_time, routes)
        .with_session(session.as_deref(), &keys)
        .with_speeds(call.requests().any(by_speed))
        .with_further(&further)
        .with_cached(call.cached.as_ref().or(expected.as_ref()).map_or("", |cached| cached.fingerprint.as_str()));
    let request = HoldRequest {
        call_id: call.id,
        begun: call.id.get_timestamp().map(|made| made.to_unix().0),
        model: &demand.model,
        kind: demand.kind.as_str(),
        providers: &providers,
        allowed: demand.routing.allowed_unless_all(),
        own_key_fee: call.app.config.own_key_fee,
        hedged: demand.routing.hedge_ms.is_some(),
        wishes: &demand.routing.wishes,
        prompt_bound: demand.prompt.bound,
        images: demand.prompt.images,
        tools: demand.prompt.tools,
        modalities: &demand.prompt.modalities,
        units: &demand.units,
        choices: demand.choices,
        output_limit: demand.output_limit,
        hold_seconds: (call.remaining() + HOLD_MARGIN).as_secs(),
        markup,
        end_user: demand.labels.end_user.as_deref(),
        idempotency: call.idempotency.as_ref(),
        turn: call.turn.as_ref().map(|turn| turn.hold),
        stored_response: call.stored.as_ref().map(|stored| stored.hold.clone()),
        alternatives: &alternatives,
    };

    let asked = Instant::now();
    timing.stores_asked = Some(asked);
    let (placed, ()) = tokio::join!(
        place(&call.app, &call.caller, &request).inspect(|_| timing.auth = asked.elapsed()),
        limited.first().inspect(|_| timing.limits = asked.elapsed()),
    );
    let placed = match placed {
        Err(NoHold::Refused { error, limits, topup_due }) if is_about_credit(&error) => {
            recount(call, &request).await.unwrap_or(Err(NoHold::Refused { error, limits, topup_due }))
        }
        placed => placed,
    };
    match placed {
        Ok(hold) => {
            let life = limiter.learn_cache_life(key_hash, &hold.limits);
            if let Some(cached) = life.and_then(|life| call.cached_for(life)) {
                let _ = call.cached_by_key.set(cached);
            }
            let limited = limited.with_cached(call.cached().map_or("", |cached| cached.fingerprint.as_str()));
            let_in(call, hold, limited).await
        }
        Err(NoHold::Unknown(error)) => Err(RefusedCall {
            answer: Err(error),
            compensation: Compensation { hold: true, lease: limited.abandon(), ..Compensation::default() },
        }),
        Err(NoHold::Refused { error, limits, topup_due }) => {
            let mut refused = precedence(error, limits.as_deref(), limited).await;
            refused.compensation.topup_due = topup_due;
            Err(refused)
        }
        Err(NoHold::Answered { answer, limits }) => Err(answered(call, &answer, &limits, limited).await),
    }
}

/// What becomes of a call that is held: it is let in, it is answered as one before it was, or its limits refuse it.
async fn let_in(call: &Call, hold: Hold, limited: limits::Request<'_>) -> Result<Admitted, RefusedCall> {
    match limited.confirm(&hold.limits).await {
        Ok(mut lease) => {
            match lease.cached.take().and_then(|found| cached::again(call, &hold, &found, &lease.status)) {
                None => Ok(Admitted { hold, lease }),
                Some((response, hold, source)) => {
                    let replayed = Some((Box::new(hold), source));
                    let compensation = Compensation { replayed, ..Compensation::default() };
                    Err(RefusedCall { answer: Ok(response), compensation })
                }
            }
        }
        Err(error) => Err(RefusedCall {
            answer: Err(error),
            compensation: Compensation { hold: true, ..Compensation::default() },
        }),
    }
}

/// The further models that may answer.
fn alternatives(call: &Call) -> Vec<Alternative<'_>> {
    let demands = call.alternatives.iter().map(|request| request.demand());
    let of = demands.map(|demand| Alternative {
        model: &demand.model,
        providers: usable(&demand.routing, &call.app.config.providers),
        allowed: demand.routing.allowed_unless_all(),
    });
    of.collect()
}

/// What the caller hears of a request that was answered before. It counts as one more request.
async fn answered(call: &Call, answer: &Sealed, limits: &str, limited: limits::Request<'_>) -> RefusedCall {
    let lease = match limited.confirm(limits).await {
        Ok(lease) => lease,
        Err(error) => return RefusedCall { answer: Err(error), compensation: Compensation::default() },
    };
    let answer = replay::answer(call, answer, &lease.status);
    RefusedCall { answer, compensation: Compensation { lease: Some(lease), ..Compensation::default() } }
}

/// The refusal that takes precedence when the database has refused: a closed window goes before a lack of credit.
async fn precedence(error: Error, limits: Option<&str>, limited: limits::Request<'_>) -> RefusedCall {
    let outranks = matches!(error.http_status().as_u16(), 401 | 403);
    let Some(limits) = limits.filter(|_| !outranks) else {
        // Who has shown a good key is told how it stands, whatever else is wrong.
        let status = limits.filter(|_| error.http_status() != StatusCode::UNAUTHORIZED);
        let status = status.and_then(|limits| limited.status(limits)).cloned();
        let error = error.with_headers(|headers| status.iter().for_each(|status| status.write(headers)));
        return RefusedCall {
            answer: Err(error),
            compensation: Compensation { lease: limited.abandon(), ..Compensation::default() },
        };
    };
    match limited.confirm(limits).await {
        Ok(lease) => RefusedCall {
            answer: Err(error.with_headers(|headers| lease.status.write(headers))),
            compensation: Compensation { lease: Some(lease), ..Compensation::default() },
        },
        Err(limited) => RefusedCall { answer: Err(limited), compensation: Compensation::default() },
    }
}

/// Bytes bound tokens generously. Before a call is refused for lack of credit, its prompt is counted for real.
async fn recount(call: &Call, request: &HoldRequest<'_>) -> Option<Result<Hold, NoHold>> {
    let asked = call.request.clone();
    let recounted = move || asked.demand().prompt.recounted(&asked.prompt_text());
    let prompt_bound = tokio::task::spawn_blocking(recounted).await.ok()?;
    let goes_on = request.turn.is_some()
        || request.stored_response.as_ref().is_some_and(|stored| stored.previous.is_some() || !stored.items.is_empty());
    if prompt_bound >= request.prompt_bound && !goes_on {
        return None;
    }
    let prompt_bound = prompt_bound.min(request.prompt_bound);
    let turn = request.turn.map(|turn| HoldTurn { counted: true, ..turn });
    let stored_response = request.stored_response.clone().map(|stored| HoldStored { counted: true, ..stored });
    let request = HoldRequest { prompt_bound, turn, stored_response, ..request.clone() };
    Some(place(&call.app, &call.caller, &request).await)
}

fn is_about_credit(error: &Error) -> bool {
    let has_some =
        error.details.get("available").and_then(serde_json::Value::as_f64).is_some_and(|dollars| dollars > 0.0);
    has_some
        && matches!(
            error.code,
            Code::InsufficientCredits | Code::SpendLimitReached | Code::EndUserBudgetReached | Code::CreditsInFlight
        )
}
