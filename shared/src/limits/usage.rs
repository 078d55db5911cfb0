//! What a key and its account have used of their limits, for whoever wants to see it.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::status::{RateLimitStatus, WindowStatus};
use super::windows::LIMITS;
use super::{Limiter, text};

/// What counts now against each limit, by the limit's name.
pub type Used = HashMap<&'static str, u64>;

/// What a key and its account have used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the key's own limits.
    pub key: Used,
    /// Of the account's, over all of its keys.
    pub account: Used,
    /// In how many ms nothing of either will count any more, the key's and the account's.
    pub(super) resets: [Used; 2],
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

impl Limiter {
    /// How a caller stands who has not asked to be let in; nothing is counted.
    pub async fn status(&self, limits: &str) -> RateLimitStatus {
        let id = |text: &str| Uuid::try_parse(text).unwrap_or_default();
        let usage = self.usage(id(text::key_of(limits)), id(text::account_of(limits))).await;
        let window = |name: &str| {
            let usage = usage.as_ref()?;
            let (of_key, of_account) = text::limit(limits, name)?;
            let window = |limit: u64, used: &Used, resets: &Used| {
                let (used, reset_ms) = (used.get(name)?, *resets.get(name)?);
                Some(WindowStatus { limit, remaining: limit.saturating_sub(*used), reset_ms })
            };
            let key = window(of_key, &usage.key, &usage.resets[0])?;
            let account = window(of_account, &usage.account, &usage.resets[1])?;
            Some(if account.remaining < key.remaining { account } else { key })
        };
        match window("requests_per_minute").zip(window("tokens_per_minute")) {
            Some((requests, tokens)) => RateLimitStatus::counted(requests, tokens),
            None => RateLimitStatus::degraded(),
        }
    }
}

/// Reads a limit's name, what the key has used of it, what the account has, and when that is over; each limit once.
fn read(answer: &Value) -> Option<Usage> {
    let (limits, rest) = answer.as_array()?.as_chunks::<5>();
    if limits.len() != LIMITS.len() || !rest.is_empty() {
        return None;
    }
    let mut usage = Usage::default();
    for limit in LIMITS {
        let [_, key, account, resets @ ..] = limits.iter().find(|[name, ..]| name.as_str() == Some(limit.name))?;
        usage.key.insert(limit.name, key.as_u64()?);
        usage.account.insert(limit.name, account.as_u64()?);
        for (reset, all) in resets.iter().zip(&mut usage.resets) {
            all.insert(limit.name, reset.as_u64()?);
        }
    }
    Some(usage)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::limits::windows::Limit;

    #[test]
    fn only_counts_of_every_limit_are_an_answer() {
        let one = |limit: &Limit, count: Value| [json!(limit.name), count, json!(8), json!(60), json!(9)];
        let of = |count: Value| LIMITS.iter().flat_map(|limit| one(limit, count.clone())).collect();
        let whole: Vec<Value> = of(json!(1));
        let usage = read(&json!(whole)).expect("usage");
        assert_eq!((usage.key["burst"], usage.account["concurrency"], usage.resets[1]["burst"]), (1, 8, 9));
        let reversed: Vec<Value> = whole.rchunks(5).flatten().cloned().collect();
        assert_eq!(read(&json!(reversed)), Some(usage), "a limit is known by its name");
        let (text, negative): (Vec<Value>, Vec<Value>) = (of(json!("x")), of(json!(-1)));
        let twice: Vec<Value> = whole[..5].iter().cycle().take(whole.len()).cloned().collect();
        for other in [json!(null), json!("OK"), json!([]), json!([1, 2, 3]), json!(whole[5..]), json!(text)] {
            assert_eq!(read(&other), None, "{other}");
        }
        for other in [json!(negative), json!(twice), json!(whole[1..])] {
            assert_eq!(read(&other), None, "{other}");
        }
    }
}
