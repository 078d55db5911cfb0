//! What providers say in an answer that is between them and us: how they served it, what it costs us there, how our account
//! there is set up. A client is sent none of it; what a call costs is told by the gateway.
//!
//! Whatever is not named here is passed on, as OpenAI's SDKs expect of a server.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Members beside the choices or the content: Groq's note of its own, Chutes' proof of a miner's work, what Portkey's
/// guardrails of our configuration found, which way OpenRouter and Vercel's gateway took and at what price, where vLLM keeps
/// a prompt, and what Bedrock's guardrails traced.
pub const OF_ANSWERS: [&str; 8] = [
    "x_groq",
    "chutes_verification",
    "hook_results",
    "openrouter_metadata",
    "provider_metadata",
    "kv_transfer_params",
    "amazon-bedrock-trace",
    "amazon-bedrock-guardrailAction",
];

/// Members of `usage`: what the call costs us at OpenRouter, xAI, DeepInfra and Vercel's gateway, and whose key was used there.
pub const OF_USAGE: [&str; 8] = [
    "cost",
    "cost_details",
    "is_byok",
    "cost_in_usd_ticks",
    "estimated_cost",
    "total_cost",
    "market_cost",
    "upstream_inference_cost",
];

static IN_ANSWERS: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| OF_ANSWERS.iter().map(|name| Finder::new(*name)).collect());

/// Whether one of [`OF_ANSWERS`] may stand in this JSON: a glance, without which nothing is parsed.
#[must_use]
pub fn may_be_in(json: &[u8]) -> bool {
    IN_ANSWERS.iter().any(|name| name.find(json).is_some())
}
