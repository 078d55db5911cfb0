//! What a key and its account have used of their limits, for whoever wants to see it.

use serde_json::Value;
use uuid::Uuid;

use super::Limiter;

/// What counts now in each window, and how many calls run: in the order of a limits text.
pub type Used = [u64; 7];

/// What a key and its account have used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

fn read(answer: &Value) -> Option<Usage> {
    let used: Option<Vec<u64>> = answer.as_array()?.iter().map(Value::as_u64).collect();
    let used: [u64; 14] = used?.try_into().ok()?;
    let (key, account) = used.split_at(7);
    Some(Usage { key: key.try_into().ok()?, account: account.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_fourteen_counts_are_an_answer() {
        let usage = read(&json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])).expect("usage");
        assert_eq!((usage.key[0], usage.key[6], usage.account[0]), (1, 7, 8));
        for other in [json!(null), json!("OK"), json!([]), json!([1, 2, 3]), json!(vec!["x"; 14]), json!(vec![-1; 14])]
        {
            assert_eq!(read(&other), None, "{other}");
        }
    }
}
