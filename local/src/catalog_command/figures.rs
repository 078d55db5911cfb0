//! The figures: what two public lists say of models at a provider, one model a line of `local/catalog/figures.jsonl`. Figures
//! only; the prices are texts as the lists have them, since a float would not be one.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};

/// The day on which the lists were read.
pub const READ_ON: &str = "2026-11-28";

const FIGURES: &str = include_str!("../../catalog/figures.jsonl");

/// A model at a provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The provider, as the provider table names it.
    pub provider: String,
    /// What the provider calls the model.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether it thinks before it answers.
    #[serde(default)]
    pub reasoning: bool,
    /// Whether it calls tools.
    #[serde(default)]
    pub tools: bool,
    /// Whether its answer keeps to a schema.
    #[serde(default)]
    pub structured: bool,
    /// Whether its weights are public.
    #[serde(default)]
    pub open: bool,
    /// What it takes.
    pub input: Vec<String>,
    /// What it gives.
    pub output: Vec<String>,
    /// Tokens of prompt and answer; 0 where it is not said.
    pub context: u64,
    /// Tokens of an answer; 0 where it is not said.
    pub max_output: u64,
    /// Its first day.
    pub released: Option<String>,
    /// `deprecated` or `beta`.
    pub status: Option<String>,
    /// The prices of the first list.
    pub listed: Option<Listed>,
    /// Those of the second.
    pub second: Option<Second>,
}

/// Nano-dollars a million tokens, from a text of dollars a million tokens; a part of a nano-dollar is rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nanos(pub i64);

impl Nanos {
    /// Reads `2.5`.
    fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') || part.contains('.') {
            return None;
        }
        let (kept, rest) = part.split_at(part.len().min(9));
        let above = i64::from(rest.bytes().any(|digit| digit != b'0'));
        let nanos: i64 = format!("{kept:0<9}").parse().ok()?;
        whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(nanos + above).map(Self)
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is no price")))
    }
}

/// The first list's prices: of a million tokens each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    input: Nanos,
    output: Nanos,
    cache_read: Option<Nanos>,
    cache_write: Option<Nanos>,
    reasoning: Option<Nanos>,
    /// Of sound, which no model of the seed takes or gives.
    #[serde(rename = "input_audio")]
    _input_audio: Option<Nanos>,
    #[serde(rename = "output_audio")]
    _output_audio: Option<Nanos>,
    /// Those of longer prompts.
    #[serde(default)]
    pub tiers: Vec<ListedTier>,
    /// An older way to say the same.
    pub context_over_200k: Option<ListedPrices>,
}

impl Listed {
    /// The prices of the shortest prompts.
    pub const fn base(&self) -> ListedPrices {
        let Self { input, output, cache_read, cache_write, reasoning, .. } = *self;
        ListedPrices { input, output, cache_read, cache_write, reasoning }
    }
}

/// One price of each kind.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ListedPrices {
    pub input: Nanos,
    pub output: Nanos,
    pub cache_read: Option<Nanos>,
    pub cache_write: Option<Nanos>,
    pub reasoning: Option<Nanos>,
}

/// The prices of prompts that are longer than `size`.
#[derive(Debug, Deserialize)]
pub struct ListedTier {
    #[serde(flatten)]
    pub prices: ListedPrices,
    pub tier: ListedSize,
}

#[derive(Debug, Deserialize)]
pub struct ListedSize {
    #[serde(deserialize_with = "number")]
    pub size: u64,
}

/// The second list's prices: the same at any time, or by day and hour, of which the last that applies holds.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Second {
    Always(SecondPrices),
    Dated(Vec<SecondDated>),
}

/// Prices by their names: `input_mtok` and others.
pub type SecondPrices = BTreeMap<String, SecondPrice>;

#[derive(Debug, Deserialize)]
pub struct SecondDated {
    pub constraint: Option<Constraint>,
    pub prices: SecondPrices,
}

/// From which day on, or at which hours of a day in UTC.
#[derive(Debug, Deserialize)]
pub struct Constraint {
    pub start_date: Option<String>,
    pub start_time: Option<String>,
    pub end_time: Option<String>,
}

/// One price, or one for each length of the prompt.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum SecondPrice {
    One(Nanos),
    Tiered { base: Nanos, tiers: Vec<SecondTier> },
}

/// The price of prompts that are longer than `start`.
#[derive(Debug, Deserialize)]
pub struct SecondTier {
    #[serde(deserialize_with = "number")]
    pub start: u64,
    pub price: Nanos,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// All of them.
///
/// # Errors
/// The line that is none.
pub fn read() -> Result<Vec<Figure>, String> {
    let lines = FIGURES.lines().enumerate();
    lines
        .map(|(place, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", place + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_exact_and_a_part_of_a_nano_dollar_is_rounded_up() {
        for (text, nanos) in [
            ("2.5", 2_500_000_000),
            ("0", 0),
            ("0.041667", 41_667_000),
            ("0.024999999999999998", 25_000_000),
            ("0.0000000001", 1),
            ("150", 150_000_000_000),
        ] {
            assert_eq!(Nanos::parse(text), Some(Nanos(nanos)), "{text}");
        }
        for text in ["", ".5", "-1", "1e-5", "1.2.3", "x"] {
            assert_eq!(Nanos::parse(text), None, "{text}");
        }
    }
}
