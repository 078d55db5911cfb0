//! What a client is told of a call's usage and cost.

use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::credits::usage::Usage;
use crate::money::Nanos;
use crate::object::Object;

/// What a call used, what that costs, and who served it.
#[derive(Clone, Debug)]
pub struct Bill<'a> {
    /// The tokens.
    pub usage: Usage,
    /// They were counted by us, since the provider did not say.
    pub estimated: bool,
    /// What is charged.
    pub cost: Nanos,
    /// Who served it.
    pub provider: &'a str,
    /// With a key of the caller's own, who pays there.
    pub own_key: bool,
    /// Whether this is what is kept for whoever asks the same: that answer costs nothing.
    pub from_cache: bool,
    /// What that provider calls the model.
    pub upstream_model: &'a str,
    /// The request's name, as in `x-request-id`.
    pub request_id: &'a str,
    /// The kept chat that the call was a turn of.
    pub session_id: Option<Uuid>,
}

#[cfg(test)]
impl Bill<'static> {
    /// A bill of tests, in which nothing is special.
    pub(crate) const fn of(usage: Usage) -> Self {
        Self {
            usage,
            estimated: false,
            cost: Nanos(1),
            provider: "p",
            own_key: false,
            from_cache: false,
            upstream_model: "up",
            request_id: "r",
            session_id: None,
        }
    }
}

impl Bill<'_> {
    /// Writes into a format's `usage` what is charged, and whether that is nothing since it comes from the cache.
    ///
    /// # Errors
    /// None in practice: everything in it was JSON before.
    pub fn write_cost(&self, usage: &mut Object<'_>) -> serde_json::Result<()> {
        if self.from_cache {
            usage.set("from_cache", &true)?;
        }
        usage.set("cost", &self.cost)
    }

    /// A format's `usage` object with what is charged, and the mark of an estimate.
    ///
    /// # Errors
    /// None in practice: everything in it was JSON before.
    pub fn on(&self, usage: &Value) -> serde_json::Result<Box<RawValue>> {
        let text = usage.to_string();
        let mut usage: Object<'_> = serde_json::from_str(&text)?;
        if self.estimated {
            usage.set("estimated", &true)?;
        }
        self.write_cost(&mut usage)?;
        serde_json::value::to_raw_value(&usage)
    }
}
