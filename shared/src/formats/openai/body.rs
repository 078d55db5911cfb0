//! What the bodies of OpenAI's formats share: their members as far as money and routing need them, and what we add.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::billed::billed;
use super::usage::Reported;
use crate::api_key::holds_key;
use crate::dialect::Dialect;
use crate::error::{Code, Error};
use crate::formats::Bill;
use crate::integer::Integer;
use crate::object::Object;
use crate::providers::{Rows, routing};
use crate::repeated_member::repeated_member;

/// The most choices of one call, as at OpenAI.
pub const MOST_CHOICES: u64 = 128;
/// Beyond this no model writes; it keeps sums of limits far from any overflow.
pub const MOST_OUTPUT: u64 = 10_000_000;

/// Reads a body that must be a JSON object, none of whose objects has a member twice.
///
/// # Errors
/// `invalid_json`, which says where it goes wrong; `invalid_request` for a member that stands twice.
pub fn parse(body: &Bytes) -> Result<Object<'_>, Error> {
    let request = serde_json::from_slice(body).map_err(|error| {
        let message = format!("The body is not a JSON object: {}.", describe(body, &error));
        Error::new(Code::InvalidJson).with_message(message)
    })?;
    match std::str::from_utf8(body).ok().and_then(repeated_member) {
        Some(name) => Err(twice(&name)),
        None => Ok(request),
    }
}

/// A body that was parsed before.
///
/// # Errors
/// None in practice.
pub fn parse_again(body: &Bytes) -> Result<Object<'_>, Error> {
    serde_json::from_slice(body).map_err(|error| unwritable(&error))
}

/// A text of a body that was parsed before; empty if it has none.
#[must_use]
pub fn text_of(body: &Bytes, name: &str) -> String {
    parse_again(body).ok().and_then(|request| request.read(name).ok().flatten()).unwrap_or_default()
}

/// Names the member, unless that is no name: it may be as long as the body, or a key.
fn twice(name: &str) -> Error {
    let is_name = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name && !name.is_empty() && !holds_key(name) {
        return Error::invalid(name.to_owned(), format!("`{name}` stands twice in one object; say it once."));
    }
    Error::new(Code::InvalidRequest).with_message("A member stands twice in one object of the body; say it once.")
}

/// Where JSON goes wrong, without quoting what is there.
fn describe(body: &[u8], error: &serde_json::Error) -> String {
    match body.trim_ascii_start().first() {
        None => "it is empty".to_owned(),
        Some(b'[') => "it is an array".to_owned(),
        Some(b'{') if error.is_eof() => {
            format!("it ends too early at line {}, column {}", error.line(), error.column())
        }
        _ => format!("something is wrong at line {}, column {}", error.line(), error.column()),
    }
}

/// A member, or a 400 that names it.
///
/// # Errors
/// 400 with `message`.
pub fn read<'s, T: Deserialize<'s>>(
    request: &'s Object<'_>,
    name: &'static str,
    message: &'static str,
) -> Result<Option<T>, Error> {
    request.read(name).map_err(|_| Error::invalid(name, message))
}

/// Checks members that are texts, where they are there.
///
/// # Errors
/// 400 that names the first one that is none.
pub fn texts(request: &Object<'_>, names: &[&'static str]) -> Result<(), Error> {
    for name in names {
        let text: Result<Option<String>, _> = request.read(name);
        text.map_err(|_| Error::invalid(*name, format!("`{name}` is a text.")))?;
    }
    Ok(())
}

/// A whole number from 1 to `most`.
///
/// # Errors
/// 400 that names the member and the range.
pub fn whole_number(request: &Object<'_>, name: &'static str, most: u64) -> Result<Option<u64>, Error> {
    let out_of_range = || Error::invalid(name, format!("`{name}` is a whole number from 1 to {most}."));
    let number = request.read::<Integer>(name).map_err(|_| out_of_range())?;
    let in_range = |Integer(number)| u64::try_from(number).ok().filter(|number| (1..=most).contains(number));
    number.map(|number| in_range(number).ok_or_else(out_of_range)).transpose()
}

/// The provider that the model's id names, if it does, and the model's id in the catalog.
///
/// # Errors
/// 400 that names `model`.
pub fn model(request: &Object<'_>, rows: Rows) -> Result<(Option<&'static str>, String), Error> {
    let missing = || Error::new(Code::MissingModel).with_param("model");
    let model: String = read(request, "model", "`model` is a text.")?.ok_or_else(missing)?;
    if model.is_empty() || model.len() > 256 || model.chars().any(char::is_control) {
        return Err(missing());
    }
    let (pinned, model) = routing::pinned(&model, rows);
    Ok((pinned, model.to_owned()))
}

/// Whether the answer is streamed, and whether the client wants the usage at the stream's end.
///
/// # Errors
/// 400 that names the member.
pub fn streaming(request: &Object<'_>) -> Result<(bool, bool), Error> {
    let stream = read(request, "stream", "`stream` is true or false.")?.unwrap_or(false);
    let options: Option<Object<'_>> = read(request, "stream_options", "`stream_options` is an object.")?;
    let include_usage = options.as_ref().map_or(Ok(None), |options| options.read("include_usage"));
    let include_usage: Option<bool> =
        include_usage.map_err(|_| Error::invalid("stream_options", "`include_usage` is true or false."))?;
    if options.is_some() && !stream {
        return Err(Error::invalid("stream_options", "`stream_options` goes with `stream: true` only."));
    }
    Ok((stream, include_usage.unwrap_or(false)))
}

/// Asks the provider for a stream with its usage, or for a plain answer.
///
/// # Errors
/// None in practice: `stream_options` was read before.
pub fn ask_for_stream(request: &mut Object<'_>, streamed: bool) -> serde_json::Result<()> {
    if !streamed {
        request.remove("stream_options");
        return Ok(());
    }
    request.set("stream", &true)?;
    let given = request.get("stream_options").unwrap_or("null").to_owned();
    let mut options: Object<'_> = if given == "null" { Object::default() } else { serde_json::from_str(&given)? };
    options.set("include_usage", &true)?;
    request.set("stream_options", &options)
}

/// What the gateway adds to an answer, under `gateway`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct GatewayNote<'a> {
    /// Who served it.
    provider: &'a str,
    /// What that provider calls the model.
    upstream_model: &'a str,
    /// The request's name, as in `x-request-id`.
    request_id: &'a str,
    /// The kept chat that the call was a turn of.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<Uuid>,
}

impl<'a> GatewayNote<'a> {
    /// The note that goes with a bill.
    #[must_use]
    pub const fn of(bill: &Bill<'a>) -> Self {
        Self {
            provider: bill.provider,
            upstream_model: bill.upstream_model,
            request_id: bill.request_id,
            session_id: bill.session_id,
        }
    }
}

/// A plain answer with its cost and who served it; everything else stays as it was written.
///
/// # Errors
/// None in practice: the body was read before.
pub fn with_bill(body: &Bytes, reported: &Reported, bill: &Bill<'_>, dialect: Dialect) -> serde_json::Result<Bytes> {
    let mut answer: Object<'_> = serde_json::from_slice(body)?;
    answer.set("usage", &billed(reported, bill, dialect)?)?;
    answer.set("gateway", &GatewayNote::of(bill))?;
    serde_json::to_vec(&answer).map(Bytes::from)
}

/// What went wrong with a body that was read before and cannot be written now.
#[must_use]
pub fn unwritable(error: &serde_json::Error) -> Error {
    tracing::error!(%error, "a request that was read before cannot be read again");
    Error::new(Code::InternalError)
}
