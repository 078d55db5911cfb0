//! The breakers that are open: whom calls avoid for a while, and at which model.

use serde_json::Value;

use super::{AttemptOutcome, Limiter};
use crate::upstash::{Upstash, UpstashError};

/// A breaker that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBreaker {
    /// Whose it is: a provider's or, of our several keys there, one's ([`crate::config::key_name`]).
    pub provider: String,
    /// The model at which the provider fails; none where the breaker is of all of them.
    pub model: Option<String>,
    /// What opened it: [`AttemptOutcome::Failed`] at a model; at all of them [`AttemptOutcome::Refused`] or, of a key that is asked too
    /// often, [`AttemptOutcome::Limited`].
    pub outcome: AttemptOutcome,
    /// Failures in a row.
    pub failures: u32,
    /// Until when, in ms since 1970.
    pub until: i64,
}

impl Limiter {
    /// Reads the open breakers, and so whether Redis can be used.
    ///
    /// # Errors
    /// When Redis cannot be used.
    pub async fn open_breakers(&self, upstash: &Upstash) -> Result<Vec<OpenBreaker>, UpstashError> {
        let states = upstash.command(&["HGETALL", &format!("{}breaker", self.0.prefix)]).await?;
        let states: Vec<&str> = states.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let now = jiff::Timestamp::now().as_millisecond();
        let all = states.chunks_exact(2).filter_map(|pair| read(pair[0], pair[1]));
        let mut open: Vec<OpenBreaker> = all.filter(|breaker| breaker.until > now).collect();
        open.sort_by(|one, other| (&one.provider, &one.model).cmp(&(&other.provider, &other.model)));
        Ok(open)
    }
}

/// A breaker as release.lua writes it: its name is PROVIDER:MODEL, or PROVIDER alone, or PROVIDER#KEY, its state the failures in a row
/// and until when it is open, which a breaker that is counting only has not.
fn read(name: &str, state: &str) -> Option<OpenBreaker> {
    let (failures, until) = state.split_once(' ')?;
    let (failures, until) = (failures.parse().ok()?, until.parse().ok()?);
    let (provider, model) = name.split_once(':').map_or((name, None), |(provider, model)| (provider, Some(model)));
    let outcome = match model {
        Some(_) => AttemptOutcome::Failed,
        None if failures == 0 => AttemptOutcome::Limited,
        None => AttemptOutcome::Refused,
    };
    Some(OpenBreaker { provider: provider.to_owned(), model: model.map(str::to_owned), outcome, failures, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breaker_is_of_a_model_of_a_provider_or_of_a_key() {
        let told = |name, state| read(name, state).map(|it| (it.provider, it.model, it.outcome, it.failures, it.until));
        let model = "meta/llama:free".to_owned();
        assert_eq!(
            told("openrouter:meta/llama:free", "5 1700"),
            Some(("openrouter".to_owned(), Some(model), AttemptOutcome::Failed, 5, 1700))
        );
        assert_eq!(told("chutes", "1 1700"), Some(("chutes".to_owned(), None, AttemptOutcome::Refused, 1, 1700)));
        assert_eq!(told("chutes#2", "0 1700"), Some(("chutes#2".to_owned(), None, AttemptOutcome::Limited, 0, 1700)));
        assert_eq!(told("chutes:some/model", "3"), None);
    }
}
