//! What each provider is to be asked, and how it answers and refuses, in its own words.

use super::answers::{at_the_end, azure, deepseek, gemini, groq, minimax, mistral, moonshot, perplexity, xai};
use super::case::{BUSY, Case, MISTRAL, NEWER, OPENAI, POOR, THINKING, open};

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

/// Providers that no table knows, and what the configuration says of each besides its address and key: they are asked and understood
/// as the others are.
pub const OWN_CASES: &[(Case, &str)] = &[
    (
        open("acme", "/v1/chat/completions"),
        r#"{"formats": ["chat", "completions", "responses", "embeddings"], "own_keys": true}"#,
    ),
    (
        Case { auth: Some(("x-acme-key", "")), chat: OPENAI, ..open("acme-strict", "/llm/v2/chat") },
        r#"{"authentication": {"header": "X-Acme-Key"}, "quirks": {"strict": true},
            "formats": {"chat": "/v2/chat", "transcriptions": "/v2/hear", "translations": "/v2/hear/english"}}"#,
    ),
    (
        Case { chat: MISTRAL, ..open("acme-any", "/v1/chat/completions") },
        r#"{"quirks": {"any_tool": true, "usage_unasked": true}}"#,
    ),
    (
        Case { auth: None, chat: THINKING, refusals: &[BUSY], ..open("box-7", "/v1/chat/completions") },
        r#"{"quirks": {"wants_thoughts": true}}"#,
    ),
];
