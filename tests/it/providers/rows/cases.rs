//! What each provider is to be asked, and how it answers and refuses, in its own words.

use serde_json::{Value, json};

/// A provider's case.
pub struct Case {
    /// Its name.
    pub provider: &'static str,
    /// The path of its chat completions at its own host.
    pub path: &'static str,
    /// The header that has the key, and what stands before it there; none where no key is wanted.
    pub auth: Option<(&'static str, &'static str)>,
    /// What a chat for OpenAI is to be when it arrives.
    pub chat: Chat,
    /// The events of an answer that says pong.
    pub answer: fn() -> Vec<Value>,
    /// What of it is to be charged: prompt, cached and completion tokens.
    pub usage: [u64; 3],
    /// Refusals in its own words, and the code by which the caller hears of each.
    pub refusals: &'static [Refusal],
}

/// A status, a body, and the code of our answer.
pub type Refusal = (u16, &'static str, &'static str);

/// What is otherwise than at OpenAI.
#[derive(Clone, Copy)]
pub struct Chat {
    /// The output limit's name.
    pub limit: &'static str,
    /// The role of who gives instructions.
    pub instructs: &'static str,
    /// The word for a tool that must be called.
    pub any_tool: &'static str,
    /// Whether an assistant's call has a thought beside it.
    pub thought: bool,
    /// Whether usage is asked for.
    pub asks_usage: bool,
}

const OPENAI: Chat = Chat {
    limit: "max_completion_tokens",
    instructs: "developer",
    any_tool: "required",
    thought: false,
    asks_usage: true,
};
const NEWER: Chat = Chat { instructs: "system", ..OPENAI };
const OLDER: Chat = Chat { limit: "max_tokens", ..NEWER };
const THINKING: Chat = Chat { thought: true, ..OLDER };
const MISTRAL: Chat = Chat { any_tool: "any", asks_usage: false, ..OLDER };

const BEARER: Option<(&str, &str)> = Some(("authorization", "Bearer "));
const BUSY: Refusal =
    (429, r#"{"error":{"message":"Rate limit reached","type":"rate_limit_error"}}"#, "upstream_rate_limited");
const POOR: Refusal = (402, r#"{"error":{"message":"Insufficient Balance"}}"#, "upstream_unavailable");
const WRONG_KEY: Refusal = (401, r#"{"error":{"message":"Invalid API key"}}"#, "upstream_unavailable");
const DOWN: Refusal = (503, "upstream connect error or disconnect/reset before headers", "upstream_error");

/// An event with this in its first choice.
fn event(delta: Value, finish: Option<&str>) -> Value {
    json!({ "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "up",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
}

fn with(mut event: Value, name: &str, value: Value) -> Value {
    event[name] = value;
    event
}

fn usage(prompt: u64, completion: u64) -> Value {
    json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion })
}

/// As vLLM has it, and most who serve open models: usage in an event of its own.
fn plain() -> Vec<Value> {
    let last = with(event(json!({}), None), "choices", json!([]));
    vec![
        event(json!({ "role": "assistant", "content": "" }), None),
        event(json!({ "content": "pong" }), None),
        event(json!({}), Some("stop")),
        with(last, "usage", usage(10, 5)),
    ]
}

/// Usage beside the last choice.
fn at_the_end() -> Vec<Value> {
    vec![
        event(json!({ "role": "assistant", "content": "pong" }), None),
        with(event(json!({ "content": "" }), Some("stop")), "usage", usage(10, 5)),
    ]
}

/// Usage so far in each event, thoughts only in the sum.
fn gemini() -> Vec<Value> {
    let spent = |completion: u64| {
        json!({ "prompt_tokens": 10, "completion_tokens": completion, "total_tokens": 10 + 20 + completion,
            "completion_tokens_details": { "reasoning_tokens": 20 } })
    };
    vec![
        with(event(json!({ "role": "assistant", "content": "po" }), None), "usage", spent(1)),
        with(event(json!({ "content": "ng" }), Some("stop")), "usage", spent(5)),
    ]
}

fn xai() -> Vec<Value> {
    let mut events = plain();
    events[3]["usage"] = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 35,
        "prompt_tokens_details": { "cached_tokens": 4 }, "completion_tokens_details": { "reasoning_tokens": 20 },
        "num_sources_used": 0 });
    events
}

fn mistral() -> Vec<Value> {
    vec![
        event(
            json!({ "role": "assistant",
            "content": [{ "type": "thinking", "thinking": [{ "type": "text", "text": "They ping." }] }] }),
            None,
        ),
        event(json!({ "content": [{ "type": "text", "text": "pong" }] }), None),
        with(event(json!({ "content": "" }), Some("stop")), "usage", usage(10, 5)),
    ]
}

fn deepseek() -> Vec<Value> {
    let spent = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_cache_hit_tokens": 4,
        "prompt_cache_miss_tokens": 6, "prompt_tokens_details": { "cached_tokens": 4 },
        "completion_tokens_details": { "reasoning_tokens": 3 } });
    vec![
        event(json!({ "role": "assistant", "content": null, "reasoning_content": "They ping." }), None),
        event(json!({ "content": "pong", "reasoning_content": null }), None),
        with(event(json!({ "content": "" }), Some("stop")), "usage", spent),
    ]
}

fn moonshot() -> Vec<Value> {
    let mut spent = usage(10, 5);
    spent["cached_tokens"] = json!(4);
    let mut last = event(json!({}), Some("stop"));
    last["choices"][0]["usage"] = spent.clone();
    let end = with(with(event(json!({}), None), "choices", json!([])), "usage", spent);
    vec![event(json!({ "role": "assistant", "content": "pong" }), None), last, end]
}

fn minimax() -> Vec<Value> {
    let whole = json!({ "status_code": 0, "status_msg": "" });
    plain().into_iter().map(|event| with(event, "base_resp", whole.clone())).collect()
}

fn perplexity() -> Vec<Value> {
    let spent = |completion: u64| with(usage(10, completion), "search_context_size", json!("low"));
    vec![
        with(event(json!({ "role": "assistant", "content": "po" }), None), "usage", spent(2)),
        with(
            with(event(json!({ "role": "assistant", "content": "ng" }), Some("stop")), "usage", spent(5)),
            "citations",
            json!(["https://example.com"]),
        ),
    ]
}

fn groq() -> Vec<Value> {
    let mut events = plain();
    events[2] = with(events[2].clone(), "x_groq", json!({ "id": "req_1", "usage": usage(10, 5) }));
    events
}

fn azure() -> Vec<Value> {
    let filters = with(event(json!({}), None), "choices", json!([]));
    let filters = with(filters, "prompt_filter_results", json!([{ "prompt_index": 0, "content_filter_results": {} }]));
    [vec![filters], plain()].concat()
}

const fn open(provider: &'static str, path: &'static str) -> Case {
    Case {
        provider,
        path,
        auth: BEARER,
        chat: OLDER,
        answer: plain,
        usage: [10, 0, 5],
        refusals: &[BUSY, POOR, WRONG_KEY, DOWN],
    }
}

/// Every provider that has no stand-in of its own.
pub const CASES: &[Case] = &[
    Case {
        chat: NEWER,
        answer: gemini,
        usage: [10, 0, 25],
        refusals: &[
            (
                400,
                r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
                "upstream_unavailable",
            ),
            (
                429,
                r#"[{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}]"#,
                "upstream_rate_limited",
            ),
            (
                400,
                r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]"#,
                "context_length_exceeded",
            ),
            (
                503,
                r#"[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]"#,
                "upstream_error",
            ),
        ],
        ..open("gemini", "/v1beta/openai/chat/completions")
    },
    Case {
        chat: NEWER,
        answer: xai,
        usage: [10, 4, 25],
        refusals: &[
            (
                400,
                r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***1. You can obtain an API key from https://console.x.ai."}"#,
                "upstream_unavailable",
            ),
            (
                429,
                r#"{"code":"Some resource has been exhausted","error":"Your team has either used all available credits or reached its monthly spending limit."}"#,
                "upstream_unavailable",
            ),
            (
                400,
                r#"{"code":"Client specified an invalid argument","error":"This model's maximum prompt length is 131072 but the request contains 140000 tokens."}"#,
                "context_length_exceeded",
            ),
        ],
        ..open("xai", "/v1/chat/completions")
    },
    Case {
        chat: MISTRAL,
        answer: mistral,
        refusals: &[
            (401, r#"{"message":"Unauthorized","request_id":"1"}"#, "upstream_unavailable"),
            (
                429,
                r#"{"object":"error","message":"Requests rate limit exceeded","type":"rate_limited","code":"1300"}"#,
                "upstream_rate_limited",
            ),
            (
                422,
                r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","x"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error"}"#,
                "upstream_rejected",
            ),
        ],
        ..open("mistral", "/v1/chat/completions")
    },
    Case {
        chat: THINKING,
        answer: deepseek,
        usage: [10, 4, 5],
        refusals: &[
            POOR,
            (
                401,
                r#"{"error":{"message":"Authentication Fails, Your api key: ****1 is invalid","type":"authentication_error","code":"invalid_request_error"}}"#,
                "upstream_unavailable",
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 131072 tokens. However, you requested 140000 tokens","type":"invalid_request_error"}}"#,
                "context_length_exceeded",
            ),
        ],
        ..open("deepseek", "/chat/completions")
    },
    Case {
        chat: THINKING,
        answer: moonshot,
        usage: [10, 4, 5],
        refusals: &[
            (
                429,
                r#"{"error":{"message":"Your account is suspended, please check your plan and billing details","type":"exceeded_current_quota_error"}}"#,
                "upstream_unavailable",
            ),
            (
                429,
                r#"{"error":{"message":"Your account reached max request limit: 3, please try again after 1 seconds","type":"rate_limit_reached_error"}}"#,
                "upstream_rate_limited",
            ),
            (
                400,
                r#"{"error":{"message":"Invalid request: Your request exceeded model token limit: 131072","type":"invalid_request_error"}}"#,
                "context_length_exceeded",
            ),
        ],
        ..open("moonshot", "/v1/chat/completions")
    },
    Case {
        chat: THINKING,
        answer: at_the_end,
        refusals: &[
            (
                429,
                r#"{"error":{"code":"1113","message":"Insufficient balance or no resource package. Please recharge."}}"#,
                "upstream_unavailable",
            ),
            (401, r#"{"error":{"code":"1000","message":"Authentication Failed"}}"#, "upstream_unavailable"),
        ],
        ..open("zai", "/api/paas/v4/chat/completions")
    },
    Case { chat: THINKING, answer: minimax, ..open("minimax", "/v1/chat/completions") },
    Case {
        refusals: &[
            (
                400,
                r#"{"error":{"code":"Arrearage","message":"Access denied, please make sure your account is in good standing.","type":"Arrearage"}}"#,
                "upstream_unavailable",
            ),
            (
                400,
                r#"{"error":{"code":"data_inspection_failed","message":"Input data may contain inappropriate content.","type":"data_inspection_failed"}}"#,
                "upstream_rejected",
            ),
            (
                400,
                r#"{"error":{"code":"invalid_parameter_error","message":"Range of input length should be [1, 129024]","type":"invalid_request_error"}}"#,
                "context_length_exceeded",
            ),
        ],
        ..open("dashscope", "/compatible-mode/v1/chat/completions")
    },
    Case {
        answer: at_the_end,
        refusals: &[(401, r#"{"id":"1","message":"invalid api token"}"#, "upstream_unavailable"), BUSY],
        ..open("cohere", "/compatibility/v1/chat/completions")
    },
    Case { answer: perplexity, ..open("perplexity", "/chat/completions") },
    Case {
        chat: NEWER,
        answer: groq,
        refusals: &[
            (
                401,
                r#"{"error":{"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"}}"#,
                "upstream_unavailable",
            ),
            (
                404,
                r#"{"error":{"message":"The model `up/model` does not exist or you do not have access to it.","type":"invalid_request_error","code":"model_not_found"}}"#,
                "upstream_rejected",
            ),
            (
                498,
                r#"{"error":{"message":"Flex tier capacity exceeded","type":"capacity_exceeded"}}"#,
                "upstream_error",
            ),
        ],
        ..open("groq", "/openai/v1/chat/completions")
    },
    Case {
        answer: at_the_end,
        refusals: &[
            (
                401,
                r#"{"message":"Wrong API Key","type":"invalid_request_error","param":"api_key","code":"wrong_api_key"}"#,
                "upstream_unavailable",
            ),
            (
                400,
                r#"{"message":"Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}"#,
                "context_length_exceeded",
            ),
        ],
        ..open("cerebras", "/v1/chat/completions")
    },
    Case { answer: at_the_end, ..open("sambanova", "/v1/chat/completions") },
    open("nvidia", "/v1/chat/completions"),
    Case { answer: at_the_end, ..open("together", "/v1/chat/completions") },
    Case {
        answer: at_the_end,
        refusals: &[
            (
                412,
                r#"{"error":{"message":"Account x is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.","code":"PRECONDITION_FAILED"}}"#,
                "upstream_unavailable",
            ),
            BUSY,
        ],
        ..open("fireworks", "/inference/v1/chat/completions")
    },
    open("deepinfra", "/v1/openai/chat/completions"),
    Case {
        refusals: &[
            (
                403,
                r#"{"code":403,"reason":"NOT_ENOUGH_BALANCE","message":"not enough balance","metadata":{}}"#,
                "upstream_unavailable",
            ),
            BUSY,
        ],
        ..open("novita", "/openai/v1/chat/completions")
    },
    open("nebius", "/v1/chat/completions"),
    open("hyperbolic", "/v1/chat/completions"),
    Case {
        refusals: &[
            (
                403,
                r#"{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}"#,
                "upstream_unavailable",
            ),
            BUSY,
        ],
        ..open("siliconflow", "/v1/chat/completions")
    },
    open("huggingface", "/v1/chat/completions"),
    open("baseten", "/v1/chat/completions"),
    Case { chat: NEWER, ..open("vercel", "/v1/chat/completions") },
    Case {
        auth: Some(("api-key", "")),
        chat: OPENAI,
        answer: azure,
        refusals: &[
            (
                401,
                r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}"#,
                "upstream_unavailable",
            ),
            (
                400,
                r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400}}"#,
                "upstream_rejected",
            ),
            (
                404,
                r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#,
                "upstream_rejected",
            ),
        ],
        ..open("azure", "/openai/v1/chat/completions")
    },
    open("bedrock", "/openai/v1/chat/completions"),
    open("cloudflare", "/client/v4/accounts/ACCOUNT/ai/v1/chat/completions"),
    Case {
        auth: None,
        refusals: &[(
            400,
            r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","param":null,"code":400}"#,
            "context_length_exceeded",
        )],
        ..open("vllm", "/v1/chat/completions")
    },
    Case {
        auth: None,
        refusals: &[(
            404,
            r#"{"error":{"message":"model \"up/model\" not found, try pulling it first","type":"api_error","param":null,"code":null}}"#,
            "upstream_rejected",
        )],
        ..open("ollama", "/v1/chat/completions")
    },
];
