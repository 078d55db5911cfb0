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
mod tests;
