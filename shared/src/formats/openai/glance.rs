//! What a chunk shows at a glance: whether it has a member, output, or an error.

use memchr::memmem::Finder;

use super::Shape;
use crate::formats::events::Broken;
use crate::object::Object;

/// The longest id or reason that is kept, in bytes.
const LONGEST_WORD: usize = 128;

/// Breaks the stream where a chunk tells of an error.
///
/// # Errors
/// That error.
pub fn refuse_error(json: &[u8]) -> Result<(), Broken> {
    let chunk: Object<'_> = serde_json::from_slice(json).map_err(|_| Broken::Garbled)?;
    error(&chunk).map_or(Ok(()), Err)
}

/// The error that a chunk or a body tells of, if it does. Its code may be a number or one in quotes.
pub fn error(answer: &Object<'_>) -> Option<Broken> {
    let told = answer.get("error").filter(|error| *error != "null").map(serde_json::from_str);
    let error: Object<'_> = match told {
        Some(error) => error.unwrap_or_default(),
        // vLLM's form.
        None if answer.get("object") == Some("\"error\"") => answer.clone(),
        None => return None,
    };
    let code =
        ["code", "status", "status_code"].iter().find_map(|name| error.get(name)?.trim_matches('"').parse().ok());
    // What it says is for whoever tells of it.
    Some(Broken::Error(code, serde_json::to_vec(answer).unwrap_or_default().into()))
}

/// The choices of a chunk; none where it has none.
pub fn choices(json: &[u8]) -> Vec<Object<'_>> {
    #[derive(serde::Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow)]
        choices: Vec<Object<'a>>,
    }
    serde_json::from_slice::<Chunk<'_>>(json).map(|chunk| chunk.choices).unwrap_or_default()
}

/// What an answer, or a chunk of it, calls itself.
pub fn id(json: &str) -> Option<String> {
    let answer: Object<'_> = serde_json::from_str(json).ok()?;
    answer.read("id").ok().flatten().filter(|word: &String| is_word(word))
}

/// Why the first of its choices ended, if it has.
pub fn finish_reason(json: &str) -> Option<String> {
    choices(json.as_bytes()).first()?.read("finish_reason").ok().flatten().filter(|word: &String| is_word(word))
}

/// Whether it can be kept: a provider may write anything.
fn is_word(text: &str) -> bool {
    (1..=LONGEST_WORD).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a chunk has what a client waits for.
pub fn has_output<S: Shape>(json: &[u8]) -> bool {
    choices(json).iter().any(S::has_output)
}

/// Whether the member stands in the chunk with a value that is not null. A text that quotes the name has its quotes
/// escaped, so it is not taken for the member.
pub fn has_value(member: &Finder<'_>, mut json: &[u8]) -> bool {
    while let Some(at) = member.find(json) {
        json = &json[at + member.needle().len()..];
        let value = json.trim_ascii_start().strip_prefix(b":");
        if value.is_some_and(|value| !value.trim_ascii_start().starts_with(b"null")) {
            return true;
        }
    }
    false
}
