//! The attributes' names. Those of `gen_ai` are OpenTelemetry's conventions for generative AI, which are in development: where one
//! changes, it changes here alone. Those of `gateway` are ours, for what the conventions have no word for.
//!
//! Sources: github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-spans.md, and opentelemetry.io/docs/specs/semconv
//! for `db`, `error`, `http` and `service`, which are stable.

/// What is asked for: [`operation`].
pub const OPERATION: &str = "gen_ai.operation.name";
/// Who serves it: [`provider`].
pub const PROVIDER: &str = "gen_ai.provider.name";
/// The model that is asked for: in the span of the call as the catalog has it, in that of an attempt as its provider does.
pub const MODEL: &str = "gen_ai.request.model";
/// Whether the client gets a stream.
pub const STREAM: &str = "gen_ai.request.stream";
/// How many answers are asked for, where that is not one.
pub const CHOICES: &str = "gen_ai.request.choice.count";
/// The client's own limit of an answer, in tokens.
pub const MAX_TOKENS: &str = "gen_ai.request.max_tokens";
/// The provider's id of the answer.
pub const RESPONSE_ID: &str = "gen_ai.response.id";
/// Why its first choice ended.
pub const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
/// Until the provider's first byte, in seconds.
pub const FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
/// Tokens of the prompt.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Tokens of the answer.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Tokens of the prompt that the provider had cached.
pub const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
/// Tokens of the prompt that it wrote into its cache.
pub const CACHE_WRITE_TOKENS: &str = "gen_ai.usage.cache_creation.input_tokens";
/// Tokens of the answer that were thought.
pub const REASONING_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";
/// What was said before and is asked now, as JSON: of a key alone whose setting says so (`content`).
pub const INPUT: &str = "gen_ai.input.messages";
/// What the model has answered, likewise.
pub const OUTPUT: &str = "gen_ai.output.messages";
/// What the call costs its caller, in dollars: in use elsewhere, and in no convention yet. [`COST_NANOS`] is exact.
pub const COST: &str = "gen_ai.usage.cost";
/// The code of a failure or a refusal.
pub const ERROR: &str = "error.type";
/// A provider's status.
pub const STATUS: &str = "http.response.status_code";
/// Which store: `postgresql` or `redis`.
pub const STORE: &str = "db.system.name";
/// What it was asked.
pub const STORE_OPERATION: &str = "db.operation.name";

/// What names the call in the ledger.
pub const CALL_ID: &str = "gateway.call.id";
/// The `x-request-id` of its answer.
pub const REQUEST_ID: &str = "gateway.request.id";
/// How it ended, as the activity log says it.
pub const OUTCOME: &str = "gateway.outcome";
/// What it costs, in nano-dollars.
pub const COST_NANOS: &str = "gateway.cost.nano_usd";
/// Whether its tokens were counted here.
pub const ESTIMATED: &str = "gateway.usage.estimated";
/// How many providers were asked.
pub const ATTEMPTS: &str = "gateway.attempts";
/// What the gateway itself took of its time, in ms.
pub const OVERHEAD: &str = "gateway.overhead_ms";
/// The provider by its name here.
pub const OWN_PROVIDER: &str = "gateway.provider";
/// Whether it was asked with the caller's own key there.
pub const OWN_KEY: &str = "gateway.own_key";

/// What the service is called.
pub const SERVICE: &str = "service.name";
/// Its version.
pub const SERVICE_VERSION: &str = "service.version";
/// Which deployment it is.
pub const ENVIRONMENT: &str = "deployment.environment.name";

/// The convention's word for what a model is asked for, by the catalog's; ours where it has none.
#[must_use]
pub fn operation(kind: &'static str) -> &'static str {
    match kind {
        "embedding" => "embeddings",
        "image" => "generate_content",
        kind => kind,
    }
}

/// The convention's word for a provider; our name of it where it has none.
#[must_use]
pub fn provider(name: &'static str) -> &'static str {
    match name {
        "azure" => "azure.ai.openai",
        "bedrock" => "aws.bedrock",
        "gemini" => "gcp.gemini",
        "mistral" => "mistral_ai",
        "xai" => "x_ai",
        name => name,
    }
}
