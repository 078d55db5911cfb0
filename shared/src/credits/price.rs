//! The price of a call, as `gateway.cost` in SQL computes it (supabase/schemas/33_pricing.sql).
//!
//! SQL's figure is the one that is charged. This one goes into the response, which leaves before the settle; a
//! property test holds the two equal.

use serde::{Deserialize, Serialize};

use super::usage::Usage;
use crate::money::Nanos;

/// Millionths of a nano-dollar in one, times the basis points in one.
const UNIT: i128 = 1_000_000 * 10_000;

/// A route's price as the hold froze it: `gateway.price`.
///
/// The hours have been seen to then. What remains open is how long the prompt will turn out to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Price {
    /// What it is for a prompt of any length.
    #[serde(flatten)]
    pub rates: Rates,
    /// What it is for longer prompts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
}

/// The price of longer prompts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Tier {
    /// A prompt of strictly more tokens than this is charged at these prices as a whole.
    pub above: u64,
    /// What is another price then.
    #[serde(flatten)]
    pub rates: Rates,
}

/// The price of each kind, in nano-dollars. A kind of token without a price costs what the prompt's or the completion's do;
/// a unit without a price costs nothing beside its tokens, and no call gets a route that prices neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Rates {
    /// Per million prompt tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<i64>,
    /// Per million prompt tokens that were cached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<i64>,
    /// Per million prompt tokens that the provider wrote into its cache, for minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<i64>,
    /// Per million prompt tokens that it wrote into its cache for an hour or longer; else as `written`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_long: Option<i64>,
    /// Per million prompt tokens of images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_input: Option<i64>,
    /// Per million prompt tokens of sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<i64>,
    /// Per million completion tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<i64>,
    /// Per million completion tokens of reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<i64>,
    /// Per million completion tokens of images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_output: Option<i64>,
    /// Per million completion tokens of sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<i64>,
    /// Per request, whatever its size; with the images of the prompt, where they have a price each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<i64>,
    /// Per image that is made, of the size and quality that the call asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<i64>,
    /// Per search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<i64>,
    /// Per second of sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<i64>,
    /// Per million characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character: Option<i64>,
}

impl Rates {
    /// Whether it sells by units, such as characters or images, beside or in place of tokens.
    #[must_use]
    pub const fn is_by_units(&self) -> bool {
        self.image.is_some() || self.search.is_some() || self.second.is_some() || self.character.is_some()
    }

    /// These where they say something, else `base`.
    fn over(self, base: Self) -> Self {
        Self {
            prompt: self.prompt.or(base.prompt),
            cached: self.cached.or(base.cached),
            written: self.written.or(base.written),
            written_long: self.written_long.or(base.written_long),
            image_input: self.image_input.or(base.image_input),
            audio_input: self.audio_input.or(base.audio_input),
            completion: self.completion.or(base.completion),
            reasoning: self.reasoning.or(base.reasoning),
            image_output: self.image_output.or(base.image_output),
            audio_output: self.audio_output.or(base.audio_output),
            request: self.request.or(base.request),
            image: self.image.or(base.image),
            search: self.search.or(base.search),
            second: self.second.or(base.second),
            character: self.character.or(base.character),
        }
    }
}

impl Price {
    /// What `usage` costs with `markup` in basis points, rounded up once. `None` if a price that every call has is not known.
    #[must_use]
    pub fn cost(&self, usage: &Usage, markup: u32) -> Option<Nanos> {
        let usage = usage.clamped();
        let rates = self.rates_for(usage.prompt);
        let (prompt, completion, request) = (rates.prompt?, rates.completion?, rates.request?);
        let written = rates.written.unwrap_or(prompt);
        let of_prompt = [
            (usage.cached, rates.cached.unwrap_or(prompt)),
            (usage.written.saturating_sub(usage.written_long), written),
            (usage.written_long, rates.written_long.unwrap_or(written)),
            (usage.image_input, rates.image_input.unwrap_or(prompt)),
            (usage.audio_input, rates.audio_input.unwrap_or(prompt)),
        ];
        let of_completion = [
            (usage.reasoning, rates.reasoning.unwrap_or(completion)),
            (usage.image_output, rates.image_output.unwrap_or(completion)),
            (usage.audio_output, rates.audio_output.unwrap_or(completion)),
        ];
        let millionths = tokens(usage.prompt, prompt, of_prompt)
            + tokens(usage.completion, completion, of_completion)
            + (i128::from(request) + times(usage.images, rates.image) + times(usage.searches, rates.search))
                * 1_000_000
            + times(usage.milliseconds, rates.second) * 1_000
            + times(usage.characters, rates.character);
        let unrounded = millionths * i128::from(markup);
        Some(Nanos(i64::try_from((unrounded + UNIT - 1).div_euclid(UNIT)).unwrap_or(i64::MAX)))
    }

    /// The same with so much more a request, whatever its prompt's length.
    #[must_use]
    pub fn with_request(mut self, further: Nanos) -> Self {
        let rates = std::iter::once(&mut self.rates).chain(self.tiers.iter_mut().map(|tier| &mut tier.rates));
        for request in rates.filter_map(|rates| rates.request.as_mut()) {
            *request = request.saturating_add(further.0);
        }
        self
    }

    /// At the highest of the tiers that lie strictly below a prompt.
    fn rates_for(&self, prompt: u64) -> Rates {
        let reached = self.tiers.iter().filter(|tier| tier.above < prompt).max_by_key(|tier| tier.above);
        reached.map_or(self.rates, |tier| tier.rates.over(self.rates))
    }
}

fn times(count: u64, price: Option<i64>) -> i128 {
    i128::from(count) * i128::from(price.unwrap_or(0))
}

/// So many tokens at `price`, but for their parts, which have prices of their own. Of parts that are together more than the
/// whole the dearer ones are believed.
fn tokens<const PARTS: usize>(total: u64, price: i64, mut parts: [(u64, i64); PARTS]) -> i128 {
    parts.sort_by_key(|(_, price)| std::cmp::Reverse(*price));
    let (mut rest, mut sum) = (total, 0);
    for (count, price) in parts {
        let count = count.min(rest);
        rest -= count;
        sum += times(count, Some(price));
    }
    sum + times(rest, Some(price))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Rates = Rates {
        prompt: Some(150_000_000),
        cached: Some(75_000_000),
        written: Some(300_000_000),
        completion: Some(600_000_000),
        request: Some(0),
        ..NOTHING
    };
    const NOTHING: Rates = Rates {
        prompt: None,
        cached: None,
        written: None,
        written_long: None,
        image_input: None,
        audio_input: None,
        completion: None,
        reasoning: None,
        image_output: None,
        audio_output: None,
        request: None,
        image: None,
        search: None,
        second: None,
        character: None,
    };

    fn cost(rates: Rates, usage: Usage) -> i64 {
        Price { rates, tiers: Vec::new() }.cost(&usage, 10_000).expect("a cost").0
    }

    #[test]
    fn a_fraction_of_a_nano_dollar_is_rounded_up_once() {
        let usage = Usage { prompt: 1000, cached: 400, written: 100, completion: 20, ..Usage::default() };
        assert_eq!(cost(PRICE, usage), 147_000);
        let contradictory = Usage { prompt: 100, cached: 90, written: 60, ..Usage::default() };
        assert_eq!(cost(PRICE, contradictory), 40 * 75 + 60 * 300);
        assert_eq!(cost(Rates { cached: Some(600_000_000), ..PRICE }, contradictory), 90 * 600 + 10 * 300);
        let tiny = Rates { prompt: Some(1), completion: Some(1), request: Some(0), ..NOTHING };
        assert_eq!(cost(tiny, Usage { prompt: 1, completion: 1, ..Usage::default() }), 1);
        assert_eq!(cost(tiny, Usage::default()), 0);
        let unpriced = Price { rates: Rates { prompt: None, ..PRICE }, tiers: Vec::new() };
        assert_eq!(unpriced.cost(&usage, 10_000), None);
    }

    #[test]
    fn what_comes_on_top_of_a_price_comes_on_top_of_each_of_its_tiers() {
        let dearer = Tier { above: 100, rates: Rates { request: Some(5), ..NOTHING } };
        let price = Price { rates: PRICE, tiers: vec![dearer] }.with_request(Nanos(7));
        for (prompt, request) in [(100, 7), (101, 12)] {
            assert_eq!(
                price.cost(&Usage::of(prompt, 0), 10_000),
                Some(Nanos(i64::try_from(prompt * 150).expect("small") + request))
            );
        }
    }

    #[test]
    fn each_kind_has_its_price_and_else_the_common_one() {
        let usage = Usage {
            prompt: 1000,
            cached: 100,
            written: 300,
            written_long: 200,
            image_input: 50,
            audio_input: 10,
            completion: 100,
            reasoning: 30,
            image_output: 20,
            audio_output: 10,
            ..Usage::default()
        };
        let common = 540 * 150 + 100 * 75 + 300 * 300 + 60 * 150 + 100 * 600;
        assert_eq!(cost(PRICE, usage), common);
        let apart = Rates {
            written_long: Some(500_000_000),
            image_input: Some(200_000_000),
            audio_input: Some(1_000_000_000),
            reasoning: Some(700_000_000),
            image_output: Some(9_000_000_000),
            audio_output: Some(800_000_000),
            ..PRICE
        };
        let more = 200 * 200 + 50 * 50 + 10 * 850 + 30 * 100 + 20 * 8400 + 10 * 200;
        assert_eq!(cost(apart, usage), common + more);
    }

    #[test]
    fn units_cost_beside_tokens() {
        let rates = Rates {
            request: Some(7),
            image: Some(40_000_000),
            search: Some(2_000_000),
            second: Some(100_001),
            character: Some(15_000_000_000),
            ..PRICE
        };
        let usage = Usage { images: 2, searches: 3, milliseconds: 1500, characters: 11, ..Usage::default() };
        assert_eq!(cost(rates, usage), 7 + 80_000_000 + 6_000_000 + 150_002 + 165_000);
    }

    #[test]
    fn a_prompt_above_a_tier_is_charged_at_its_price_as_a_whole() {
        let tier = |above, prompt| Tier { above, rates: Rates { prompt: Some(prompt), cached: Some(0), ..NOTHING } };
        let price = Price { rates: PRICE, tiers: vec![tier(500, 2_000_000_000), tier(200, 1_000_000_000)] };
        let cost = |prompt| price.cost(&Usage { prompt, completion: 1, ..Usage::default() }, 10_000).map(|cost| cost.0);
        assert_eq!(cost(200), Some(200 * 150 + 600));
        assert_eq!(cost(201), Some(201 * 1_000 + 600));
        assert_eq!(cost(500), Some(500 * 1_000 + 600));
        assert_eq!(cost(501), Some(501 * 2_000 + 600));
    }

    #[test]
    fn it_is_read_and_written_as_the_hold_has_it() {
        let text = r#"{"prompt":1,"completion":2,"request":0,"second":4,"tiers":[{"above":9,"prompt":3}]}"#;
        let price: Price = serde_json::from_str(text).expect("a price");
        assert_eq!((price.rates.second, price.tiers[0].rates.prompt), (Some(4), Some(3)));
        assert_eq!(serde_json::to_string(&price).expect("json"), text);
    }
}
