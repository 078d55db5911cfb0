//! What begin_request is asked: everything that decides about a call's hold.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::units::Units;
use crate::config::OwnKeyFee;
use crate::idempotency::Idempotency;
use crate::providers::wishes::Wishes;

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
    /// The providers that the caller lets serve it, unless it lets all: with a key of the caller's own, they may.
    #[serde(serialize_with = "all_or_listed")]
    pub allowed: Option<&'a [&'static str]>,
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
    /// Further models that may answer in its place, in turn.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub alternatives: &'a [Alternative<'a>],
}

/// A further model that may answer a call: what of it is another there.
#[derive(Clone, Debug, Serialize)]
pub struct Alternative<'a> {
    /// The model's id in the catalog.
    pub model: &'a str,
    /// The providers that may serve it with our key.
    pub providers: Vec<&'static str>,
    /// The providers that the caller lets serve it, as above.
    #[serde(serialize_with = "all_or_listed")]
    pub allowed: Option<&'a [&'static str]>,
}

fn is_chat(kind: &&str) -> bool {
    *kind == "chat"
}

/// `true` stands for all there are.
fn all_or_listed<S: Serializer>(allowed: &Option<&[&str]>, serializer: S) -> Result<S::Ok, S::Error> {
    match allowed {
        None => serializer.serialize_bool(true),
        Some(allowed) => serializer.collect_seq(*allowed),
    }
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
