//! The headers of our own that answers have. Scripts in browsers may read all of them: whoever adds one adds it here.

use http::{HeaderName, header};

/// Declares the headers, each as a constant, and the list of them.
macro_rules! answer_headers {
    ($($(#[doc = $what:literal])+ $constant:ident = $name:literal;)+) => {
        $($(#[doc = $what])+ pub const $constant: HeaderName = HeaderName::from_static($name);)+

        /// Each header with what it says, for the documentation.
        pub const DESCRIBED: &[(&str, &str)] = &[$(($name, concat!($($what),+).trim_ascii())),+];

        /// What a page's script may read of an answer (`access-control-expose-headers`).
        #[must_use]
        pub fn exposed() -> Vec<HeaderName> {
            vec![$($constant,)+ header::RETRY_AFTER, header::ACCEPT_ENCODING, header::ALLOW]
        }
    };
}

answer_headers! {
    /// The request's name.
    REQUEST_ID = "x-request-id";
    /// Requests that the window admits.
    LIMIT_REQUESTS = "x-ratelimit-limit-requests";
    /// Requests that it still admits.
    REMAINING_REQUESTS = "x-ratelimit-remaining-requests";
    /// When it admits all of them again.
    RESET_REQUESTS = "x-ratelimit-reset-requests";
    /// Tokens that the window admits.
    LIMIT_TOKENS = "x-ratelimit-limit-tokens";
    /// Tokens that it still admits.
    REMAINING_TOKENS = "x-ratelimit-remaining-tokens";
    /// When it admits all of them again.
    RESET_TOKENS = "x-ratelimit-reset-tokens";
    /// `true` while nobody knows how much is left.
    DEGRADED = "x-ratelimit-degraded";
    /// Whether a retry can help, which the SDKs obey above all else.
    SHOULD_RETRY = "x-should-retry";
    /// `retry-after` in milliseconds.
    RETRY_AFTER_MS = "retry-after-ms";
    /// Where the time of a call went (W3C Server Timing).
    SERVER_TIMING = "server-timing";
    /// `true` on the answer of an earlier call, which came with the same Idempotency-Key.
    IDEMPOTENT_REPLAYED = "idempotent-replayed";
    /// `hit` on an answer that an earlier call has made, `miss` on a new one, where the request has asked for the cache.
    CACHE = "x-gateway-cache";
    /// `HIT` or `MISS`, as at OpenRouter.
    CACHE_STATUS = "x-openrouter-cache-status";
    /// How old a cached answer is, in seconds.
    CACHE_AGE = "x-openrouter-cache-age";
    /// How long it is still kept, in seconds.
    CACHE_TTL = "x-openrouter-cache-ttl";
    /// The name of the call that made it.
    CACHE_SOURCE_ID = "x-openrouter-cache-source-id";
    /// The request's name as Anthropic's clients read it.
    ANTHROPIC_REQUEST_ID = "request-id";
    /// A call's name, by which `GET /v1/generation` finds it.
    GENERATION_ID = "x-generation-id";
    /// Who served a call.
    GATEWAY_PROVIDER = "x-gateway-provider";
    /// Since when the model of a call is deprecated (RFC 9745): `@1764288000`.
    DEPRECATION = "deprecation";
    /// The output limit of a call and what has set it, where that was neither the request nor the model: `4096;by=credit`.
    OUTPUT_LIMIT = "x-gateway-output-limit";
}
