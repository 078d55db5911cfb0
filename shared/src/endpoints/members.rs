//! How members of a body are read where serde alone would take more than the API means.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a member that may be left out, be null, or have a value: with `#[serde(default, deserialize_with = "given")]`
/// the outer `None` is a member that is not there.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Reads a member that may be left out but not be null.
pub fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads an object only. Serde would also take an array with the values in the order of the struct's fields, which is no promise
/// of this API.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Named::deserialize(deserializer).map(|Named(read)| read)
}

/// The same where it may be left out or be null.
pub fn optional_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer).map(|read| read.map(|Named(read)| read))
}

/// The same, keeping a member that is left out (`None`) apart from one that is null (`Some(None)`).
pub fn given_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    optional_object(deserializer).map(Some)
}

/// A value read from an object.
struct Named<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Limits {
        minute: u32,
        hour: u32,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "given_object")]
        limits: Option<Option<Limits>>,
    }

    #[test]
    fn an_object_is_no_list_and_null_is_not_absent() {
        let read = |body: &str| serde_json::from_str::<Body>(body).map(|body| body.limits);
        assert_eq!(
            read(r#"{"limits": {"hour": 2, "minute": 1}}"#).ok(),
            Some(Some(Some(Limits { minute: 1, hour: 2 })))
        );
        assert_eq!(read(r#"{"limits": null}"#).ok(), Some(Some(None)));
        assert_eq!(read("{}").ok(), Some(None));
        let refused = read(r#"{"limits": [1, 2]}"#).expect_err("a list").to_string();
        assert!(refused.contains("expected an object"), "{refused}");
    }
}
