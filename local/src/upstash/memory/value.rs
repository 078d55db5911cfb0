//! What a key can hold.

use std::collections::{BTreeMap, VecDeque};

use super::sorted_set::SortedSet;

pub(super) type Text = Vec<u8>;
/// Ordered by field, so that HGETALL answers the same on every run; Redis promises no order.
pub(super) type Hash = BTreeMap<Vec<u8>, Vec<u8>>;
pub(super) type List = VecDeque<Vec<u8>>;

#[derive(Debug)]
pub(super) enum Value {
    Text(Text),
    Hash(Hash),
    List(List),
    SortedSet(SortedSet),
}

impl Value {
    /// Everything that it holds but scores, in its order.
    pub(super) fn texts(&self) -> Vec<&[u8]> {
        match self {
            Self::Text(text) => vec![text],
            Self::Hash(hash) => hash.iter().flat_map(|(field, value)| [&field[..], &value[..]]).collect(),
            Self::List(list) => list.iter().map(Vec::as_slice).collect(),
            Self::SortedSet(set) => set.iter().map(|(member, _)| member).collect(),
        }
    }
}

/// One of the types of value, so that the keyspace checks types in one place.
pub(super) trait Kind: Default {
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    fn into_value(self) -> Value;
    /// A key whose collection has become empty is gone. An empty string is a value like any other.
    fn is_gone(&self) -> bool;
}

macro_rules! kind {
    ($type:ty, $variant:ident, $is_gone:expr) => {
        impl Kind for $type {
            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }

            fn into_value(self) -> Value {
                Value::$variant(self)
            }

            fn is_gone(&self) -> bool {
                let is_gone: fn(&Self) -> bool = $is_gone;
                is_gone(self)
            }
        }
    };
}

kind!(Text, Text, |_| false);
kind!(Hash, Hash, Hash::is_empty);
kind!(List, List, List::is_empty);
kind!(SortedSet, SortedSet, SortedSet::is_empty);
