//! begin_request: who calls, under which limits, and the hold for what the call may cost.

use std::collections::HashMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::price::Price;
use super::turns::PATIENCE;
use super::units::Units;
use super::usage::Usage;
use crate::app::App;
use crate::caller::Caller;
use crate::config::OwnKeyFee;
use crate::error::{Code, Error};
use crate::idempotency::Idempotency;
use crate::keyring::Sealed;
use crate::money::{Nanos, nanos, optional_nanos};
use crate::providers::candidate::Candidate;
use crate::providers::table::PROVIDERS;
use crate::providers::wishes::Wishes;
use crate::supabase::{RpcError, refusal};

/// Basis points of a whole: a price as it is.
const WHOLE: u32 = 10_000;

/// What is asked of the database before a provider is.
#[derive(Clone, Debug, Serialize)]
pub struct HoldRequest<'a> {
    /// Ours, a UUIDv7: the key of hold and settle.
    pub call_id: Uuid,
    /// When it was made, in Unix time.
    pub begun: Option<u64>,
    /// The model's id in the catalog.
    pub model: &'a str,
    /// What it is asked for, as the catalog's `kind`; it need not be said of a chat.
    #[serde(skip_serializing_if = "is_chat")]
    pub kind: &'static str,
    /// The providers that may serve it with our key.
    pub providers: &'a [&'static str],
    /// The providers that the caller lets serve it: with a key of the caller's own, they may. `true` stands for all there are.
    #[serde(serialize_with = "all_or_listed")]
    pub allowed: &'a [&'static str],
    /// What calls with such a key cost, if the operator charges for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_key_fee: Option<OwnKeyFee>,
    /// Whether two providers may be asked at once, so that both must be paid.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hedged: bool,
    /// What a route must be like.
    #[serde(skip_serializing_if = "Wishes::is_none")]
    pub wishes: &'a Wishes,
    /// The most tokens the prompt can have, images apart.
    pub prompt_bound: u64,
    /// Images in the prompt.
    pub images: u64,
    /// Whether the prompt comes with tools or a schema, of which the provider makes a text of its own.
    pub tools: bool,
    /// What the prompt holds besides text: `image`, `audio`, `file`, `video`.
    pub modalities: &'a [&'static str],
    /// What it may use besides tokens of text.
    #[serde(skip_serializing_if = "Units::is_none")]
    pub units: &'a Units,
    /// `n`.
    pub choices: u64,
    /// The client's own output limit, a choice.
    pub output_limit: Option<u64>,
    /// How long the hold lives if nobody settles it.
    pub hold_seconds: u64,
    /// Basis points on the provider's price.
    pub markup: u32,
    /// Whom it is made for, who may have a budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_user: Option<&'a str>,
    /// The Idempotency-Key that the call has until it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<&'a Idempotency>,
    /// What it is as a turn of a kept chat.
    #[serde(flatten)]
    pub turn: Option<HoldTurn>,
    /// What becomes of its answer, where that is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_response: Option<HoldStored>,
}

fn is_chat(kind: &&str) -> bool {
    *kind == "chat"
}

fn all_or_listed<S: Serializer>(allowed: &[&str], serializer: S) -> Result<S::Ok, S::Error> {
    if allowed.len() == PROVIDERS.len() { serializer.serialize_bool(true) } else { serializer.collect_seq(allowed) }
}

/// What the hold must know of a call whose answer is stored, or that goes on from one that is: what was said before is a part of the
/// prompt.
#[derive(Clone, Debug, Serialize)]
pub struct HoldStored {
    /// Whether the answer is to be stored.
    pub wished: bool,
    /// The stored answer that it goes on from.
    pub previous: Option<Uuid>,
    /// The items of stored answers to which it refers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Whether `prompt_bound` is a count: then what was said before is held for by its count, too.
    pub counted: bool,
}

/// What the hold must know of a turn of a kept chat, since what was said before is a part of the prompt.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HoldTurn {
    /// The chat.
    pub session_id: Uuid,
    /// Whether the call has instructions of its own: then the chat's do not go along.
    pub instructed: bool,
    /// The prompt's tokens at most, images apart, by a real count: what the chat has room beside.
    pub prompt_tokens: u64,
    /// Whether `prompt_bound` is a count, too: then what was said before is held for by its count.
    pub counted: bool,
}

/// A placed hold.
#[derive(Clone, Debug, Deserialize)]
pub struct Hold {
    /// The most that the call is expected to cost.
    #[serde(rename = "held", with = "nanos")]
    pub amount: Nanos,
    /// The output limit, a choice, that the hold covers: it goes upstream as it is.
    pub output_limit: u64,
    /// Whether that limit is what the credit buys: the client has set none, and the model would write more.
    #[serde(default)]
    pub credit_limited: bool,
    /// The model's context in tokens, prompt and output together; 0 where the catalog does not say.
    #[serde(default)]
    pub context_length: u64,
    /// The routes, cheapest first.
    pub candidates: Vec<Candidate>,
    /// Since when the model is deprecated, in Unix time.
    #[serde(default)]
    pub deprecated: Option<i64>,
    /// Whether the model reasons: then what was produced cannot be counted from the outside.
    pub reasoning: bool,
    /// The limits in force.
    pub limits: String,
    /// The account.
    pub account_id: Uuid,
    /// The key.
    pub key_id: Uuid,
    /// The model's id in the catalog.
    pub model: String,
    /// Basis points on the provider's price.
    pub markup: u32,
    /// When it was placed, as the database wrote it.
    pub placed_at: String,
    /// The caller's own keys at the candidates, by their ids; none if all candidates are ours.
    #[serde(default)]
    pub own_keys: HashMap<Uuid, Sealed>,
    /// Prompt tokens of an image, at most.
    pub image_tokens: u64,
    /// What was said before, oldest first: messages of the kept chat, or the input and the output of each of the calls whose answers
    /// are stored.
    #[serde(default)]
    pub history: Vec<Sealed>,
    /// What models said in the stored answers to whose items the call refers.
    #[serde(default)]
    pub items: Vec<Sealed>,
    /// Whether the answer is stored: it was wished, and the account keeps any.
    #[serde(default)]
    pub stores: bool,
    /// The most prompt tokens that the call can have had: a report of more is not believed.
    pub most_prompt: u64,
    /// The most tokens that the model can have written, all choices together.
    pub most_completion: u64,
    /// The most that the call can use besides tokens of text, for which it was held, too.
    #[serde(skip)]
    pub units: Units,
}

/// What the settle needs of a hold: by this a call is charged, and charged all the same if a crash of the database lost its
/// hold, whose commit does not wait for the disk.
#[derive(Clone, Debug, Serialize)]
pub struct HoldFacts {
    /// Whose row is locked by the settle.
    pub(super) account_id: Uuid,
    key_id: Uuid,
    model: String,
    #[serde(with = "nanos")]
    held: Nanos,
    markup: u32,
    placed_at: String,
    /// The caller's own key that served it, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_key: Option<Uuid>,
    /// The most that an own key's fee can be where nothing else is known.
    #[serde(with = "optional_nanos", skip_serializing_if = "Option::is_none")]
    ceiling: Option<Nanos>,
    /// The frozen prices of the candidate that served; without one the hold is charged.
    price: Option<Price>,
    most_prompt: u64,
    most_completion: u64,
    units: Units,
}

impl Hold {
    /// As much of a usage as the call can have had. The settle bounds it likewise, and marks its record.
    #[must_use]
    pub fn bounded(&self, usage: &Usage) -> Usage {
        self.units.bounding(Usage {
            prompt: usage.prompt.min(self.most_prompt),
            completion: usage.completion.min(self.most_completion),
            ..*usage
        })
    }

    /// The candidate at this provider that this own key opens, or that is ours.
    #[must_use]
    pub fn served(&self, provider: Option<&str>, own_key: Option<Uuid>) -> Option<&Candidate> {
        let provider = provider?;
        self.candidates.iter().find(|candidate| candidate.provider == provider && candidate.own_key == own_key)
    }

    /// The frozen price of the candidate that served; of a call for which another was asked beside and dropped, with what the prompt
    /// cost there.
    #[must_use]
    pub fn price(&self, served: &Candidate, beside: Option<&str>, prompt: u64) -> Price {
        let dropped = self.served(beside, None).and_then(|dropped| dropped.price.cost(&Usage::of(prompt, 0), WHOLE));
        dropped.map_or_else(|| served.price.clone(), |dropped| served.price.clone().with_request(dropped))
    }

    /// What the settle needs of this hold for a call that `provider` served, with this own key, and with `beside` asked and dropped
    /// after it may have read a prompt of so many tokens.
    #[must_use]
    pub fn facts(&self, provider: Option<&str>, own_key: Option<Uuid>, beside: Option<&str>, prompt: u64) -> HoldFacts {
        let served = self.served(provider, own_key);
        HoldFacts {
            account_id: self.account_id,
            key_id: self.key_id,
            model: self.model.clone(),
            held: self.amount,
            markup: served.and_then(|candidate| candidate.markup).unwrap_or(self.markup),
            placed_at: self.placed_at.clone(),
            own_key: served.and_then(|candidate| candidate.own_key),
            ceiling: served.and_then(|candidate| candidate.ceiling),
            price: served.map(|candidate| self.price(candidate, beside, prompt)),
            most_prompt: self.most_prompt,
            most_completion: self.most_completion,
            units: self.units.clone(),
        }
    }
}

/// Why there is no hold.
#[derive(Debug)]
pub enum NoHold {
    /// The database refused. With a known key come the limits in force.
    Refused {
        /// The error for the caller.
        error: Error,
        /// The limits, for the limiter's own verdict.
        limits: Option<String>,
        /// The account, if it has agreed to an auto top-up and is due for it.
        topup_due: Option<Uuid>,
    },
    /// None is needed: the request was answered before, under the same Idempotency-Key.
    Answered {
        /// The answer.
        answer: Sealed,
        /// The limits in force.
        limits: String,
    },
    /// The database gave no proper answer: a hold may have been placed all the same, and must be undone.
    Unknown(Error),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Refused { refused: Refused, limits: Option<String>, topup_due: Option<Uuid> },
    Earlier { earlier: Sealed, limits: String },
    Placed(Box<Hold>),
}

#[derive(Deserialize)]
struct Refused {
    code: String,
    #[serde(flatten)]
    members: Map<String, Value>,
}

/// Places the hold: the one database call before a provider is asked.
///
/// # Errors
/// [`NoHold`].
pub async fn place(app: &App, caller: &Caller, request: &HoldRequest<'_>) -> Result<Hold, NoHold> {
    #[derive(Serialize)]
    struct Arguments<'a> {
        caller: &'a Caller,
        call: &'a HoldRequest<'a>,
    }
    let refused = |error| NoHold::Refused { error, limits: None, topup_due: None };
    let supabase = app.supabase().map_err(refused)?;
    caller.note_asked();
    let turn = app.turns.begin(caller.key_hash(), PATIENCE).await.map_err(refused)?;
    let arguments = Arguments { caller, call: request };
    let answer = loop {
        let place = turn.place().await.map_err(refused)?;
        let answer = supabase.rpc("begin_request", &arguments).await;
        drop(place);
        match answer {
            // It was rolled back, so it may be asked again, and there is nothing to be undone.
            Err(RpcError::Busy(_)) => turn.found_busy(),
            answer => break answer,
        }
    };
    match answer {
        Ok(Answer::Placed(hold)) => {
            app.turns.learn(caller.key_hash(), hold.account_id);
            Ok(Hold { units: request.units.clone(), ..*hold })
        }
        Ok(Answer::Earlier { earlier, limits }) => Err(NoHold::Answered { answer: earlier, limits }),
        Ok(Answer::Refused { mut refused, limits, topup_due }) => {
            refused.members.remove("status");
            let code = Code::parse(&refused.code).unwrap_or(Code::InternalError);
            Err(NoHold::Refused { error: refusal(code, refused.members), limits, topup_due })
        }
        Err(RpcError::Refused(error)) => Err(refused(error)),
        Err(unavailable) => Err(NoHold::Unknown(unavailable.into())),
    }
}
