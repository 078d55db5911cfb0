//! What a key and its account have used of their limits, for whoever wants to see it.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::Limiter;
use super::windows::LIMITS;

/// What counts now against each limit, by the limit's name.
pub type Used = HashMap<&'static str, u64>;

/// What a key and its account have used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the key's own limits.
    pub key: Used,
    /// Of the account's, over all of its keys.
    pub account: Used,
}

impl Limiter {
    /// Asks Redis what is used; nothing is counted. `None` when Redis is away, for a reason that is logged.
    pub async fn usage(&self, key_id: Uuid, account_id: Uuid) -> Option<Usage> {
        let arguments = [self.0.prefix.as_str().into(), key_id.to_string().into(), account_id.to_string().into()];
        match self.eval(&self.0.scripts.peek, &arguments).await? {
            Ok(answer) => {
                let usage = read(&answer);
                if usage.is_none() {
                    tracing::error!("the limiter's answer is not readable");
                }
                usage
            }
            Err(error) => {
                tracing::warn!(%error, "what is left of the limits is not known");
                None
            }
        }
    }
}

/// Reads triples of a limit's name, what the key has used of it, and what the account has; each limit once.
fn read(answer: &Value) -> Option<Usage> {
    let (triples, rest) = answer.as_array()?.as_chunks::<3>();
    if triples.len() != LIMITS.len() || !rest.is_empty() {
        return None;
    }
    let mut usage = Usage::default();
    for limit in LIMITS {
        let [_, key, account] = triples.iter().find(|[name, ..]| name.as_str() == Some(limit.name))?;
        usage.key.insert(limit.name, key.as_u64()?);
        usage.account.insert(limit.name, account.as_u64()?);
    }
    Some(usage)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_counts_of_every_limit_are_an_answer() {
        let of = |count: Value| LIMITS.iter().flat_map(|limit| [json!(limit.name), count.clone(), json!(8)]).collect();
        let whole: Vec<Value> = of(json!(1));
        let usage = read(&json!(whole)).expect("usage");
        assert_eq!((usage.key["burst"], usage.account["concurrency"]), (1, 8));
        let reversed: Vec<Value> = whole.rchunks(3).flatten().cloned().collect();
        assert_eq!(read(&json!(reversed)), Some(usage), "a limit is known by its name");
        let (text, negative): (Vec<Value>, Vec<Value>) = (of(json!("x")), of(json!(-1)));
        let twice: Vec<Value> = whole[..3].iter().cycle().take(whole.len()).cloned().collect();
        for other in [json!(null), json!("OK"), json!([]), json!([1, 2, 3]), json!(whole[3..]), json!(text)] {
            assert_eq!(read(&other), None, "{other}");
        }
        for other in [json!(negative), json!(twice), json!(whole[1..])] {
            assert_eq!(read(&other), None, "{other}");
        }
    }
}
