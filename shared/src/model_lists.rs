//! The lists of models, which the database sends whole only when they have changed: each is a megabyte that nearly every client asks for.
//!
//! A conditional read, as HTTP's `If-None-Match` (RFC 9110 §13.1.2): the database is asked each time, so that a list is never stale, and
//! told the version of the copy that this process has.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::supabase::{RpcError, Supabase};

/// A list as the database last sent it.
#[derive(Clone)]
struct Copy {
    version: Uuid,
    list: Bytes,
}

/// The whole lists, by the function that reads them.
#[derive(Default)]
pub struct ModelLists(Mutex<HashMap<&'static str, Copy>>);

/// What such a function answers: a version for the whole list, the list unless the version is the one that was known.
#[derive(Deserialize)]
struct Conditional<'a> {
    version: Option<Uuid>,
    #[serde(borrow)]
    list: Option<&'a RawValue>,
}

impl ModelLists {
    /// The JSON of the list that `function`, one of `list_models` and `list_openrouter_models`, has for `query`.
    ///
    /// # Errors
    /// As [`Supabase::rpc`].
    pub async fn read(
        &self,
        supabase: &Supabase,
        function: &'static str,
        query: &(impl Serialize + Sync),
    ) -> Result<Bytes, RpcError> {
        let held = self.lock().get(function).cloned();
        let known = held.as_ref().map(|copy| copy.version);
        let body = supabase.rpc_bytes(function, &json!({ "query": query, "known": known })).await?;
        self.take(function, held, &body).ok_or_else(|| RpcError::Unavailable(format!("{function}: no list came")))
    }

    /// The list of an answer to who has said to hold `held`, whatever copy came meanwhile.
    fn take(&self, function: &'static str, held: Option<Copy>, body: &Bytes) -> Option<Bytes> {
        let Conditional { version, list } = serde_json::from_slice(body).ok()?;
        let Some(list) = list else {
            return held.filter(|copy| Some(copy.version) == version).map(|copy| copy.list);
        };
        let list = body.slice_ref(list.get().as_bytes());
        if let Some(version) = version {
            self.lock().insert(function, Copy { version, list: list.clone() });
        }
        Some(list)
    }

    /// What is held is whole, whoever has panicked.
    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Copy>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(lists: &ModelLists, function: &'static str, held: Option<Copy>, answer: &str) -> Option<String> {
        let list = lists.take(function, held, &Bytes::copy_from_slice(answer.as_bytes()))?;
        String::from_utf8(list.to_vec()).ok()
    }

    #[test]
    fn a_whole_list_is_held_by_its_function_until_another_version_comes() {
        let lists = ModelLists::default();
        let held = |function| lists.lock().get(function).cloned();
        let version = |number: u128| Uuid::from_u128(number);
        let whole = |number: u128, list: &str| format!(r#"{{"version":"{}","list":{list}}}"#, version(number));
        let same = |number: u128| format!(r#"{{"version":"{}"}}"#, version(number));
        assert_eq!(took(&lists, "a", None, &whole(1, "[1]")).as_deref(), Some("[1]"));
        assert_eq!(took(&lists, "b", None, &whole(1, "[2]")).as_deref(), Some("[2]"));
        assert_eq!(took(&lists, "a", held("a"), &same(1)).as_deref(), Some("[1]"));
        let earlier = held("a");
        assert_eq!(took(&lists, "a", held("a"), &whole(2, "[3]")).as_deref(), Some("[3]"));
        // An answer to who asked before the new one came is about the copy that was held then.
        assert_eq!(took(&lists, "a", earlier, &same(1)).as_deref(), Some("[1]"));
        assert_eq!(took(&lists, "a", held("a"), &same(2)).as_deref(), Some("[3]"));
        // What is narrower is not held.
        assert_eq!(took(&lists, "b", held("b"), r#"{"list":[]}"#).as_deref(), Some("[]"));
        assert_eq!(held("b").map(|copy| copy.list), Some(Bytes::from_static(b"[2]")));
    }

    #[test]
    fn an_answer_without_the_list_it_is_about_is_none() {
        let lists = ModelLists::default();
        let held = Copy { version: Uuid::from_u128(1), list: Bytes::from_static(b"[1]") };
        let other = format!(r#"{{"version":"{}"}}"#, Uuid::from_u128(2));
        for (held, answer) in [(None, other.as_str()), (Some(held.clone()), &other), (Some(held), "{}"), (None, "[]")] {
            assert_eq!(took(&lists, "a", held, answer), None, "{answer}");
        }
    }
}
