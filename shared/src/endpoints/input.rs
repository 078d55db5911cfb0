//! Reading management requests: bodies and queries of known members only, and the Idempotency-Key.

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use bytes::Bytes;
use http::Uri;
use http::request::Parts;
use serde::de::DeserializeOwned;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use crate::api_key::holds_key;
use crate::error::{Code, Error};
use crate::idempotency::{self, Idempotency};
use crate::object::member_at;
use crate::serve::Payload;

/// The longest name of an unknown member that is repeated to whoever sent it, in bytes.
const LONGEST_MEMBER: usize = 40;
/// The longest name that anything is given, in characters.
const LONGEST_NAME: usize = 100;
/// What a page of a list holds unless the caller says otherwise.
const USUAL_PAGE: u32 = 50;

/// The header that makes a request safe to repeat, as documentation sees it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyKey {
    /// For 24 hours the same key and body give the same answer; another body is refused.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    pub idempotency_key: Option<String>,
}

/// A JSON body of type `T`, and the Idempotency-Key that came with it.
pub struct Input<T> {
    /// The body.
    pub body: T,
    /// To be handed to the SQL function that gives or takes credit.
    pub idempotency: Option<Idempotency>,
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Input<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let path = request.uri().path().to_owned();
        let key = idempotency::key(request.headers())?;
        let Payload(mut bytes) = Payload::from_request(request, state).await?;
        if bytes.trim_ascii().is_empty() {
            // Who wants nothing in particular sends nothing, `{}`, or a content type and nothing.
            bytes = Bytes::from_static(b"{}");
        }
        if bytes.trim_ascii_start().starts_with(b"[") {
            // Serde would take a list of the members' values for the object.
            return Err(Error::new(Code::InvalidRequest).with_message("The body is a JSON object, not a list."));
        }
        let body = serde_json::from_slice(&bytes).map_err(|error| refusal(&error, &bytes))?;
        Ok(Self { body, idempotency: key.map(|key| Idempotency::new(key, &path, &bytes)) })
    }
}

/// What serde says of a body, in the API's form.
fn refusal(error: &serde_json::Error, body: &[u8]) -> Error {
    let text = error.to_string();
    if text.starts_with("unknown field") {
        return unknown("field", &text);
    }
    if text.starts_with("missing field") {
        return match text.split('`').nth(1).map(str::to_owned) {
            Some(field) => Error::invalid(field.clone(), format!("The field `{field}` is missing.")),
            None => Error::new(Code::InvalidRequest),
        };
    }
    let place = format!("line {}, column {}", error.line(), error.column());
    if error.is_data() {
        let name = member_at(body, error.line(), error.column()).filter(|name| is_name(name));
        let Some(name) = name else {
            let message = format!("The body is not as it should be: {}.", expectation(error).unwrap_or(place));
            return Error::new(Code::InvalidRequest).with_message(message);
        };
        if name.ends_with("_at") {
            return Error::invalid(
                name.clone(),
                format!("`{name}` is a time of RFC 3339, such as 2027-01-31T12:00:00Z."),
            );
        }
        let wanted = expectation(error).unwrap_or(place);
        return Error::invalid(name.clone(), format!("`{name}` is not as it should be: {wanted}."));
    }
    Error::new(Code::InvalidJson).with_message(format!("The body is not valid JSON: {place}."))
}

/// Refuses a member that serde does not know and names it, unless that is no name: it may be a key that slipped into the
/// wrong place, or as long as the body.
fn unknown(what: &str, serdes_words: &str) -> Error {
    match serdes_words.split('`').nth(1).filter(|name| is_name(name)) {
        Some(name) => Error::new(Code::UnknownField)
            .with_message(format!("This endpoint does not know the {what} `{name}`."))
            .with_param(name.to_owned()),
        None => Error::new(Code::UnknownField),
    }
}

/// Whether this can be repeated to whoever sent it.
fn is_name(name: &str) -> bool {
    (1..=LONGEST_MEMBER).contains(&name.len())
        && !holds_key(name)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What serde expected. What it got is left out: it may be a key in the wrong member, and clients log errors. `None` where the
/// message mixes the two.
fn expectation(error: &serde_json::Error) -> Option<String> {
    let text = error.to_string();
    if text.contains("but got") {
        // The parser of times quotes the character at which it failed.
        return None;
    }
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => Some(format!("expected {expected}")),
        None => (text.starts_with("duplicate field") || !text.contains(['`', '"'])).then_some(text),
    }
}

/// Query parameters of type `T`.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Self::of(&parts.uri)
    }
}

impl<T: DeserializeOwned> Params<T> {
    /// Reads those of an address.
    ///
    /// # Errors
    /// 400 that names the parameter at fault.
    pub fn of(uri: &Uri) -> Result<Self, Error> {
        let query = Query::<T>::try_from_uri(uri).map_err(|rejection| {
            let text = rejection.body_text();
            if text.contains("unknown field `") {
                return unknown("parameter", &text);
            }
            match at_fault(&text) {
                Some(name) => {
                    let message = format!("The parameter `{name}` is {}.", wanted(&name, &text));
                    Error::invalid(name, message)
                }
                None => Error::new(Code::InvalidRequest).with_message("A query parameter is not as it should be."),
            }
        })?;
        Ok(Self(query.0))
    }
}

/// The pairs of a query in which a name may stand several times.
///
/// # Errors
/// 400 for what is no query.
pub fn query_pairs(uri: &Uri) -> Result<Vec<(String, String)>, Error> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let malformed = |_| Error::new(Code::InvalidRequest).with_message("A query parameter is not as it should be.");
    pairs.map(|pairs| pairs.0).map_err(malformed)
}

/// Refuses a parameter that an endpoint does not know.
#[must_use]
pub fn unknown_parameter(name: &str) -> Error {
    unknown("parameter", &format!("`{name}`"))
}

/// A name that [`check_name`] takes, as documentation sees it.
pub struct Name;

impl PartialSchema for Name {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(LONGEST_NAME))
            .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]+$"))
            .description(Some("A name for people; it decides nothing."))
            .into()
    }
}

impl ToSchema for Name {}

/// A name that people give: 1 to 100 characters, none of them a control character.
pub fn check_name(param: &'static str, name: Option<&str>) -> Result<(), Error> {
    match name {
        Some(name) if !(1..=LONGEST_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) => Err(
            Error::invalid(param, format!("`{param}` has 1 to {LONGEST_NAME} characters and no control characters.")),
        ),
        _ => Ok(()),
    }
}

/// The id in a path. A malformed id names nothing, so it becomes the nil UUID, which no row has: the database then answers with
/// the 404 of its kind.
pub fn named_id(path: &str) -> Uuid {
    Uuid::try_parse(path).unwrap_or_default()
}

/// What a parameter should be, judged by its name and by axum's message. Nothing that the caller sent is repeated.
fn wanted(name: &str, text: &str) -> String {
    if matches!(name, "from" | "to") || name.ends_with("_at") {
        return "a time of RFC 3339, such as 2026-01-31T12:00:00Z (with `+` of an offset written as %2B)".to_owned();
    }
    if text.contains("invalid digit") || text.contains("number too") || text.contains("integer from empty") {
        return "a whole number within its bounds".to_owned();
    }
    if text.contains("provided string was not `true` or `false`") {
        return "true or false".to_owned();
    }
    match text.split_once("unknown variant").and_then(|(_, rest)| rest.rsplit_once(", expected ")) {
        Some((_, expected)) => expected.to_owned(),
        None => "not as GET /docs says it is".to_owned(),
    }
}

/// The parameter that axum's words blame: they end in `name: what is wrong with it`.
fn at_fault(text: &str) -> Option<String> {
    let (name, _) = text.strip_prefix("Failed to deserialize query string: ")?.split_once(": ")?;
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then(|| name.to_owned())
}

/// The size of a page: `limit` from 1 to `most`, or the usual one.
pub fn page_size(limit: Option<u32>, usual: Option<u32>, most: u32) -> Result<u32, Error> {
    match limit {
        None => Ok(usual.unwrap_or(USUAL_PAGE)),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(Error::invalid("limit", format!("`limit` is a number from 1 to {most}."))),
    }
}

/// A list that goes by ids which grow: its `cursor` is the last id of the page before.
pub fn check_id_cursor(cursor: Option<&str>) -> Result<(), Error> {
    let is_id = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok();
    if cursor.is_none_or(is_id) {
        return Ok(());
    }
    Err(Error::invalid("cursor", "`cursor` is the `next_cursor` of the page before."))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Known {
        amount: u32,
        ends_at: Option<jiff::Timestamp>,
    }

    fn read(body: &str) -> Error {
        refusal(&serde_json::from_str::<Known>(body).expect_err("refused"), body.as_bytes())
    }

    #[test]
    fn the_field_at_fault_is_named_and_no_value_is_repeated() {
        let unknown = read(r#"{"amount":1,"extra":2}"#);
        assert_eq!((unknown.code, unknown.param.as_deref()), (Code::UnknownField, Some("extra")));
        for key in [r#"{"gw_live_abc":1}"#, r#"{"sk-or-v1-abc":1}"#, &format!(r#"{{"{}":1}}"#, "f".repeat(41))] {
            let unknown = read(key);
            assert_eq!((unknown.code, unknown.param), (Code::UnknownField, None), "{key}");
            assert_eq!(unknown.message, Error::new(Code::UnknownField).message);
        }
        let missing = read("{}");
        assert_eq!((missing.code, missing.param.as_deref()), (Code::InvalidRequest, Some("amount")));
        let wrong = read(r#"{"amount":"gw_live_x, expected y"}"#);
        assert_eq!((wrong.code, wrong.param.as_deref()), (Code::InvalidRequest, Some("amount")));
        assert_eq!(wrong.message, "`amount` is not as it should be: expected u32 at line 1 column 33.");
        let late = read(r#"{"amount":1,"ends_at":"gw_live_x"}"#);
        assert_eq!(late.param.as_deref(), Some("ends_at"));
        assert_eq!(late.message, "`ends_at` is a time of RFC 3339, such as 2027-01-31T12:00:00Z.");
        assert_eq!(read("{").code, Code::InvalidJson);
    }
}
