//! An entry of `PROVIDERS_JSON`: one provider, read member by member, so that each refusal can say what is allowed.

use http::HeaderValue;
use reqwest::Url;
use serde_json::{Map, Value};

use super::providers::keys;
use super::variables::PROVIDERS_JSON;
use crate::formats::format::Format;
use crate::providers::quirks::ChatDialect;
use crate::providers::table::{FORMATS, OPEN, PROVIDERS};
use crate::providers::{Authentication, Provider, Quirks};

/// What an entry may say.
const MEMBERS: [&str; 8] = ["name", "title", "base_url", "api_key", "authentication", "formats", "own_keys", "quirks"];

/// Names that an array of the database would take for something else.
const RESERVED: [&str; 1] = ["null"];

/// Headers that a request has anyway, or that are the connection's.
const TAKEN_HEADERS: [&str; 14] = [
    "accept",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// What is wrong with an entry, as the end of "has an entry 1 …", and what to write.
pub(super) struct Wrong {
    pub problem: String,
    pub remedy: String,
}

fn wrong(problem: impl Into<String>, remedy: impl Into<String>) -> Wrong {
    Wrong { problem: problem.into(), remedy: remedy.into() }
}

/// A provider as its entry says.
pub(super) struct Entry {
    /// Its row.
    pub row: Provider,
    /// Our keys there.
    pub keys: Vec<String>,
    /// Where it is.
    pub base_url: String,
}

impl Entry {
    /// Reads an entry; `before` are the names of those before it.
    pub fn read(entry: &Value, before: &[&str]) -> Result<Self, Wrong> {
        let Value::Object(members) = entry else {
            return Err(wrong("that is not an object", "write `name` and `base_url` of a provider between { and }"));
        };
        known(members, &MEMBERS, "an entry has")?;
        let name = name(members, before)?;
        let keys = api_keys(members)?;
        let own_keys = flag(members, "own_keys", "whether callers may keep keys of their own there")?.unwrap_or(false);
        let row = Provider {
            title: title(members)?.map_or(name, leaked),
            name,
            base_url: "",
            authentication: authentication(members)?,
            speaks: Vec::leak(formats(members)?),
            quirks: Quirks { self_hosted: !own_keys, ..quirks(members)? },
            key: PROVIDERS_JSON,
            address: PROVIDERS_JSON,
        };
        Ok(Self { row, keys, base_url: base_url(members)? })
    }

    /// Whether a provider can be called this: what stands in ids of models before a colon, in Redis and, unquoted, in arrays of the
    /// database.
    pub fn is_name(name: &str) -> bool {
        let may_follow = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        name.len() <= 32 && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(may_follow)
    }
}

/// A text that lives as long as the process (see `own_providers`).
fn leaked(text: String) -> &'static str {
    text.leak()
}

/// Refuses members that nobody reads: a misspelt one would be a setting that is not there.
fn known(members: &Map<String, Value>, known: &[&str], has: &str) -> Result<(), Wrong> {
    let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let is_word = unknown.len() <= 24 && unknown.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase());
    let named = if is_word { format!(" `{unknown}`") } else { String::new() };
    Err(wrong(format!("with the member{named}, which is not known"), format!("{has} {}", known.join(", "))))
}

fn name(members: &Map<String, Value>, before: &[&str]) -> Result<&'static str, Wrong> {
    const SHAPE: &str = "write 1 to 32 small letters, digits and hyphens, of which the first is a letter";
    let name = match members.get("name") {
        None => return Err(wrong("without a `name`", SHAPE)),
        Some(name) => name.as_str().filter(|name| Entry::is_name(name)),
    };
    let name = name.ok_or_else(|| wrong("whose `name` cannot be one", SHAPE))?;
    if PROVIDERS.iter().any(|row| row.name == name) {
        let remedy = format!("`{name}` stands in docs/providers.md, with variables of its own; write another name");
        return Err(wrong("whose `name` the gateway has already", remedy));
    }
    if RESERVED.contains(&name) {
        return Err(wrong("whose `name` is reserved", "write another name"));
    }
    if before.contains(&name) {
        return Err(wrong("whose `name` an entry before it has", "write another name, or remove one of the two"));
    }
    Ok(leaked(name.to_owned()))
}

fn title(members: &Map<String, Value>) -> Result<Option<String>, Wrong> {
    let fits = |title: &&str| (1..=64).contains(&title.chars().count()) && !title.chars().any(char::is_control);
    match members.get("title") {
        None => Ok(None),
        Some(title) => title.as_str().filter(fits).map(|title| Some(title.to_owned())).ok_or_else(|| {
            wrong("whose `title` cannot be one", "write its name for people, 1 to 64 characters, or leave it out")
        }),
    }
}

fn base_url(members: &Map<String, Value>) -> Result<String, Wrong> {
    const SHAPE: &str =
        "write an http(s) URL such as https://llm.example.com/v1, without a user, a query or a fragment";
    let given = members.get("base_url").ok_or_else(|| wrong("without a `base_url`", SHAPE))?;
    let sound = |text: &&str| {
        Url::parse(text).is_ok_and(|url| {
            let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
            let is_bare = url.username().is_empty() && url.password().is_none();
            is_web && is_bare && url.query().is_none() && url.fragment().is_none()
        })
    };
    let url = given.as_str().map(str::trim).filter(sound);
    url.map(|url| url.trim_end_matches('/').to_owned()).ok_or_else(|| wrong("whose `base_url` cannot be one", SHAPE))
}

/// One key, several with commas between them or in a list, or none.
fn api_keys(members: &Map<String, Value>) -> Result<Vec<String>, Wrong> {
    let remedy =
        "write the key, several with commas between them or as a list of texts, or leave it out where none is wanted";
    let text = match members.get("api_key") {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(texts)) => {
            texts.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|texts| texts.join(","))
        }
        Some(_) => None,
    };
    let keys = keys(&text.ok_or_else(|| wrong("whose `api_key` is no text", remedy))?);
    if keys.is_empty() {
        return Err(wrong("whose `api_key` is empty", remedy));
    }
    if keys.iter().any(|key| HeaderValue::from_str(key).is_err() || !key.is_ascii()) {
        return Err(wrong("whose `api_key` holds a character that no header may", "copy it again"));
    }
    Ok(keys)
}

/// How it wants the key.
fn authentication(members: &Map<String, Value>) -> Result<Authentication, Wrong> {
    const SHAPE: &str =
        "write \"bearer\", which holds without it, or {\"header\": \"x-api-key\"} with the name of a header";
    let named = match members.get("authentication") {
        None => return Ok(Authentication::Bearer),
        Some(Value::String(word)) if word == "bearer" => return Ok(Authentication::Bearer),
        Some(Value::Object(object)) if object.len() == 1 => object.get("header").and_then(Value::as_str),
        Some(_) => None,
    };
    let name = named.ok_or_else(|| wrong("whose `authentication` cannot be one", SHAPE))?.to_ascii_lowercase();
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=64).contains(&name.len()) || !name.bytes().all(may_stand) {
        return Err(wrong("whose `authentication` names what is no header", SHAPE));
    }
    if TAKEN_HEADERS.contains(&name.as_str()) {
        return Err(wrong("whose `authentication` names a header that says something else", SHAPE));
    }
    Ok(Authentication::Header(leaked(name)))
}

/// What it speaks, and where: a list of names, or an object with the path of each.
fn formats(members: &Map<String, Value>) -> Result<Vec<(Format, &'static str)>, Wrong> {
    let names: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
    let shape = || {
        let names = names.join(", ");
        format!(
            "write a list of {names}, or an object with the path of each, such as {{\"chat\": \"/chat/completions\"}}"
        )
    };
    let usual = |name: &str| FORMATS.iter().find(|(known, _)| *known == name).map(|(_, usual)| *usual);
    let unknown = || wrong("whose `formats` are not all known", shape());
    let mut spoken: Vec<(Format, &'static str)> = Vec::new();
    match members.get("formats") {
        None => spoken.extend(usual("chat")),
        Some(Value::Array(listed)) => {
            for name in listed {
                let format = name.as_str().and_then(usual).ok_or_else(unknown)?;
                if !spoken.contains(&format) {
                    spoken.push(format);
                }
            }
        }
        Some(Value::Object(paths)) => {
            for (name, path) in paths {
                let (format, _) = usual(name).ok_or_else(unknown)?;
                let path = path.as_str().filter(|path| is_path(path)).ok_or_else(|| {
                    let remedy = "write a path behind the `base_url` that begins with /, of letters, digits and . _ ~ - /, and a query if it must be";
                    wrong("with a path in `formats` that cannot be one", remedy)
                })?;
                spoken.push((format, leaked(path.to_owned())));
            }
        }
        Some(_) => return Err(wrong("whose `formats` are neither a list nor an object", shape())),
    }
    if spoken.is_empty() {
        return Err(wrong("whose `formats` are empty", shape()));
    }
    Ok(spoken)
}

/// Whether it stays as it is behind an address: what a URL would write otherwise is none.
fn is_path(path: &str) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-');
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(may_stand);
    path.len() <= 200
        && path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment))
        && query.bytes().all(|byte| may_stand(byte) || matches!(byte, b'=' | b'&'))
}

/// How it differs from OpenAI: where nothing is said, as a server of open models does (vLLM's row).
fn quirks(members: &Map<String, Value>) -> Result<Quirks, Wrong> {
    const NAMES: [&str; 7] =
        ["open_weights", "strict", "older_limit", "system_only", "wants_thoughts", "usage_unasked", "any_tool"];
    let shape = || format!("write an object of {}, each true or false", NAMES.join(", "));
    let given = match members.get("quirks") {
        None => return Ok(OPEN),
        Some(Value::Object(given)) => given,
        Some(_) => return Err(wrong("whose `quirks` are no object", shape())),
    };
    known(given, &NAMES, "`quirks` are")?;
    let set = |name: &str, otherwise: bool| Ok(flag(given, name, "a quirk")?.unwrap_or(otherwise));
    let strict = set("strict", false)?;
    // One that is as strict as OpenAI speaks as OpenAI does.
    let usual = if strict { Quirks::PLAIN } else { OPEN };
    Ok(Quirks {
        strict,
        open_weights: set("open_weights", usual.open_weights)?,
        chat: ChatDialect {
            older_limit: set("older_limit", usual.chat.older_limit)?,
            system_only: set("system_only", usual.chat.system_only)?,
            wants_thoughts: set("wants_thoughts", usual.chat.wants_thoughts)?,
            usage_unasked: set("usage_unasked", usual.chat.usage_unasked)?,
            any_tool: set("any_tool", usual.chat.any_tool)?,
        },
        ..usual
    })
}

fn flag(members: &Map<String, Value>, name: &str, says: &str) -> Result<Option<bool>, Wrong> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(wrong(
            format!("whose `{name}` is neither true nor false"),
            format!("it is {says}; write true or false"),
        )),
    }
}
