//! What there is: objects by their ids, and the clock that they live by.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::delivery::Outgoing;
use super::form::Form;
use super::idempotency::Keys;
use super::refusal::Refusal;

/// What is lost of a request on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// The request: nothing is done.
    #[default]
    Request,
    /// The answer: everything is done.
    Answer,
}

/// Everything that the stand-in knows.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// By id, in the order in which they were made.
    all: BTreeMap<String, Value>,
    order: Vec<String>,
    /// The keys of requests.
    pub keys: Keys,
    /// How far the clock is ahead, in seconds.
    ahead: i64,
    /// Whether a subscription that nobody pays is left unpaid in the end, and not ended.
    pub leaves_unpaid: bool,
    /// Events on their way to the gateway.
    pub outgoing: Outgoing,
    /// Where its pages are.
    pub pages: String,
    /// Path and body of what was asked for, and in which version.
    pub requests: Vec<(String, String, Option<String>)>,
    /// The request that is being served: its id and its Idempotency-Key.
    pub request: Value,
    /// What is lost of how many further requests.
    pub losses: (Loss, u32),
}

impl Objects {
    /// The time, in seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        i64::try_from(real).unwrap_or(i64::MAX) + self.ahead
    }

    /// Sets the clock to a moment.
    pub(super) fn set_clock(&mut self, at: i64) {
        self.ahead += at - self.now();
    }

    /// A new id: `cs_test_…`.
    pub(super) fn id(prefix: &str) -> String {
        let random = uuid::Uuid::new_v4().simple().to_string();
        format!("{prefix}_{}", &random[..24])
    }

    /// Keeps a new object.
    pub(super) fn add(&mut self, object: Value) -> Value {
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        self.order.push(id.clone());
        self.all.insert(id, object.clone());
        object
    }

    pub(super) fn find(&self, id: &str) -> Option<&Value> {
        self.all.get(id)
    }

    /// The object of this kind with this id.
    pub(super) fn get(&self, kind: &str, id: &str) -> Result<Value, Refusal> {
        let found = self.all.get(id).filter(|object| object["object"] == kind && object["deleted"] != true);
        found.cloned().ok_or_else(|| Refusal::missing(kind, id))
    }

    /// Changes members of an object, and answers it as it is then.
    pub(super) fn change(&mut self, id: &str, members: &Value) -> Value {
        let Some(object) = self.all.get_mut(id) else { return Value::Null };
        if let (Some(object), Some(members)) = (object.as_object_mut(), members.as_object()) {
            object.extend(members.clone());
        }
        object.clone()
    }

    /// Forgets a product with its prices, as if they had never been made.
    pub(super) fn forget(&mut self, id: &str) {
        self.all.retain(|known, object| known != id && object["product"] != id);
    }

    /// The objects of a kind, newest first.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.order.iter().rev().filter_map(|id| self.all.get(id)).filter(move |object| object["object"] == kind)
    }

    /// A page of a list (<https://docs.stripe.com/api/pagination>).
    pub(super) fn page<'a>(all: impl Iterator<Item = &'a Value>, url: &str, form: &Form) -> Value {
        let limit = usize::try_from(form.number("limit").unwrap_or(10)).unwrap_or(10).clamp(1, 100);
        let all: Vec<&Value> = all.collect();
        let place = |name| form.text(name).and_then(|id| all.iter().position(|object| object["id"] == id));
        let rest = match (place("starting_after"), place("ending_before")) {
            (Some(after), _) => &all[after + 1..],
            (None, Some(before)) => &all[before.saturating_sub(limit)..before],
            _ => &all[..],
        };
        let data: Vec<&Value> = rest.iter().take(limit).copied().collect();
        json!({"object": "list", "url": url, "has_more": rest.len() > data.len(), "data": data})
    }
}
