//! A JSON object whose members stay as they were written, but for those that are replaced.
//!
//! Parsing into values and printing them again would reformat numbers; a gateway must pass on what it does not know.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The members in their order, borrowed from the text where they are unchanged.
#[derive(Clone, Debug, Default)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Cow<'a, RawValue>)>,
}

impl<'a> Object<'a> {
    /// A member's JSON text. The last of repeated members counts, as in every common parser.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.members.iter().rev().find(|(member, _)| member == name).map(|(_, value)| value.get())
    }

    /// A member read as `T`; `None` when it is absent or `null`.
    ///
    /// # Errors
    /// When it is there and is not a `T`.
    pub fn read<'s, T: Deserialize<'s>>(&'s self, name: &str) -> serde_json::Result<Option<T>> {
        self.get(name).map_or(Ok(None), serde_json::from_str)
    }

    /// Puts `value` in the place of the member that counts, or at the end if there is none.
    ///
    /// # Errors
    /// When the value cannot be JSON.
    pub fn set(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> serde_json::Result<()> {
        let value = Cow::Owned(serde_json::value::to_raw_value(value)?);
        match self.members.iter_mut().rev().find(|(member, _)| member == name) {
            Some(member) => member.1 = value,
            None => self.members.push((Cow::Borrowed(name), value)),
        }
        Ok(())
    }

    /// Takes the member out, every time it occurs.
    pub fn remove(&mut self, name: &str) {
        self.members.retain(|(member, _)| member != name);
    }

    /// Takes out whichever of these members are there; answers whether any was.
    pub fn remove_all(&mut self, names: &[&str]) -> bool {
        let before = self.members.len();
        self.members.retain(|(member, _)| !names.contains(&member.as_ref()));
        self.members.len() < before
    }

    /// Takes out whatever is null.
    pub fn remove_nulls(&mut self) {
        self.members.retain(|(_, value)| value.get() != "null");
    }

    /// Puts each member of `later` that is not null in the place of the same member here; an object supersedes an object
    /// in the same way.
    pub fn supersede(&mut self, later: Object<'_>) {
        for (name, value) in later.members {
            if value.get() == "null" {
                continue;
            }
            let value = Cow::Owned(value.into_owned());
            match self.members.iter_mut().rev().find(|(member, _)| *member == name) {
                Some((_, begun)) => *begun = superseded(begun, value),
                None => self.members.push((Cow::Owned(name.into_owned()), value)),
            }
        }
    }

    /// Puts each member of `later` that is not null in the place of the same member here, all of it.
    pub fn replace(&mut self, later: Object<'a>) {
        for (name, value) in later.members {
            match self.members.iter_mut().find(|(member, _)| *member == name) {
                Some(_) if value.get() == "null" => {}
                Some(member) => member.1 = value,
                None => self.members.push((name, value)),
            }
        }
    }

    /// The members' names and JSON texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), value.get()))
    }
}

fn superseded<'a>(begun: &RawValue, later: Cow<'a, RawValue>) -> Cow<'a, RawValue> {
    let objects = serde_json::from_str::<Object<'_>>(begun.get()).ok().zip(serde_json::from_str(later.get()).ok());
    let merged = objects.and_then(|(mut begun, later): (Object<'_>, Object<'_>)| {
        begun.supersede(later);
        serde_json::value::to_raw_value(&begun).ok()
    });
    merged.map_or(later, Cow::Owned)
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((name, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((name.0, Cow::Borrowed(value)));
                }
                Ok(Object { members })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The name of the member of a JSON object in whose value a parser has stopped, as serde_json tells it: lines from 1, columns in bytes.
#[must_use]
pub fn member_at(json: &[u8], line: usize, column: usize) -> Option<String> {
    let lines_before = json.split_inclusive(|byte| *byte == b'\n').take(line.checked_sub(1)?);
    let at = lines_before.map(<[u8]>::len).sum::<usize>() + column;
    let object: Object<'_> = serde_json::from_slice(json).ok()?;
    object.iter().find_map(|(name, value)| {
        let begin = value.as_ptr().addr().checked_sub(json.as_ptr().addr())?;
        (begin..=begin + value.len()).contains(&at).then(|| name.to_owned())
    })
}

/// A JSON string: borrowed unless it holds escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A JSON string's text; `None` of what is none.
#[must_use]
pub fn string(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(json).ok().map(|text| text.0)
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value.as_ref())?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_replaced_stays_to_the_letter() {
        let text = r#"{"a":1.10,"b":{"c": [1e2]},"model":"y"}"#;
        let mut object: Object<'_> = serde_json::from_str(text).expect("an object");
        assert_eq!(object.get("model"), Some("\"y\""));
        object.set("model", "z").expect("json");
        object.remove("a");
        object.set("n", &2).expect("json");
        assert_eq!(serde_json::to_string(&object).expect("json"), r#"{"b":{"c": [1e2]},"model":"z","n":2}"#);
    }

    #[test]
    fn the_member_in_which_a_parser_has_stopped_is_known() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only read by serde")]
        struct Known {
            a: u8,
            b: Option<Vec<u8>>,
            c: Option<String>,
        }
        for (json, name) in [
            (r#"{"a":"x"}"#, Some("a")),
            (r#"{"a":-1,"b":null}"#, Some("a")),
            (r#"{"a": 300 ,"c":"y"}"#, Some("a")),
            ("{\"a\":1,\n\n \"b\": [1,\n{}],\"c\":\"é\"}", Some("b")),
            ("{\"c\":\"é\\n\",\r\n\"a\":true}", Some("a")),
            (r#"{"a":1,"c":{}}"#, Some("c")),
            (r#"{"a":1,"c":5}"#, Some("c")),
            (r#"{"a":1,"a":2}"#, None),
            ("{", None),
        ] {
            let error = serde_json::from_str::<Known>(json).expect_err(json);
            assert_eq!(member_at(json.as_bytes(), error.line(), error.column()).as_deref(), name, "{json}: {error}");
        }
    }

    #[test]
    fn a_later_object_supersedes_member_by_member() {
        let mut object = Object::default();
        for text in [r#"{"a":1.0,"b":{"c":1,"d":2},"e":[1]}"#, r#"{"a":null,"b":{"d":3,"f":null},"e":2,"g":{}}"#] {
            object.supersede(serde_json::from_str(text).expect("an object"));
        }
        assert_eq!(serde_json::to_string(&object).expect("json"), r#"{"a":1.0,"b":{"c":1,"d":3},"e":2,"g":{}}"#);
    }

    #[test]
    fn a_later_object_replaces_member_by_member_what_is_not_null() {
        let mut object = Object::default();
        for text in [r#"{"a":1.0,"b":{"c":1},"e":null}"#, r#"{"a":null,"b":{"d":3},"e":[2],"g":null}"#] {
            object.replace(serde_json::from_str(text).expect("an object"));
        }
        assert_eq!(serde_json::to_string(&object).expect("json"), r#"{"a":1.0,"b":{"d":3},"e":[2],"g":null}"#);
    }
}
