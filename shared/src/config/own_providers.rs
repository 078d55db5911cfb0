//! Providers that a deployment adds to the table by configuration alone: `PROVIDERS_JSON`, an array with an entry for each.
//!
//! What is wrong with it is said by the place of the entry, its name and the member. Values are never repeated: any of them may be a
//! key that slipped into the wrong place.

use serde_json::Value;

use super::misconfigured::Misconfigured;
use super::own_entry::{Entry, Wrong};
use super::providers::{ProviderSettings, settings};
use super::read::Reader;
use super::variables::PROVIDERS_JSON;
use crate::providers::{Provider, Rows};
use crate::repeated_member::repeated_member;

/// The most entries: each is a candidate that every call tells its stores of.
const MOST: usize = 50;

/// The rows that this deployment knows, and the settings of those that it adds. What is malformed is noted, and the process does not
/// start.
pub(super) fn read<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> (Rows, Vec<ProviderSettings>) {
    let Some(text) = reader.text(&PROVIDERS_JSON) else { return (Rows::TABLE, Vec::new()) };
    let entries = match entries(&text) {
        Ok(entries) => entries,
        Err(wrong) => return reader.needed(Err(wrong), (Rows::TABLE, Vec::new())),
    };
    let mut names: Vec<&str> = Vec::new();
    let mut read = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        match Entry::read(entry, &names) {
            Ok(entry) => read.push(entry),
            Err(wrong) => reader.needed(Err(malformed(place, entry, wrong)), ()),
        }
        names.extend(entry["name"].as_str());
    }
    // What is known of a provider is read from everywhere and for as long as the process lives; so these rows are never freed, like
    // those of the table. It happens once, at the start, and an entry has a few hundred bytes.
    let (rows, own): (Vec<Provider>, Vec<_>) =
        read.into_iter().map(|entry| (entry.row, (entry.keys, entry.base_url))).unzip();
    let rows: &'static [Provider] = Box::leak(rows.into_boxed_slice());
    let own = rows.iter().zip(own).map(|(row, (keys, base_url))| settings(row, keys, &base_url));
    (Rows::with(rows), own.collect())
}

/// The array's entries.
fn entries(text: &str) -> Result<Vec<Value>, Misconfigured> {
    let wrong = |problem: String| {
        let remedy = "write an array with an object for each provider, such as \
                      [{\"name\":\"acme\",\"base_url\":\"https://llm.acme.example/v1\",\"api_key\":\"…\"}]";
        Misconfigured::malformed(PROVIDERS_JSON.name, problem, remedy)
    };
    let parsed: Value = serde_json::from_str(text)
        .map_err(|error| wrong(format!("is not JSON at line {}, column {}", error.line(), error.column())))?;
    let Value::Array(entries) = parsed else { return Err(wrong("is not a JSON array".to_owned())) };
    if entries.len() > MOST {
        return Err(wrong(format!("has more than {MOST} entries")));
    }
    if repeated_member(text).is_some() {
        return Err(wrong("has an object with the same member twice".to_owned()));
    }
    Ok(entries)
}

/// Which entry it is, and what is wrong with it.
fn malformed(place: usize, entry: &Value, Wrong { problem, remedy }: Wrong) -> Misconfigured {
    let name = entry["name"].as_str().filter(|name| Entry::is_name(name)).map(|name| format!(" (`{name}`)"));
    let problem = format!("has an entry {}{} {problem}", place + 1, name.unwrap_or_default());
    Misconfigured::malformed(PROVIDERS_JSON.name, problem, remedy)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Config;
    use super::*;
    use crate::formats::format::Format;
    use crate::providers::table::{FORMATS, PROVIDERS};
    use crate::providers::{Authentication, Quirks};

    /// Something that may be a key.
    const KEY: &str = "sk-Never-To-Be-Shown";

    fn config(json: &str) -> Config {
        Config::from_lookup(|name| (name == PROVIDERS_JSON.name).then(|| json.to_owned()))
    }

    #[test]
    fn an_entry_says_all_that_a_row_of_the_table_does() {
        let config = config(&format!(
            r#"[{{"name": "acme", "base_url": "https://llm.acme.example/v1/", "api_key": "{KEY}"}},
                {{"name": "b-2", "title": "Box Two", "base_url": "http://10.0.0.7:8000", "api_key": ["one, two", "three", "two"],
                  "authentication": {{"header": "X-Key"}}, "formats": {{"messages": "/m", "chat": "/openai/chat?api-version=2"}},
                  "own_keys": true, "quirks": {{"open_weights": false, "any_tool": true}}}},
                {{"name": "c", "base_url": "https://c.example", "formats": ["embeddings", "rerank", "embeddings"],
                  "quirks": {{"strict": true}}}}]"#
        ));
        assert!(config.malformed.is_empty(), "{:?}", config.malformed);
        assert_eq!(config.rows.count(), PROVIDERS.len() + 3);
        assert_eq!(config.rows.iter().map(|row| row.name).collect::<Vec<_>>()[PROVIDERS.len()..], ["acme", "b-2", "c"]);
        let own = &config.providers[PROVIDERS.len()..];
        let [acme, b, c] = own else { panic!("{} providers", own.len()) };
        // Where nothing is said it is vLLM's row.
        let vllm = config.rows.named("vllm").expect("a row");
        assert_eq!(
            (acme.provider.title, acme.provider.quirks, acme.provider.authentication),
            ("acme", vllm.quirks, vllm.authentication)
        );
        assert_eq!((acme.keys.as_slice(), acme.key_names.len(), acme.is_usable()), (&[KEY.to_owned()][..], 0, true));
        let address = |settings: &ProviderSettings, format| settings.endpoint(format).map(ToString::to_string);
        assert_eq!(address(acme, Format::Chat).as_deref(), Some("https://llm.acme.example/v1/chat/completions"));
        assert_eq!(address(acme, Format::Embeddings), None);
        assert_eq!(b.keys, ["one", "two", "three"]);
        assert_eq!(b.key_names, ["b-2#1", "b-2#2", "b-2#3"]);
        assert_eq!((b.provider.title, b.provider.authentication), ("Box Two", Authentication::Header("x-key")));
        assert_eq!(address(b, Format::Chat).as_deref(), Some("http://10.0.0.7:8000/openai/chat?api-version=2"));
        assert_eq!(address(b, Format::Messages).as_deref(), Some("http://10.0.0.7:8000/m"));
        let quirks = b.provider.quirks;
        assert_eq!(
            (quirks.open_weights, quirks.self_hosted, quirks.chat.any_tool, quirks.chat.older_limit),
            (false, false, true, true)
        );
        assert_eq!((c.endpoints.len(), c.is_usable()), (2, true));
        assert_eq!(c.provider.quirks, Quirks { strict: true, self_hosted: true, ..Quirks::PLAIN });
    }

    #[test]
    fn without_our_key_callers_keys_alone_are_taken() {
        let own = r#"[{"name": "acme", "base_url": "https://a.example", "own_keys": true}]"#;
        let config = config(own);
        let acme = config.providers.last().expect("a provider");
        assert_eq!((acme.provider.name, acme.is_usable(), acme.provider.quirks.self_hosted), ("acme", false, false));
    }

    #[test]
    fn every_format_has_a_name() {
        for format in Format::ALL {
            assert_eq!(FORMATS.iter().filter(|(_, (named, _))| *named == format).count(), 1, "{format:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed_and_no_value_is_shown() {
        let with = |further: serde_json::Value| {
            let mut entry = json!({ "name": "acme", "base_url": "https://a.example/v1", "api_key": KEY });
            entry.as_object_mut().expect("an object").extend(further.as_object().expect("an object").clone());
            entry.as_object_mut().expect("an object").retain(|_, value| *value != json!("left out"));
            json!([entry]).to_string()
        };
        let entry = json!({ "name": "acme", "base_url": "https://a.example/v1" });
        let many: Vec<_> =
            (0..=MOST).map(|place| json!({ "name": format!("a{place}"), "base_url": "https://a.example" })).collect();
        let cases = [
            // The whole.
            (KEY.to_owned(), "is not JSON at line 1, column 1", "write an array with an object for each"),
            (format!(r#"[{{"name": "acme" "{KEY}"}}]"#), "is not JSON at line 1, column", "write an array"),
            (entry.to_string(), "is not a JSON array", "write an array"),
            (json!(many).to_string(), "has more than 50 entries", "write an array"),
            (
                format!(r#"[{{"name": "acme", "name": "{KEY}"}}]"#),
                "has an object with the same member twice",
                "write an array",
            ),
            (json!([KEY]).to_string(), "has an entry 1 that is not an object", "between { and }"),
            (
                json!([entry, entry]).to_string(),
                "has an entry 2 (`acme`) whose `name` an entry before it has",
                "another name",
            ),
            (with(json!({ "apikey": KEY })), "with the member `apikey`, which is not known", "api_key, authentication"),
            (
                with(json!({ KEY: true })),
                "has an entry 1 (`acme`) with the member, which is not known",
                "api_key, authentication",
            ),
            // Its members.
            (with(json!({ "name": "left out" })), "has an entry 1 without a `name`", "1 to 32 small letters"),
            (with(json!({ "name": KEY })), "has an entry 1 whose `name` cannot be one", "1 to 32 small letters"),
            (with(json!({ "name": "" })), "whose `name` cannot be one", "1 to 32 small letters"),
            (with(json!({ "name": "a".repeat(33) })), "whose `name` cannot be one", "1 to 32 small letters"),
            (with(json!({ "name": "a,b" })), "whose `name` cannot be one", "1 to 32 small letters"),
            (with(json!({ "name": "a:b" })), "whose `name` cannot be one", "1 to 32 small letters"),
            (with(json!({ "name": "7b" })), "whose `name` cannot be one", "1 to 32 small letters"),
            (with(json!({ "name": 7 })), "whose `name` cannot be one", "1 to 32 small letters"),
            (
                with(json!({ "name": "openai" })),
                "(`openai`) whose `name` the gateway has already",
                "variables of its own",
            ),
            (with(json!({ "name": "null" })), "(`null`) whose `name` is reserved", "another name"),
            (with(json!({ "title": "" })), "whose `title` cannot be one", "1 to 64 characters"),
            (with(json!({ "title": "a\nb" })), "whose `title` cannot be one", "1 to 64 characters"),
            (with(json!({ "base_url": "left out" })), "without a `base_url`", "an http(s) URL"),
            (with(json!({ "base_url": "llm.example.com" })), "whose `base_url` cannot be one", "an http(s) URL"),
            (with(json!({ "base_url": "ftp://a.example" })), "whose `base_url` cannot be one", "an http(s) URL"),
            (
                with(json!({ "base_url": format!("https://me:{KEY}@a.example") })),
                "whose `base_url` cannot be one",
                "without a user",
            ),
            (
                with(json!({ "base_url": format!("https://a.example/v1?key={KEY}") })),
                "whose `base_url` cannot be one",
                "a query",
            ),
            (with(json!({ "api_key": "" })), "whose `api_key` is empty", "leave it out where none is wanted"),
            (with(json!({ "api_key": [] })), "whose `api_key` is empty", "a list of texts"),
            (with(json!({ "api_key": [KEY, 7] })), "whose `api_key` is no text", "a list of texts"),
            (
                with(json!({ "api_key": format!("{KEY}\n{KEY}") })),
                "holds a character that no header may",
                "copy it again",
            ),
            (with(json!({ "api_key": format!("{KEY}…") })), "holds a character that no header may", "copy it again"),
            (with(json!({ "authentication": "basic" })), "whose `authentication` cannot be one", "\"bearer\""),
            (
                with(json!({ "authentication": { "header": KEY, "prefix": "" } })),
                "whose `authentication` cannot be one",
                "\"bearer\"",
            ),
            (with(json!({ "authentication": { "header": "x key" } })), "names what is no header", "\"bearer\""),
            (
                with(json!({ "authentication": { "header": "Content-Type" } })),
                "names a header that says something else",
                "x-api-key",
            ),
            (
                with(json!({ "formats": "chat" })),
                "whose `formats` are neither a list nor an object",
                "chat, completions, messages",
            ),
            (with(json!({ "formats": [] })), "whose `formats` are empty", "chat, completions, messages"),
            (with(json!({ "formats": ["chats"] })), "whose `formats` are not all known", "chat, completions, messages"),
            (
                with(json!({ "formats": { "video": "/video" } })),
                "whose `formats` are not all known",
                "chat, completions",
            ),
            (
                with(json!({ "formats": { "chat": "chat" } })),
                "with a path in `formats` that cannot be one",
                "begins with /",
            ),
            (
                with(json!({ "formats": { "chat": "/../chat" } })),
                "with a path in `formats` that cannot be one",
                "begins with /",
            ),
            (
                with(json!({ "formats": { "chat": "/a b" } })),
                "with a path in `formats` that cannot be one",
                "begins with /",
            ),
            (
                with(json!({ "formats": { "chat": true } })),
                "with a path in `formats` that cannot be one",
                "begins with /",
            ),
            (with(json!({ "own_keys": "yes" })), "whose `own_keys` is neither true nor false", "keys of their own"),
            (with(json!({ "quirks": ["strict"] })), "whose `quirks` are no object", "open_weights, strict"),
            (
                with(json!({ "quirks": { "self_hosted": true } })),
                "with the member `self_hosted`, which is not known",
                "open_weights, strict",
            ),
            (with(json!({ "quirks": { "strict": 1 } })), "whose `strict` is neither true nor false", "true or false"),
        ];
        for (json, problem, remedy) in cases {
            let config = config(&json);
            let lines: Vec<String> = config.malformed.iter().map(ToString::to_string).collect();
            let [line] = lines.as_slice() else { panic!("{json}: {lines:?}") };
            assert!(line.starts_with("PROVIDERS_JSON ") && !line.contains('\n'), "{json}: {line}");
            let (said, to_do) = line.split_once(": ").expect("a problem and a remedy");
            assert!(said.contains(problem) && to_do.contains(remedy), "{json}: {line}");
            assert!(!line.contains(KEY) && !format!("{:?}", config.malformed).contains(KEY), "{line}");
        }
    }

    #[test]
    fn every_entry_that_is_wrong_is_named() {
        let config = config(
            r#"[{"name": "a"}, {"name": "b", "base_url": "https://b.example"}, {"base_url": "https://c.example"}]"#,
        );
        let lines: Vec<String> = config.malformed.iter().map(ToString::to_string).collect();
        assert!(
            lines.len() == 2 && lines[0].contains("entry 1 (`a`)") && lines[1].contains("entry 3 without"),
            "{lines:?}"
        );
    }
}
