//! References to items by their ids: who has stored responses need not say again what models have said in them
//! (openai-python `types/responses/response_input_item_param.py`, `ItemReference`). The AI SDK refers so by default.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::error::{Code, Error};
use crate::object::Object;

/// The type of an item that is a reference.
pub const REFERENCE: &str = "item_reference";

/// A request refers to so many items at most.
const MOST: usize = 2_000;
/// An id has so many characters at most.
const LONGEST: usize = 200;

/// The id to which an item refers, if it is a reference.
fn of(item: &RawValue) -> Option<String> {
    let item: Object<'_> = serde_json::from_str(item.get()).ok()?;
    let kind: Cow<'_, str> = item.read("type").ok().flatten()?;
    if kind == REFERENCE { item.read("id").ok().flatten() } else { None }
}

/// The ids to which a request refers.
///
/// # Errors
/// 400 when they are too many.
pub fn read(request: &Object<'_>) -> Result<Vec<String>, Error> {
    let input = request.get("input").unwrap_or("null");
    // Most requests have none, and are not read again. An escaped name is no reason to be read: it is refused as no item.
    if !input.starts_with('[') || !input.contains(REFERENCE) {
        return Ok(Vec::new());
    }
    let items: Vec<&RawValue> = serde_json::from_str(input).unwrap_or_default();
    let ids: Vec<String> = items.into_iter().filter_map(of).collect();
    if ids.len() > MOST {
        return Err(Error::invalid(
            "input",
            format!("`input` refers to at most {MOST} items; send the items themselves."),
        ));
    }
    Ok(ids)
}

/// Checks an item that is a reference.
///
/// # Errors
/// What is wrong.
pub fn check(item: &Object<'_>) -> Result<(), &'static str> {
    let id: Option<String> = item.read("id").ok().flatten();
    match id.is_some_and(|id| (1..=LONGEST).contains(&id.chars().count()))
        && item.get("type") == Some("\"item_reference\"")
    {
        true => Ok(()),
        false => Err("An `item_reference` has the `id` of an item of a stored response."),
    }
}

/// The ids by which items can be referred to.
pub fn named<'a>(items: impl Iterator<Item = &'a RawValue>) -> Vec<String> {
    let id = |item: &RawValue| {
        let item: Object<'_> = serde_json::from_str(item.get()).ok()?;
        item.read::<String>("id").ok().flatten()
    };
    items.filter_map(id).filter(|id| (1..=LONGEST).contains(&id.chars().count())).collect()
}

/// An input with the items in the place of what refers to them.
///
/// # Errors
/// 404 for one that is not there: its response was cut off before it was whole.
pub fn resolved(input: Vec<Box<RawValue>>, said: &[Box<RawValue>]) -> Result<Vec<Box<RawValue>>, Error> {
    let names: std::collections::HashMap<String, &RawValue> =
        said.iter().filter_map(|item| Some((named(std::iter::once(item.as_ref())).pop()?, item.as_ref()))).collect();
    let resolve = |item: Box<RawValue>| {
        let Some(id) = of(&item) else { return Ok(item) };
        let found = names.get(&id).map(|item| (*item).to_owned());
        found.ok_or_else(|| Error::new(Code::ItemNotFound).with_param("input"))
    };
    input.into_iter().map(resolve).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use serde_json::value::to_raw_value;

    fn raw(items: &[serde_json::Value]) -> Vec<Box<RawValue>> {
        items.iter().map(|item| to_raw_value(item).expect("JSON")).collect()
    }

    #[test]
    fn an_item_stands_in_the_place_of_what_refers_to_it() {
        let reference = json!({"type": "item_reference", "id": "msg_1"});
        let (user, said) =
            (json!({"role": "user", "content": "hi"}), json!({"type": "message", "id": "msg_1", "role": "assistant"}));
        let text = json!({"input": [user, reference, user]}).to_string();
        assert_eq!(read(&serde_json::from_str(&text).expect("an object")), Ok(vec!["msg_1".to_owned()]));
        let input = raw(&[user.clone(), reference.clone(), user.clone()]);
        let whole = resolved(input.clone(), &raw(&[json!({"id": "other"}), said.clone()])).expect("it is there");
        let whole: Vec<serde_json::Value> =
            whole.iter().map(|item| serde_json::from_str(item.get()).expect("JSON")).collect();
        assert_eq!(whole, [user.clone(), said, user]);
        assert_eq!(resolved(input, &[]).expect_err("it is not there").code, Code::ItemNotFound);
        let many = vec![reference; MOST + 1];
        let text = json!({"input": many}).to_string();
        assert!(read(&serde_json::from_str(&text).expect("an object")).is_err());
    }
}
