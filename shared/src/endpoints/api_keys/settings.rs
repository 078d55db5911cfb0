//! The settings of a key: how a request words them, and what each may be.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::figures::{LARGEST_COUNT, RateLimits, within};
use super::texts::{AddressRange, HostPattern, ModelPattern};
use crate::answer_cache::LONGEST_LIFE;
use crate::endpoints::input::{Name, check_name};
use crate::endpoints::members::{given, given_object, not_null, optional_object};
use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::key_environment::KeyEnvironment;
use crate::money::{Nanos, nanos};
use crate::scopes::{self, Scope};

/// Entries of a list at most.
const MOST_ENTRIES: usize = 100;
/// Ten years.
const MOST_DAYS: i64 = 3_650;
/// A billion dollars, which is what an account holds at most.
const LARGEST_AMOUNT: Nanos = Nanos(1_000_000_000_000_000_000);

/// A period after which a spend limit counts anew, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpendPeriod {
    /// From midnight.
    Day,
    /// From Monday.
    Week,
    /// From the first.
    Month,
}

/// How much a key may spend.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSpendLimit {
    /// US dollars, with at most nine decimals.
    #[schema(value_type = f64, minimum = 0.000000001, maximum = 1000000000)]
    #[serde(serialize_with = "nanos::serialize")]
    amount: Nanos,
    /// When it counts anew; never if absent.
    period: Option<SpendPeriod>,
}

/// The key to be made. Whatever is absent does not limit it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "my app", "scopes": ["inference", "models:read"], "spend_limit": {"amount": 20, "period": "month"}})))]
pub struct NewApiKey {
    /// What its owner calls it.
    #[schema(value_type = Name)]
    name: String,
    /// What it is for, as its prefix says. Usually `live`; a preview deployment makes `test` keys only.
    environment: Option<KeyEnvironment>,
    /// What it may be used for: only what the calling key may be used for as well.
    #[schema(value_type = Option<Vec<Scope>>, min_items = 1, max_items = 100,
        default = json!(["inference", "models:read", "chat:read", "chat:write", "usage:read", "billing:read"]))]
    scopes: Option<Vec<String>>,
    /// When it expires, from now.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    expires_in_days: Option<Integer>,
    /// How many inference requests it serves in all.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
    max_requests: Option<Integer>,
    /// How much it may spend.
    #[serde(default, deserialize_with = "optional_object")]
    spend_limit: Option<NewSpendLimit>,
    /// Where it may be used from.
    #[schema(value_type = Option<Vec<AddressRange>>, max_items = 100)]
    ip_allowlist: Option<Vec<String>>,
    /// The hosts whose pages may use it.
    #[schema(value_type = Option<Vec<HostPattern>>, max_items = 100)]
    domain_allowlist: Option<Vec<String>>,
    /// The models it may use.
    #[schema(value_type = Option<Vec<ModelPattern>>, max_items = 100)]
    allowed_models: Option<Vec<String>>,
    /// Its own limits, not above its account's.
    #[serde(default, deserialize_with = "optional_object")]
    rate_limits: Option<RateLimits>,
    /// Whether what is said in its calls goes to the operator's receiver of traces; never unless it is true.
    trace_content: Option<bool>,
    /// Has the answers to its calls kept for so many seconds: whoever asks the same gets the same, for nothing. The header
    /// `x-gateway-cache` of a call has the last word, with `true` or `false`.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 86400)]
    cache_ttl: Option<Integer>,
    /// How old its secret should become; the key then says that its rotation is due.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    rotate_after_days: Option<Integer>,
}

impl NewApiKey {
    /// What the key is for, if the request says so, and its settings.
    pub fn split(self) -> (Option<KeyEnvironment>, KeyChanges) {
        let settings = KeyChanges {
            name: Some(self.name),
            disabled: None,
            scopes: self.scopes,
            expires_in_days: self.expires_in_days.map(Some),
            max_requests: self.max_requests.map(Some),
            spend_limit: self.spend_limit.map(Some),
            ip_allowlist: self.ip_allowlist.map(Some),
            domain_allowlist: self.domain_allowlist.map(Some),
            allowed_models: self.allowed_models.map(Some),
            rate_limits: self.rate_limits.map(Some),
            trace_content: self.trace_content,
            cache_ttl: self.cache_ttl.map(Some),
            rotate_after_days: self.rotate_after_days.map(Some),
        };
        (self.environment, settings)
    }
}

/// The settings to be changed: what is absent stays, null clears.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize, ToSchema)]
#[schema(min_properties = 1)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "my app", "spend_limit": {"amount": 50, "period": "month"}})))]
pub struct KeyChanges {
    /// What its owner calls it.
    #[schema(value_type = Name, required = false)]
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Whether it is not to be used at the moment; that can be taken back.
    #[schema(value_type = bool, required = false)]
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    disabled: Option<bool>,
    /// What it may be used for: what it may be used for already, and what the calling key may be used for.
    #[schema(value_type = Vec<Scope>, required = false, min_items = 1, max_items = 100)]
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    /// When it expires, from now.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    expires_in_days: Option<Option<Integer>>,
    /// How many inference requests it serves in all, those that it has served included.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    max_requests: Option<Option<Integer>>,
    /// How much it may spend. A new limit or period counts from now; another amount goes on counting.
    #[schema(value_type = Option<NewSpendLimit>)]
    #[serde(default, deserialize_with = "given_object", skip_serializing_if = "Option::is_none")]
    spend_limit: Option<Option<NewSpendLimit>>,
    /// Where it may be used from.
    #[schema(value_type = Option<Vec<AddressRange>>, max_items = 100)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    ip_allowlist: Option<Option<Vec<String>>>,
    /// The hosts whose pages may use it.
    #[schema(value_type = Option<Vec<HostPattern>>, max_items = 100)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    domain_allowlist: Option<Option<Vec<String>>>,
    /// The models it may use.
    #[schema(value_type = Option<Vec<ModelPattern>>, max_items = 100)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    allowed_models: Option<Option<Vec<String>>>,
    /// Its own limits, all of them, not above its account's.
    #[schema(value_type = Option<RateLimits>)]
    #[serde(default, deserialize_with = "given_object", skip_serializing_if = "Option::is_none")]
    rate_limits: Option<Option<RateLimits>>,
    /// Whether what is said in its calls goes to the operator's receiver of traces.
    #[schema(value_type = bool, required = false)]
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    trace_content: Option<bool>,
    /// For how many seconds the answers to its calls are kept, where a call does not say.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 86400)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    cache_ttl: Option<Option<Integer>>,
    /// How old its secret should become.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    rotate_after_days: Option<Option<Integer>>,
}

impl KeyChanges {
    /// Checks every setting and puts it into its usual form.
    ///
    /// # Errors
    /// 400 that names the member.
    pub fn checked(mut self) -> Result<Self> {
        check_name("name", self.name.as_deref())?;
        if let Some(scopes) = &mut self.scopes {
            if scopes.is_empty() {
                return Err(Error::invalid("scopes", "`scopes` names at least one scope."));
            }
            if !scopes.iter().all(|scope| scopes::is_known(scope)) {
                return Err(scopes::unknown("scopes"));
            }
            usual("scopes", scopes, |scope| Some(scope.to_owned()))?;
        }
        within("expires_in_days", self.expires_in_days.flatten(), 1..=MOST_DAYS)?;
        within("rotate_after_days", self.rotate_after_days.flatten(), 1..=MOST_DAYS)?;
        within("cache_ttl", self.cache_ttl.flatten(), 1..=LONGEST_LIFE)?;
        within("max_requests", self.max_requests.flatten(), 1..=LARGEST_COUNT)?;
        if let Some(Some(limit)) = &self.spend_limit {
            check_amount("spend_limit", limit.amount)?;
        }
        if let Some(Some(ranges)) = &mut self.ip_allowlist {
            usual("ip_allowlist", ranges, AddressRange::parse)?;
        }
        if let Some(Some(hosts)) = &mut self.domain_allowlist {
            usual("domain_allowlist", hosts, HostPattern::parse)?;
        }
        if let Some(Some(models)) = &mut self.allowed_models {
            check_models("allowed_models", models)?;
        }
        if let Some(Some(limits)) = &self.rate_limits {
            limits.check()?;
        }
        Ok(self)
    }

    /// What the key is to be called.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_default()
    }
}

/// Checks what a key may spend.
///
/// # Errors
/// 400 that names the member.
pub fn check_amount(param: &'static str, amount: Nanos) -> Result<()> {
    if (Nanos(1)..=LARGEST_AMOUNT).contains(&amount) {
        return Ok(());
    }
    Err(Error::invalid(param, "What a key may spend is above 0 and at most a billion US dollars."))
}

/// Checks which models something may be used for, and leaves each of them once.
///
/// # Errors
/// 400 that names the member.
pub fn check_models(param: &'static str, models: &mut Vec<String>) -> Result<()> {
    usual(param, models, |text| ModelPattern::is_one(text).then(|| text.to_owned()))
}

/// A list's entries in their usual form, each once.
fn usual(param: &'static str, entries: &mut Vec<String>, parse: impl Fn(&str) -> Option<String>) -> Result<()> {
    if entries.len() > MOST_ENTRIES {
        return Err(Error::invalid(param, format!("`{param}` has at most {MOST_ENTRIES} entries.")));
    }
    let mut known: Vec<String> = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let Some(entry) = parse(entry) else {
            return Err(Error::invalid(param, format!("Entry {} of `{param}` is not one.", place + 1)));
        };
        if !known.contains(&entry) {
            known.push(entry);
        }
    }
    *entries = known;
    Ok(())
}

#[cfg(test)]
mod tests;
