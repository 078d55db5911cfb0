//! begin_request: who calls, under which limits, and the hold for what the call may cost.

use std::collections::{HashMap, VecDeque};
use std::mem;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::hold_request::HoldRequest;
use super::price::Price;
use super::row::Row;
use super::turns::PATIENCE;
use super::units::Units;
use super::usage::Usage;
use crate::app::App;
use crate::caller::Caller;
use crate::connections::store::Over;
use crate::error::{Code, Error};
use crate::keyring::Sealed;
use crate::money::{Nanos, nanos, optional_nanos};
use crate::providers::candidate::Candidate;
use crate::supabase::{RpcError, refusal};

/// Basis points of a whole: a price as it is.
const WHOLE: u32 = 10_000;

/// A placed hold, and what it says of the model that is asked.
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
    /// Whether its key lets what is said in it go into its trace.
    #[serde(default)]
    pub trace_content: bool,
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
    /// Which of the models it is that the request named, from 0.
    #[serde(default)]
    pub place: usize,
    /// The same hold as it is for the further models that may answer, in turn.
    #[serde(default)]
    pub alternatives: VecDeque<Hold>,
    /// Why a model that was named behind them may not be asked, for whoever has asked all of these in vain.
    #[serde(default)]
    ends: Option<Refused>,
}

/// What the settle needs of a hold: by this a call is charged, and charged all the same if a crash of the database lost its
/// hold, whose commit does not wait for the disk.
#[derive(Clone, Debug, Serialize)]
pub struct HoldFacts {
    /// Whose row is locked by the settle.
    pub(super) account_id: Uuid,
    pub(super) key_id: Uuid,
    pub(super) model: String,
    #[serde(with = "nanos")]
    pub(super) held: Nanos,
    pub(super) markup: u32,
    pub(super) placed_at: String,
    /// The caller's own key that served it, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) own_key: Option<Uuid>,
    /// The most that an own key's fee can be where nothing else is known.
    #[serde(with = "optional_nanos", skip_serializing_if = "Option::is_none")]
    pub(super) ceiling: Option<Nanos>,
    /// The frozen prices of the candidate that served; without one the hold is charged.
    pub(super) price: Option<Price>,
    pub(super) most_prompt: u64,
    pub(super) most_completion: u64,
    units: Units,
}

impl Hold {
    /// Turns to the next of the models that may answer. Answers whether there is one.
    pub fn turn_to_next(&mut self) -> bool {
        let Some(next) = self.alternatives.pop_front() else { return false };
        *self = Self {
            alternatives: mem::take(&mut self.alternatives),
            units: mem::take(&mut self.units),
            ends: self.ends.take(),
            ..next
        };
        true
    }

    /// The refusal of a model that was named behind those that may be asked.
    #[must_use]
    pub fn refusal_behind(&self) -> Option<Error> {
        self.ends.clone().map(Refused::into_error)
    }

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

/// What `begin_request` answers.
enum Answer {
    Placed(Box<Hold>),
    Other(NotPlaced),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NotPlaced {
    Refused { refused: Refused, limits: Option<String>, topup_due: Option<Uuid> },
    Earlier { earlier: Sealed, limits: String },
}

impl<'de> Deserialize<'de> for Answer {
    /// Nearly every answer is a hold, so that is tried first: an untagged enum would copy all of it to be tried as one thing after the
    /// other.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        match serde_json::from_str(json.get()) {
            Ok(hold) => Ok(Self::Placed(hold)),
            Err(_) => serde_json::from_str(json.get()).map(Self::Other).map_err(de::Error::custom),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
struct Refused {
    code: String,
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl Refused {
    fn into_error(mut self) -> Error {
        self.members.remove("status");
        refusal(Code::parse(&self.code).unwrap_or(Code::InternalError), self.members)
    }
}

/// Places the hold: the one database call before a provider is asked.
///
/// # Errors
/// [`NoHold`].
pub async fn place(app: &App, caller: &Caller, request: &HoldRequest<'_>) -> Result<Hold, NoHold> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Asked<'a> {
        Usual(Row),
        Any { caller: &'a Caller, call: &'a HoldRequest<'a> },
    }
    let refused = |error| NoHold::Refused { error, limits: None, topup_due: None };
    let supabase = app.supabase().map_err(refused)?;
    caller.note_asked();
    let turn = app.turns.begin(caller.key_hash(), PATIENCE).await.map_err(refused)?;
    let asked = request.row(caller).map_or(Asked::Any { caller, call: request }, Asked::Usual);
    let mut over = Over::Kept;
    let answer = loop {
        let place = turn.place().await.map_err(refused)?;
        let answer = supabase.rpc_over(over, "begin_request", &asked).await;
        drop(place);
        match answer {
            // The call's id keeps a second asking from placing a second hold.
            Err(RpcError::Closed(_)) => over = Over::New,
            // It was rolled back, so it may be asked again, and there is nothing to be undone.
            Err(RpcError::Busy(_)) => turn.found_busy(),
            answer => break answer,
        }
    };
    match answer {
        // It may be refused for the hold that the first asking has placed: then that one must be undone.
        Ok(Answer::Other(NotPlaced::Refused { .. })) | Err(RpcError::Refused(_)) if over == Over::New => {
            Err(NoHold::Unknown(RpcError::Closed("begin_request").into()))
        }
        Ok(Answer::Placed(hold)) => {
            app.turns.learn(caller.key_hash(), hold.account_id);
            Ok(Hold { units: request.units.clone(), ..*hold })
        }
        Ok(Answer::Other(NotPlaced::Earlier { earlier, limits })) => Err(NoHold::Answered { answer: earlier, limits }),
        Ok(Answer::Other(NotPlaced::Refused { refused, limits, topup_due })) => {
            Err(NoHold::Refused { error: refused.into_error(), limits, topup_due })
        }
        Err(RpcError::Refused(error)) => Err(refused(error)),
        Err(unavailable) => Err(NoHold::Unknown(unavailable.into())),
    }
}
