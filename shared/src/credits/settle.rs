//! finish_request: what a call cost, once, whatever fails in between.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;
use uuid::Uuid;

use super::attempted::Attempted;
use super::hold::HoldFacts;
use super::outbox;
use super::remembered::Remembered;
use super::retries::Retries;
use super::usage::Usage;
use crate::app::App;
use crate::chats::turn::KeptTurn;
use crate::stored::kept::KeptResponse;
use crate::supabase::{RpcError, Supabase};

/// The largest settle that goes to the outbox with what was said in it, in bytes: half of what Upstash takes in one request
/// at the least.
const LARGEST_ENTRY: usize = 512 * 1024;

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Never sent to a provider: the hold and the counts that decide go back, and no request is recorded.
    Refused,
    /// No provider gave anything: costs nothing.
    Failed,
    /// The whole answer.
    Completed,
    /// The provider stopped in the middle; what is assumed until something else is known.
    #[default]
    Cut,
    /// The client left.
    ClientLeft,
    /// The call's time was up.
    Deadline,
}

impl Outcome {
    /// As the record says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Completed => "completed",
            Self::Cut => "cut",
            Self::ClientLeft => "client_left",
            Self::Deadline => "deadline",
        }
    }
}

/// Everything the database needs to settle a call and to record it.
#[derive(Clone, Debug, Serialize)]
pub struct Settlement {
    /// The call.
    pub call_id: Uuid,
    /// How it ended.
    pub outcome: Outcome,
    /// Who served it: decides the price.
    pub provider: Option<String>,
    /// Its tokens.
    pub usage: Option<Usage>,
    /// The tokens were counted by us: at most the hold is charged.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// Nothing is known of what a reasoning model produced: the hold is charged.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub charge_hold: bool,
    /// The request's name, where it is not the call's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The error code that the caller got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<&'static str>,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// From the call's start to the provider's first byte.
    pub first_byte_ms: Option<u64>,
    /// From the call's start to its end.
    pub duration_ms: u64,
    /// From the call's start to the moment when the first provider was asked: what the gateway took before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_ms: Option<u64>,
    /// The providers that were asked, where they were several or one has failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempted>,
    /// The app that calls, by its `HTTP-Referer` or `X-Title`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Whom it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_user: Option<String>,
    /// What it is sorted under.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What its caller says of it besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// What the provider called its answer, where the client was told the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_id: Option<String>,
    /// Why its first choice ended, in the provider's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// What begin_request answered. None if it gave no answer: then no provider was asked, and a hold that it may have placed
    /// is released.
    pub hold: Option<HoldFacts>,
    /// Keys of the caller's own that their providers have refused, by their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused_keys: Vec<Uuid>,
    /// The earlier call whose answer was given again in place of a new one: it costs nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed_call: Option<Uuid>,
    /// What is kept of it, if it came with an Idempotency-Key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Remembered>,
    /// What is kept of a turn of a chat, which ends with this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<KeptTurn>,
    /// What is stored of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_response: Option<KeptResponse>,
}

impl Settlement {
    /// As JSON, and as JSON without what was said: that may be megabytes, and a charge must fit wherever it can be kept.
    fn worded(&self) -> serde_json::Result<(Box<RawValue>, Box<RawValue>)> {
        let whole = to_raw_value(self)?;
        let says = self.stored_response.is_some()
            || self.turn.as_ref().is_some_and(|turn| !turn.is_empty())
            || self.idempotency.as_ref().is_some_and(Remembered::has_answer);
        let charge = if says {
            let (turn, idempotency) = (self.turn.as_ref().map(KeptTurn::emptied), self.idempotency.as_ref());
            let idempotency = idempotency.map(Remembered::emptied);
            to_raw_value(&Self { turn, idempotency, stored_response: None, ..self.clone() })?
        } else {
            whole.clone()
        };
        Ok((whole, charge))
    }
}

#[derive(Deserialize)]
struct Settled {
    #[serde(default)]
    tombstone: bool,
    /// The provider reported more tokens than the model has.
    #[serde(default)]
    clamped: bool,
    /// The units of which it reported more than the hold was for, and how many.
    #[serde(default)]
    exceeding: HashMap<String, u64>,
    #[serde(default)]
    topup_due: bool,
}

/// What came of a settle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charged {
    /// Whether it is in the books.
    pub stored: bool,
    /// The account, if its credit is now below what it has agreed to top up at.
    pub topup_due: Option<Uuid>,
}

/// What became of a settle.
enum Stored {
    /// In the books; whether the account is due for an auto top-up.
    Settled { topup_due: bool },
    /// Refused for good: repeating it cannot help.
    Never(String),
}

/// Stores a settle: tries within `until`, then leaves it in the outbox; if that fails too, it is one ERROR log line
/// that holds all of it.
pub async fn settle(app: &App, settlement: &Settlement, until: Instant) -> Charged {
    let Ok((mut worded, charge)) = settlement.worded() else {
        tracing::error!(?settlement, "a settlement cannot be serialized");
        return Charged::default();
    };
    let Ok(supabase) = app.supabase() else { return Charged::default() };
    // Of a usual call, which keeps nothing of what was said.
    let row = settlement.row().and_then(|row| to_raw_value(&row).ok());
    let mut retries = Retries::within(until);
    let account = settlement.hold.as_ref().map(|hold| hold.account_id);
    let reason = loop {
        // A turn for each try, so that a pause takes no one's place.
        let turn = match account {
            Some(account) => match app.turns.settle(account, until).await {
                Some(turn) => Some(turn),
                None => break RpcError::Busy("finish_request"),
            },
            None => None,
        };
        let stored = store(supabase, row.as_ref().unwrap_or(&worded), &charge).await;
        drop(turn);
        let unavailable = match stored {
            Ok(Stored::Settled { topup_due }) => {
                return Charged { stored: true, topup_due: account.filter(|_| topup_due) };
            }
            Ok(Stored::Never(refusal)) if worded.get() != charge.get() => {
                tracing::error!(call_id = %settlement.call_id, %refusal, "what was said in a call is not kept");
                worded.clone_from(&charge);
                continue;
            }
            Ok(Stored::Never(refusal)) => {
                tracing::error!(settlement = charge.get(), %refusal, "a settle was refused");
                return Charged::default();
            }
            Err(unavailable) => unavailable,
        };
        if !retries.pause().await {
            break unavailable;
        }
    };
    tracing::warn!(call_id = %settlement.call_id, %reason, "a settle goes to the outbox");
    if worded.get().len() > LARGEST_ENTRY {
        tracing::error!(call_id = %settlement.call_id, "what was said in a call is too large for the outbox");
        worded.clone_from(&charge);
    }
    if let Err(error) = outbox::push(app, &worded).await {
        tracing::error!(settlement = charge.get(), %error, "a settle could not be stored anywhere");
    }
    Charged::default()
}

/// Stores settles that wait in the outbox. Safe to run anywhere, at any time, by any number at once: a settle applies
/// once, and an entry goes only after it is in the books.
pub async fn drain_outbox(app: &App) -> usize {
    let Ok(supabase) = app.supabase() else { return 0 };
    let (mut drained, mut failures) = (0, 0);
    for entry in outbox::peek(app).await {
        let Ok(worded) = RawValue::from_string(entry.clone()) else {
            tracing::error!(%entry, "the outbox holds something that is not a settle");
            outbox::remove(app, &entry).await;
            continue;
        };
        match store(supabase, &worded, &worded).await {
            Ok(Stored::Settled { .. }) => drained += 1,
            Ok(Stored::Never(refusal)) => tracing::error!(%entry, %refusal, "a settle was refused"),
            // One entry that the database cannot take must not stop those behind it; two, and it is the database.
            Err(unavailable) => {
                tracing::warn!(%unavailable, "a settle stays in the outbox");
                failures += 1;
                if failures == 2 {
                    break;
                }
                continue;
            }
        }
        outbox::remove(app, &entry).await;
    }
    drained
}

/// Stores a settlement, of which `told` is what the log may hold.
async fn store(supabase: &Supabase, settlement: &RawValue, told: &RawValue) -> Result<Stored, RpcError> {
    match supabase.rpc::<Settled>("finish_request", settlement).await {
        Ok(settled) => {
            if settled.tombstone {
                tracing::info!(settlement = told.get(), "a call ended before it began");
            }
            if !settled.exceeding.is_empty() {
                tracing::error!(settlement = told.get(), reported = ?settled.exceeding, "a provider reported more units than its call was held for");
            } else if settled.clamped {
                tracing::error!(settlement = told.get(), "a provider reported more tokens than its model has");
            }
            Ok(Stored::Settled { topup_due: settled.topup_due })
        }
        Err(RpcError::Refused(refusal)) => Ok(Stored::Never(refusal.to_string())),
        Err(unavailable) => Err(unavailable),
    }
}
