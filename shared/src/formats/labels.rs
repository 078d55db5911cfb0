//! What a caller says of a call for its own books: whom it is for, and what it is sorted under. It is recorded with the request, and an
//! end user may have a budget.
//!
//! Members that say it: `user`, `safety_identifier` and `metadata` in OpenAI's formats (platform.openai.com/docs/api-reference),
//! `metadata.user_id` in Anthropic's (docs.anthropic.com/en/api/messages). They go on to the provider as they are; what cannot be
//! recorded as it is refuses no call.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::api_key::without_keys;
use crate::object::Object;

/// The longest name of an end user, in characters.
pub const LONGEST_USER: usize = 256;
/// The most tags of a call, and the longest one, in characters.
const MOST_TAGS: usize = 10;
const LONGEST_TAG: usize = 64;
/// Members of a call's metadata that are recorded, how long their names may be, and what is kept of a text, as at OpenAI.
const MOST_MEMBERS: usize = 16;
const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 512;

/// What a request says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// Whom it is for.
    pub end_user: Option<String>,
    /// What it is sorted under.
    pub tags: Vec<String>,
    /// What else is said of it: texts, numbers and truth values by their names.
    pub metadata: Option<Value>,
}

impl Labels {
    /// Of a request in one of OpenAI's formats.
    #[must_use]
    pub fn of_openai(request: &Object<'_>) -> Self {
        let named = |name| request.read::<String>(name).ok().flatten().and_then(|name| end_user(&name));
        let end_user = named("user").or_else(|| named("safety_identifier"));
        Self { end_user, ..Self::of_metadata(request) }
    }

    /// Of a request for a response, whose metadata are the response's own: they are sealed with it where it is stored, and deleted with it,
    /// so they stand nowhere else.
    #[must_use]
    pub fn of_responses(request: &Object<'_>) -> Self {
        Self { metadata: None, ..Self::of_openai(request) }
    }

    /// Of a request in Anthropic's format.
    #[must_use]
    pub fn of_anthropic(request: &Object<'_>) -> Self {
        let mut labels = Self::of_metadata(request);
        let user = labels.metadata.as_mut().and_then(Value::as_object_mut).and_then(|said| said.remove("user_id"));
        let metadata: Option<Object<'_>> = request.read("metadata").ok().flatten();
        let whole = metadata.and_then(|metadata| metadata.read::<String>("user_id").ok().flatten());
        labels.end_user = user.and(whole).and_then(|name| end_user(&name));
        labels.metadata = labels.metadata.filter(|said| said.as_object().is_some_and(|said| !said.is_empty()));
        labels
    }

    fn of_metadata(request: &Object<'_>) -> Self {
        let Some(said) = request.read::<Map<String, Value>>("metadata").ok().flatten() else { return Self::default() };
        let mut tags = Vec::new();
        match said.get("tags") {
            Some(Value::String(list)) => list.split(',').for_each(|tag| add_tag(&mut tags, tag)),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).for_each(|tag| add_tag(&mut tags, tag)),
            _ => {}
        }
        let kept = said.into_iter().filter(|(name, value)| {
            (1..=LONGEST_NAME).contains(&name.chars().count())
                && !value.is_object()
                && !value.is_array()
                && !value.is_null()
        });
        let kept = kept.filter(|(name, _)| name != "tags").take(MOST_MEMBERS).map(|(name, value)| match value {
            Value::String(text) => (kept_text(&name, LONGEST_NAME), Value::String(kept_text(&text, LONGEST_VALUE))),
            value => (kept_text(&name, LONGEST_NAME), value),
        });
        let kept: Map<String, Value> = kept.collect();
        Self { end_user: None, tags, metadata: (!kept.is_empty()).then_some(Value::Object(kept)) }
    }

    /// Its tags and those that a header gives besides.
    #[must_use]
    pub fn tags_with(&self, further: &[String]) -> Vec<String> {
        let mut tags = self.tags.clone();
        further.iter().for_each(|tag| add_tag(&mut tags, tag));
        tags
    }
}

/// Adds a tag, unless it is there, is empty or is one too many.
pub fn add_tag(tags: &mut Vec<String>, tag: &str) {
    let tag = kept_text(tag.trim(), LONGEST_TAG);
    if !tag.is_empty() && tags.len() < MOST_TAGS && !tags.contains(&tag) {
        tags.push(tag);
    }
}

/// An end user's name as it is recorded: what is no name goes by its hash, so that no two become one.
#[must_use]
pub fn end_user(name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let is_name = name.chars().count() <= LONGEST_USER && !name.chars().any(char::is_control);
    if is_name && without_keys(name) == name {
        return Some(name.to_owned());
    }
    Some(format!("sha256:{}", hex::encode(Sha256::digest(name))))
}

/// What of a text is kept: nothing of a key, and no character that a database has no place for.
fn kept_text(text: &str, longest: usize) -> String {
    without_keys(text).chars().filter(|char| !char.is_control()).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn openai(body: &Value) -> Labels {
        Labels::of_openai(&serde_json::from_str(&body.to_string()).expect("an object"))
    }

    #[test]
    fn an_end_user_is_named_by_either_member_and_by_anthropics() {
        let both = json!({"user": "ann", "safety_identifier": "hash"});
        assert_eq!(openai(&both).end_user.as_deref(), Some("ann"));
        assert_eq!(openai(&json!({"user": "", "safety_identifier": "hash"})).end_user.as_deref(), Some("hash"));
        assert_eq!(openai(&json!({"user": 5, "metadata": []})), Labels::default());
        let body = json!({"user": "ann", "metadata": {"user_id": "bob"}}).to_string();
        let labels = Labels::of_anthropic(&serde_json::from_str(&body).expect("an object"));
        assert_eq!(labels, Labels { end_user: Some("bob".to_owned()), ..Labels::default() });
    }

    #[test]
    fn what_is_no_name_goes_by_its_hash_and_two_never_become_one() {
        let long = |last: &str| "x".repeat(LONGEST_USER) + last;
        let (one, other) = (end_user(&long("a")), end_user(&long("b")));
        assert!(one != other && one.is_some_and(|name| name.len() == "sha256:".len() + 64));
        assert_eq!(end_user(&"é".repeat(LONGEST_USER)).as_deref(), Some(&*"é".repeat(LONGEST_USER)));
        for name in ["a\0b", "gw_live_abc", "a\nb"] {
            assert!(end_user(name).is_some_and(|kept| kept.starts_with("sha256:")), "{name}");
        }
    }

    #[test]
    fn metadata_is_kept_within_bounds_and_tags_are_taken_out_of_it() {
        let said = json!({"tags": "a, b,a,", "team": "x".repeat(600), "n": 1, "deep": {"a": 1}, "none": null, "k": "gw_live_abc\u{0}"});
        let labels = openai(&json!({ "metadata": said }));
        assert_eq!(labels.tags, ["a", "b"]);
        assert_eq!(labels.metadata, Some(json!({"team": "x".repeat(512), "n": 1, "k": "gw_live_…"})));
        let many: Map<String, Value> = (0..40).map(|i| (format!("k{i}"), json!("v"))).collect();
        assert_eq!(openai(&json!({ "metadata": many })).metadata.expect("some").as_object().map(Map::len), Some(16));
        let tags: Vec<String> = (0..40).map(|i| format!("t{i}")).collect();
        let labels = openai(&json!({"metadata": {"tags": tags}}));
        assert_eq!((labels.tags.len(), labels.metadata.clone()), (MOST_TAGS, None));
        assert_eq!(labels.tags_with(&["more".to_owned()]).len(), MOST_TAGS);
    }
}
