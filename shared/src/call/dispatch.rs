//! The candidates in turn, until one has output: fallback ends there.

use tokio::time::Instant;
use uuid::Uuid;

use super::admit::Admitted;
use super::asked::Seen;
use super::bill::CallRecord;
use super::context::Call;
use super::hedge;
use super::opening::{Attempt, Opened};
use super::timing::Timing;
use crate::config::ProviderSettings;
use crate::error::{Code, Error, Result};
use crate::providers::candidate::Candidate;
use crate::providers::order::{Known, order};
use crate::providers::{Credential, our_keys, own_keys};

/// Asks the candidates in turn, two at a time where the request has a slow one hedged. `record` learns who is being asked before anything
/// is sent, since a call may be given up at any await.
///
/// # Errors
/// The last failure, when nobody is left who may be asked.
pub async fn open(call: &Call, admitted: &Admitted, timing: &mut Timing, record: &mut CallRecord) -> Result<Opened> {
    let mut last = Error::new(Code::NoProvider);
    let candidates = in_turn(call, admitted);
    let mut rest = &candidates[..];
    while let Some(((candidate, settings), behind)) = rest.split_first() {
        rest = behind;
        let credentials = match credentials(call, admitted, settings, candidate) {
            Ok(credentials) => credentials,
            Err(error) => {
                last = error;
                continue;
            }
        };
        for credential in credentials {
            let mut attempt = match Attempt::of(call, admitted, settings, candidate, credential) {
                Ok(attempt) => attempt,
                Err(error) => {
                    last = error;
                    break;
                }
            };
            attempt.begin(call, record);
            record.sees(attempt.asked, Seen::default());
            let begun = Instant::now();
            let ended = hedge::open(call, attempt, beside(call, admitted, behind), record).await;
            timing.upstream += begun.elapsed();
            let failure = match ended.opened {
                Ok(opened) => return Ok(opened),
                Err(failure) => failure,
            };
            last = failure.error.clone();
            if last.code == Code::ContextLengthExceeded {
                last = last.with_param(call.demand().prompt.member);
            }
            if !failure.fall_back || call.remaining().is_zero() {
                return Err(last);
            }
            if ended.asked_both {
                rest = behind.get(1..).unwrap_or_default();
            }
            if ended.asked_both || !failure.is_about_our_key() {
                break;
            }
        }
    }
    Err(last)
}

/// The candidates in the order in which they are asked, each with the settings of its provider.
fn in_turn<'a>(call: &'a Call, admitted: &Admitted) -> Vec<(Candidate, &'a ProviderSettings)> {
    let own = &call.app.config.providers;
    let avoid = avoided(call, admitted);
    let known = Known { avoid: &avoid, cached_at: admitted.lease.cached_at.as_deref(), speeds: &admitted.lease.speeds };
    let mut candidates = Vec::new();
    for candidate in order(admitted.hold.candidates.clone(), &call.demand().routing, known) {
        // A server of the operator's own takes nobody else's key, be it one that was stored while it was another's.
        let may_have =
            |settings: &ProviderSettings| candidate.own_key.is_none() || !settings.provider.quirks.self_hosted;
        let settings = own.iter().find(|settings| settings.provider.name == candidate.provider);
        if let Some(settings) = settings.filter(|settings| may_have(settings)) {
            candidates.push((candidate, settings));
        }
    }
    candidates
}

/// The providers that are asked last: whose breaker is open, or all of whose keys rest.
fn avoided(call: &Call, admitted: &Admitted) -> Vec<String> {
    let mut avoid = admitted.lease.avoid.clone();
    let all_rest =
        call.app.config.providers.iter().filter(|settings| our_keys::all_rest(settings, &admitted.lease.avoid));
    avoid.extend(all_rest.map(|settings| settings.provider.name.to_owned()));
    avoid
}

/// Whoever may be asked beside, where the request wants that: the next candidate, if it is well. A call that keys of the caller's own
/// serve is not held for two.
fn beside<'a>(
    call: &Call,
    admitted: &'a Admitted,
    behind: &'a [(Candidate, &'a ProviderSettings)],
) -> Option<Attempt<'a>> {
    call.demand().routing.hedge_ms?;
    if admitted.hold.candidates.iter().any(|candidate| candidate.own_key.is_some()) {
        return None;
    }
    let (candidate, settings) = behind.first()?;
    if avoided(call, admitted).contains(&candidate.provider) {
        return None;
    }
    let credential = credentials(call, admitted, settings, candidate).ok()?.into_iter().next()?;
    Attempt::of(call, admitted, settings, candidate, credential).ok()
}

/// The keys for a candidate, in turn: the caller's own, decrypted for this call, where the hold says so; else ours.
fn credentials(
    call: &Call,
    admitted: &Admitted,
    settings: &ProviderSettings,
    candidate: &Candidate,
) -> Result<Vec<Credential>> {
    if let Some(id) = candidate.own_key {
        return Ok(vec![own_credential(call, admitted, candidate, id)?]);
    }
    let by = call.session().unwrap_or_else(|| call.id.to_string());
    let places = our_keys::in_turn(settings, &by, &admitted.lease.avoid);
    Ok(places.into_iter().map(Credential::Ours).collect())
}

/// The caller's own key for a candidate, decrypted for this call.
fn own_credential(call: &Call, admitted: &Admitted, candidate: &Candidate, id: Uuid) -> Result<Credential> {
    let sealed = admitted.hold.own_keys.get(&id).ok_or_else(|| {
        tracing::error!(provider = candidate.provider, "a hold for an own key came without the key");
        Error::new(Code::InternalError)
    })?;
    own_keys::open(&call.app, sealed).map(Credential::Own)
}
