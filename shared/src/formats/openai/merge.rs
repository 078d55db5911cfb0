//! A stream's deltas put together into what a plain answer would have been.
//!
//! Deltas have no schema that could be relied on: every provider adds members. So the rules go by what a value is, and
//! by the few names whose texts are not continued: texts are appended, lists extended, objects merged, all else
//! replaced; `null` erases nothing (openai-python accumulates by the same rules, `lib/streaming/_deltas.py`).

use serde_json::{Map, Value};

use crate::object::{Object, string};

/// Texts that name something: a later one takes the place of an earlier one.
const NAMES: [&str; 9] = ["id", "type", "role", "name", "index", "format", "object", "call_id", "mime_type"];

/// Whether the member's text is replaced and not continued.
pub fn is_name(member: &str) -> bool {
    NAMES.contains(&member)
}

/// Merges each member of `delta` into `whole`.
pub fn merge(whole: &mut Map<String, Value>, delta: Map<String, Value>) {
    for (name, value) in delta {
        match whole.get_mut(&name) {
            None => {
                // A list's items may already belong together.
                let mut begun = if value.is_array() { Value::Array(Vec::new()) } else { Value::Null };
                merge_value(&name, &mut begun, value);
                whole.insert(name, begun);
            }
            Some(begun) => merge_value(&name, begun, value),
        }
    }
}

/// Merges a member's JSON into `whole`. No more of it is read into values than must be: a text that goes on, of which a
/// stream mostly consists, is appended where it stands.
///
/// # Errors
/// When it is not JSON.
pub fn merge_json(whole: &mut Map<String, Value>, name: &str, json: &str) -> serde_json::Result<()> {
    match whole.get_mut(name) {
        None => merge(whole, Map::from_iter([(name.to_owned(), serde_json::from_str(json)?)])),
        Some(_) if json == "null" => {}
        Some(begun @ Value::String(_)) if is_name(name) => merge_value(name, begun, serde_json::from_str(json)?),
        Some(Value::Object(begun)) if json.starts_with('{') => {
            let more: Object<'_> = serde_json::from_str(json)?;
            return more.iter().try_for_each(|(name, json)| merge_json(begun, name, json));
        }
        Some(begun) => match (begun, string(json)) {
            (Value::String(begun), Some(more)) => begun.push_str(&more),
            (begun, _) => merge_value(name, begun, serde_json::from_str(json)?),
        },
    }
    Ok(())
}

/// Puts a member's JSON in the place of the same member of `whole`, unless it is null.
///
/// # Errors
/// When it is not JSON.
pub fn supersede_json(whole: &mut Map<String, Value>, name: &str, json: &str) -> serde_json::Result<()> {
    match whole.get_mut(name) {
        Some(_) if json == "null" => {}
        Some(begun) => *begun = serde_json::from_str(json)?,
        None => {
            whole.insert(name.to_owned(), serde_json::from_str(json)?);
        }
    }
    Ok(())
}

fn merge_value(name: &str, begun: &mut Value, value: Value) {
    match (begun, value) {
        (_, Value::Null) => {}
        (Value::String(begun), Value::String(more)) if !is_name(name) => begun.push_str(&more),
        // A name that is sent again empty is no name.
        (Value::String(begun), Value::String(more)) if more.is_empty() && !begun.is_empty() => {}
        (Value::Object(begun), Value::Object(more)) => merge(begun, more),
        (Value::Array(begun), Value::Array(more)) => more.into_iter().for_each(|item| add(name, begun, item)),
        // Some providers begin an answer with a text and go on with parts, or the other way round.
        (Value::Array(begun), Value::String(more)) if !more.is_empty() => add(name, begun, text_part(more)),
        (Value::Array(_), Value::String(_)) => {}
        (begun @ Value::String(_), Value::Array(more)) => {
            let text = begun.as_str().filter(|text| !text.is_empty()).map(|text| text_part(text.to_owned()));
            let mut parts: Vec<Value> = text.into_iter().collect();
            more.into_iter().for_each(|item| add(name, &mut parts, item));
            *begun = Value::Array(parts);
        }
        (begun, value) => *begun = value,
    }
}

fn text_part(text: String) -> Value {
    serde_json::json!({ "type": "text", "text": text })
}

/// Adds an item to a list, or merges it into the item that it continues.
fn add(list: &str, items: &mut Vec<Value>, item: Value) {
    let continued = match &item {
        Value::Object(item) => continued(list, items, item),
        _ => None,
    };
    match (continued.and_then(|at| items.get_mut(at)), item) {
        (Some(Value::Object(begun)), Value::Object(more)) => merge(begun, more),
        (_, Value::Object(first)) => {
            let mut begun = Map::new();
            merge(&mut begun, first);
            items.push(Value::Object(begun));
        }
        (_, item) => items.push(item),
    }
}

/// Which item of the list `item` continues: the one of its `index`; where a tool call has none, the one of its `id`, or
/// without one the last; of content the last part, if it is of the same type.
fn continued(list: &str, items: &[Value], item: &Map<String, Value>) -> Option<usize> {
    let same = |name: &str| {
        let wanted = item.get(name).filter(|value| !value.is_null())?;
        Some(items.iter().position(|begun| begun.get(name) == Some(wanted)))
    };
    if list == "images" {
        // Each comes whole, whatever its number is.
        return None;
    }
    if let Some(found) = same("index") {
        return found;
    }
    let last = items.len().checked_sub(1)?;
    match list {
        "tool_calls" => same("id").unwrap_or(Some(last)),
        "content" | "thinking" => {
            let of_same_type = item.get("type").is_some() && items.get(last)?.get("type") == item.get("type");
            of_same_type.then_some(last)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn merged(deltas: &[Value]) -> Value {
        let mut whole = Map::new();
        for delta in deltas {
            let Value::Object(delta) = delta.clone() else { panic!("{delta} is no object") };
            merge(&mut whole, delta);
        }
        Value::Object(whole)
    }

    #[test]
    fn texts_are_appended_names_kept_and_nulls_erase_nothing() {
        let deltas = [
            json!({"role": "assistant", "content": "a", "x": null}),
            json!({"role": "", "content": "b", "x": 1}),
            json!({"role": "assistant", "content": null}),
        ];
        assert_eq!(merged(&deltas), json!({"role": "assistant", "content": "ab", "x": 1}));
    }

    #[test]
    fn items_are_continued_by_their_index_or_what_stands_for_it() {
        let indexed = [
            json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}}, {"index": 1, "id": "b"}]}),
            json!({"tool_calls": [{"index": 1, "function": {"arguments": "2"}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}),
        ];
        assert_eq!(
            merged(&indexed),
            json!({"tool_calls": [
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
            {"index": 1, "id": "b", "function": {"arguments": "2"}}]})
        );
        let without = [
            json!({"tool_calls": [{"id": "a", "function": {"arguments": "1"}}]}),
            json!({"tool_calls": [{"function": {"arguments": "2"}}]}),
            json!({"tool_calls": [{"id": "b", "function": {"arguments": "3"}}]}),
        ];
        assert_eq!(
            merged(&without),
            json!({"tool_calls": [
            {"id": "a", "function": {"arguments": "12"}}, {"id": "b", "function": {"arguments": "3"}}]})
        );
        let image = |url: &str| json!({"images": [{"index": 0, "image_url": {"url": url}}]});
        assert_eq!(merged(&[image("data:a"), image("data:b")])["images"][1]["image_url"]["url"], "data:b");
        let lists = [json!({"annotations": [{"type": "x"}]}), json!({"annotations": [{"type": "x"}]})];
        assert_eq!(merged(&lists), json!({"annotations": [{"type": "x"}, {"type": "x"}]}));
    }

    proptest! {
        /// A member at a time, as JSON, is what all members are as values.
        #[test]
        fn json_is_merged_as_its_values_are(
            deltas in proptest::collection::vec(proptest::collection::hash_map("content|role|id|tool_calls|x", value(), 0..4), 0..5),
        ) {
            let (mut by_json, mut values) = (Map::new(), Map::new());
            for delta in deltas {
                for (name, value) in &delta {
                    merge_json(&mut by_json, name, &value.to_string()).expect("json");
                }
                merge(&mut values, delta.into_iter().collect());
            }
            prop_assert_eq!(by_json, values);
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = "[a\"\\\\é\n]{0,3}".prop_map(Value::from);
        let leaf =
            prop_oneof![4 => text, 1 => Just(Value::Null), 1 => (0..3).prop_map(Value::from), 1 => Just(json!(true))];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("type|index|content|id|function", inner, 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn a_text_can_go_on_as_parts() {
        let deltas = [
            json!({"content": "a"}),
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "b"}]}]}),
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "c"}]}]}),
            json!({"content": "d"}),
        ];
        assert_eq!(
            merged(&deltas),
            json!({"content": [
            {"type": "text", "text": "a"},
            {"type": "thinking", "thinking": [{"type": "text", "text": "bc"}]},
            {"type": "text", "text": "d"}]})
        );
    }
}
