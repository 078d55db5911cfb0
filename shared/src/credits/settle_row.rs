//! The settlement of a usual call, as a row: `gateway.usual_settlement`.

use super::price::Price;
use super::row::{Fields, Row};
use super::settle::{Outcome, Settlement};
use super::usage::Usage;

/// More tokens than this are bounded by the database, which reads them as JSON.
const MOST: u64 = 1_000_000_000;

impl Settlement {
    /// The row of a call that may be a usual one; none of any other. A test holds that both say the same.
    #[must_use]
    pub fn row(&self) -> Option<Row> {
        let (Outcome::Completed, Some(usage), Some(hold)) = (self.outcome, self.usage, &self.hold) else { return None };
        let Usage { prompt, cached, written, completion, reasoning, .. } = usage;
        let is_text = usage == Usage { prompt, cached, written, completion, reasoning, ..Usage::default() };
        let is_told = !self.estimated && !self.charge_hold && self.error_code.is_none() && self.attempts.is_empty();
        let is_kept = self.turn.is_some() || self.stored_response.is_some() || self.idempotency.is_some();
        let is_labelled = !self.tags.is_empty() || self.metadata.is_some();
        let is_ours = self.refused_keys.is_empty() && hold.own_key.is_none() && hold.ceiling.is_none();
        if !is_text || !is_told || is_kept || is_labelled || !is_ours || self.replayed_call.is_some() {
            return None;
        }
        if [prompt, cached, written, completion, reasoning].iter().any(|tokens| *tokens > MOST) {
            return None;
        }
        let price = hold.price.as_ref().filter(|price| price.tiers.is_empty() && price.rates.reasoning.is_none())?;
        let rates = price.rates;
        let some = |tokens: u64| (tokens > 0).then_some(tokens);
        let fields = Fields::new()
            .plain(Some(self.call_id))
            .plain(Some(hold.account_id))
            .plain(Some(hold.key_id))
            .text(Some(&hold.model))
            .plain(Some(hold.held.0))
            .plain(Some(hold.markup))
            .text(Some(&hold.placed_at))
            .plain(Some(hold.most_prompt))
            .plain(Some(hold.most_completion))
            .plain(rates.prompt)
            .plain(rates.cached)
            .plain(rates.written)
            .plain(rates.completion)
            .plain(rates.request)
            .text(whole(price).as_deref())
            .text(self.provider.as_deref())
            .plain(Some(prompt))
            .plain(some(cached))
            .plain(some(written))
            .plain(Some(completion))
            .plain(some(reasoning))
            .text(self.request_id.as_deref())
            .plain(Some(self.stream))
            .plain(self.first_byte_ms)
            .plain(Some(self.duration_ms))
            .plain(self.asked_ms)
            .text(self.app.as_deref())
            .text(self.end_user.as_deref())
            .text(self.answer_id.as_deref())
            .text(self.finish_reason.as_deref());
        Some(fields.end())
    }
}

/// A price of which the call may have used more than the prices of prompt, cached and completion, as JSON: it is recorded as it is.
fn whole(price: &Price) -> Option<String> {
    let is_plain = price.rates.request == Some(0) && price.rates.written.is_none();
    if is_plain { None } else { serde_json::to_string(price).ok() }
}
