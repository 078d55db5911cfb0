//! Own keys at the providers. Calls with them cost nothing here but the operator's fee, if there is one; none is ever shown again.

pub mod collection;
pub mod one;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::endpoints::api_keys::check_models;
use crate::endpoints::input::check_name;
use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::keyring;
use crate::providers::Rows;

/// The shortest and the longest key that is taken for one, in characters.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 16..=512;

/// The highest place in an order.
const LAST: i64 = 1_000_000;

/// The most API keys that one can be kept for.
const MOST_KEYS: usize = 100;

/// Where one can have an account of one's own, by its name, which is looked up once it is known what the deployment has.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct OwnProvider(String);

impl OwnProvider {
    /// Its name: any provider's but those of the operator's own servers, which would take any key for one.
    ///
    /// # Errors
    /// 400 that names those there are.
    pub fn name(&self, rows: Rows) -> Result<&'static str> {
        let known: Vec<&str> = rows.iter().filter(|row| !row.quirks.self_hosted).map(|row| row.name).collect();
        let named = known.iter().find(|name| **name == self.0).copied();
        named.ok_or_else(|| Error::invalid("provider", format!("`provider` is not one of {}.", known.join(", "))))
    }
}

/// A deployment may have providers of its own besides those of the table, so that no list of names can be given.
impl PartialSchema for OwnProvider {
    fn schema() -> RefOr<Schema> {
        let name = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z][a-z0-9-]{0,31}$"));
        name.examples(["openrouter", "openai", "anthropic"]).into()
    }
}

impl ToSchema for OwnProvider {}

/// A key as it is kept.
#[derive(Deserialize, ToSchema)]
pub struct ProviderKey {
    /// `provider_key`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// Whose key it is.
    #[schema(value_type = OwnProvider)]
    pub provider: String,
    /// Its name.
    #[schema(required)]
    pub name: Option<String>,
    /// How it ends.
    pub last_four: String,
    /// Its place in the order in which keys are asked, lowest first.
    pub priority: u32,
    /// Whether it is asked behind all keys that are none.
    pub is_fallback: bool,
    /// Whether the gateway's own account may serve, and charge for, what this key cannot.
    pub gateway_fallback: bool,
    /// The models that it is used for; all of them if this is empty.
    pub allowed_models: Vec<String>,
    /// The API keys whose calls use it; all of them if this is empty.
    pub allowed_keys: Vec<Uuid>,
    /// Whether it is left out.
    pub disabled: bool,
    /// When it was stored.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
    /// When a call last used it.
    #[schema(required, value_type = Option<String>, format = "date-time")]
    pub last_used_at: Option<Timestamp>,
}

/// What a key is set to, in the database's words: what is `None` stays as it is, or has its default, and an inner `None` clears.
#[derive(Default, PartialEq, Serialize)]
pub struct KeySettings {
    /// A name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Option<String>>,
    /// Its place in the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Integer>,
    /// Whether it is asked behind the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_fallback: Option<bool>,
    /// Whether the gateway's own account may serve what it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_fallback: Option<bool>,
    /// The models that it is used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_models: Option<Option<Vec<String>>>,
    /// The API keys whose calls use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_keys: Option<Option<Vec<Uuid>>>,
    /// Whether it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

impl KeySettings {
    /// The same, looked at.
    ///
    /// # Errors
    /// 400 that names the member.
    pub fn checked(mut self) -> Result<Self> {
        check_name("name", self.name.as_ref().and_then(Option::as_deref))?;
        if self.priority.is_some_and(|Integer(priority)| !(0..=LAST).contains(&priority)) {
            return Err(Error::invalid("priority", format!("`priority` is a whole number from 0 to {LAST}.")));
        }
        if let Some(Some(models)) = &mut self.allowed_models {
            check_models("allowed_models", models)?;
        }
        if self.allowed_keys.as_ref().and_then(Option::as_ref).is_some_and(|keys| keys.len() > MOST_KEYS) {
            return Err(Error::invalid("allowed_keys", format!("`allowed_keys` has at most {MOST_KEYS} entries.")));
        }
        Ok(self)
    }
}

/// A key sealed, in the database's words. `member` is what the request calls it.
///
/// # Errors
/// 400 for what cannot be a key; `not_configured` without a keyring.
pub fn seal(app: &App, member: &'static str, key: &str) -> Result<Value> {
    if !KEY_LENGTH.contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid(
            member,
            format!("`{member}` is a key as the provider gave it, 16 to 512 characters."),
        ));
    }
    let sealed = keyring::seal(app, key)?;
    Ok(json!({ "ciphertext": sealed.ciphertext, "version": sealed.version, "last_four": &key[key.len() - 4..] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_can_have_a_key_of_ones_own_at_every_provider_but_at_no_server_of_the_operators() {
        for provider in Rows::TABLE.iter() {
            let named = OwnProvider(provider.name.to_owned()).name(Rows::TABLE);
            assert_eq!(named.is_ok(), !provider.quirks.self_hosted, "{}", provider.name);
        }
    }
}
