//! The price of a call, as `gateway.cost` in SQL computes it (supabase/schemas/33_pricing.sql).
//!
//! SQL's figure is the one that is charged. This one goes into the response, which leaves before the settle; a
//! property test holds the two equal.

use serde::{Deserialize, Serialize};

use super::usage::Usage;
use crate::money::Nanos;

/// The most tokens of a kind that a call is charged for, as in SQL.
const MOST_TOKENS: u64 = 1_000_000_000;
/// Tokens in a price's unit, times the basis points in one.
const UNIT: i128 = 1_000_000 * 10_000;

/// A route's prices as the hold froze them: nano-dollars per million tokens, and per request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Price {
    /// Per million prompt tokens.
    pub prompt: i64,
    /// Per million prompt tokens that were cached.
    pub cached: i64,
    /// Per million prompt tokens that the provider wrote into its cache.
    pub written: i64,
    /// Per million completion tokens.
    pub completion: i64,
    /// Per request, whatever its size.
    pub request: i64,
}

impl Price {
    /// What `usage` costs with `markup` in basis points, rounded up once.
    #[must_use]
    pub fn cost(&self, usage: &Usage, markup: u32) -> Nanos {
        let prompt = usage.prompt.min(MOST_TOKENS);
        let (mut cached, mut written) = (usage.cached.min(prompt), usage.written.min(prompt));
        // Parts that exceed the prompt: the dearer one is believed.
        if cached + written > prompt {
            if self.cached > self.written {
                written = prompt - cached;
            } else {
                cached = prompt - written;
            }
        }
        let completion = usage.completion.min(MOST_TOKENS);
        let part = |tokens: u64, price: i64| i128::from(tokens) * i128::from(price);
        let unrounded = (part(prompt - cached - written, self.prompt)
            + part(cached, self.cached)
            + part(written, self.written)
            + part(completion, self.completion)
            + i128::from(self.request) * 1_000_000)
            * i128::from(markup);
        Nanos(i64::try_from((unrounded + UNIT - 1).div_euclid(UNIT)).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_a_nano_dollar_is_rounded_up_once() {
        let price = Price {
            prompt: 150_000_000,
            cached: 75_000_000,
            written: 300_000_000,
            completion: 600_000_000,
            request: 0,
        };
        let usage = Usage { prompt: 1000, cached: 400, written: 100, completion: 20, reasoning: 0, ..Usage::default() };
        assert_eq!(price.cost(&usage, 10_000), Nanos(147_000));
        let contradictory = Usage { prompt: 100, cached: 90, written: 60, ..Usage::default() };
        assert_eq!(price.cost(&contradictory, 10_000), Nanos(40 * 75 + 60 * 300));
        let cached_is_dearer = Price { cached: 600_000_000, ..price };
        assert_eq!(cached_is_dearer.cost(&contradictory, 10_000), Nanos(90 * 600 + 10 * 300));
        let tiny = Price { prompt: 1, cached: 1, written: 1, completion: 1, request: 0 };
        assert_eq!(tiny.cost(&Usage { prompt: 1, completion: 1, ..Usage::default() }, 10_000), Nanos(1));
        assert_eq!(tiny.cost(&Usage::default(), 10_000), Nanos(0));
    }
}
