//! `Idempotency-Key` as Stripe has it (<https://docs.stripe.com/api/idempotent_requests>): the first result of a request is given
//! again, errors of the server included; other parameters are refused, and so is a request while the first one runs. Nothing is
//! kept of a request that was not valid.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::Value;

use super::form::Form;
use super::refusal::Refusal;

/// For how long a key is kept, in seconds.
const KEPT: i64 = 24 * 3600;

/// The requests by their keys.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<String, Used>);

#[derive(Clone, Debug)]
struct Used {
    path: String,
    form: Form,
    answer: Option<(StatusCode, Value)>,
    at: i64,
}

impl Keys {
    /// Begins a request: `Some` answer if it was made before.
    pub(super) fn begin(
        &mut self,
        key: &str,
        path: &str,
        form: &Form,
        now: i64,
    ) -> Result<Option<(StatusCode, Value)>, Refusal> {
        self.0.retain(|_, used| used.at > now - KEPT);
        match self.0.get(key) {
            None => {
                let used = Used { path: path.to_owned(), form: form.clone(), answer: None, at: now };
                self.0.insert(key.to_owned(), used);
                Ok(None)
            }
            Some(used) if used.path != path || used.form != *form => Err(Refusal::new(
                400,
                "idempotency_error",
                "idempotency_error",
                &format!(
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request."
                ),
            )),
            Some(Used { answer: None, .. }) => {
                let message = "There is currently another in-progress request using this Idempotent Key.";
                Err(Refusal::new(409, "idempotency_error", "idempotency_key_in_use", message))
            }
            Some(Used { answer, .. }) => Ok(answer.clone()),
        }
    }

    /// Ends a request. A refusal of what is not valid leaves the key free.
    pub(super) fn end(&mut self, key: &str, answer: (StatusCode, Value)) {
        if matches!(answer.0.as_u16(), 400 | 401 | 403 | 404 | 409 | 429) {
            self.0.remove(key);
        } else if let Some(used) = self.0.get_mut(key) {
            used.answer = Some(answer);
        }
    }
}
