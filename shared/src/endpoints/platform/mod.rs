//! What an operator sees of the whole platform: how it runs, what it brings, and what support looks for.

pub mod balance;
pub mod breakers;
pub mod metrics;
pub mod monitor;
pub mod payments;
pub mod request;
pub mod requests;
pub mod transactions;
pub mod usage;

use utoipa::ToSchema;

use crate::money::Nanos;

/// Percentiles of a latency in milliseconds, from histograms whose bounds lie less than half an octave apart. Null where nothing was
/// measured.
#[derive(ToSchema)]
pub struct Latency {
    /// Half took no longer.
    #[schema(required)]
    pub p50: Option<i64>,
    /// 95 of 100 took no longer.
    #[schema(required)]
    pub p95: Option<i64>,
    /// 99 of 100 took no longer.
    #[schema(required)]
    pub p99: Option<i64>,
}

/// What the requests of all accounts came to, by when they ended.
#[derive(ToSchema)]
pub struct PlatformSums {
    /// Requests that were sent to a provider.
    pub requests: i64,
    /// Those of them that a provider failed or cut off, or that ran out of time.
    pub failed: i64,
    /// Failed ones as a part of all, from 0 to 1.
    pub error_rate: f64,
    /// Those that went with their caller's own key at the provider, and cost nothing here.
    pub own_key: i64,
    /// Those whose tokens were counted here, since the provider did not say.
    pub estimated: i64,
    /// Tokens of prompts.
    pub prompt_tokens: i64,
    /// Those of them that a provider had cached.
    pub cached_tokens: i64,
    /// Those of them that it wrote into its cache.
    pub written_tokens: i64,
    /// Tokens of answers.
    pub completion_tokens: i64,
    /// Those of them that were reasoning.
    pub reasoning_tokens: i64,
    /// Tokens of prompts and answers.
    pub tokens: i64,
    /// What they cost.
    pub cost: Nanos,
    /// What of the cost the providers get by their prices, without our markup.
    pub provider_cost: Nanos,
    /// What of the cost is ours.
    pub margin: Nanos,
    /// How long they took.
    pub duration_ms: Latency,
    /// How long it took until the provider's first byte.
    pub first_byte_ms: Latency,
}

/// A provider's part.
#[derive(ToSchema)]
pub struct ProviderPart {
    /// Its name.
    pub provider: String,
    /// What it was used for.
    pub usage: PlatformSums,
}

/// A model's part.
#[derive(ToSchema)]
pub struct ModelPart {
    /// Its id.
    pub model: String,
    /// What it was used for.
    pub usage: PlatformSums,
}

/// What accounts have and owe.
#[derive(ToSchema)]
pub struct Liabilities {
    /// How many accounts there are, deleted ones among them.
    pub accounts: i64,
    /// The sum of their balances.
    pub balance: Nanos,
    /// What of it is reserved for calls that are running.
    pub held: Nanos,
    /// What they owe beyond their credit.
    pub debt: Nanos,
    /// How many owe something.
    pub in_debt: i64,
}
