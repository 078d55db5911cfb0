//! What is answered at OpenRouter's base URL has the members that its OpenAPI document requires, of the types that it says: what its
//! own SDKs refuse an answer without (openrouter.ai/docs, "API reference"). Further members are nobody's concern.

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{MODEL, Route, World, hello};

use super::{ask, get};

/// Whether a value has a shape: a text of types with `|` between them, a list of whose element each of the value's has the shape, or an
/// object whose members the value has. A member whose name ends in `?` may be absent.
fn check(value: &Value, shape: &Value, place: &str) {
    match shape {
        Value::String(types) => {
            let is_one = |name: &str| match name {
                "string" => value.is_string(),
                "number" => value.is_number(),
                "integer" => value.is_i64(),
                "boolean" => value.is_boolean(),
                "object" => value.is_object(),
                "array" => value.is_array(),
                "null" => value.is_null(),
                // A decimal in a text, as prices are written.
                "decimal" => value.as_str().is_some_and(|text| text.parse::<f64>().is_ok()),
                "time" => value.as_str().is_some_and(|text| text.get(10..11) == Some("T") && text.len() >= 20),
                literal => value == literal.trim_matches('\''),
            };
            assert!(types.split('|').any(is_one), "{place} is to be {types}: {value}");
        }
        Value::Array(of) => {
            let list = value.as_array().unwrap_or_else(|| panic!("{place} is to be a list: {value}"));
            list.iter().enumerate().for_each(|(at, one)| check(one, &of[0], &format!("{place}[{at}]")));
        }
        Value::Object(members) => {
            for (name, shape) in members {
                let (name, may_be_absent) = name.strip_suffix('?').map_or((name.as_str(), false), |name| (name, true));
                match value.get(name) {
                    Some(member) => check(member, shape, &format!("{place}.{name}")),
                    None => assert!(may_be_absent, "{place} lacks {name}: {value}"),
                }
            }
        }
        other => panic!("no shape: {other}"),
    }
}

fn with(mut shape: Value, further: Value) -> Value {
    shape.as_object_mut().expect("an object").extend(further.as_object().expect("an object").clone());
    shape
}

fn pricing() -> Value {
    let decimals =
        ["request?", "image?", "input_cache_read?", "input_cache_write?", "internal_reasoning?", "web_search?"];
    let optional: Value =
        decimals.into_iter().map(|name| (name.to_owned(), json!("decimal"))).collect::<serde_json::Map<_, _>>().into();
    with(json!({ "prompt": "decimal", "completion": "decimal" }), optional)
}

fn architecture() -> Value {
    json!({ "modality": "string|null", "input_modalities": ["string"], "output_modalities": ["string"], "tokenizer?": "string|null",
        "instruct_type?": "string|null" })
}

fn model() -> Value {
    json!({
        "id": "string", "canonical_slug": "string", "name": "string", "description?": "string", "created": "integer",
        "context_length": "integer|null", "architecture": architecture(), "pricing": pricing(),
        "top_provider": { "context_length?": "integer|null", "max_completion_tokens?": "integer|null", "is_moderated": "boolean" },
        "per_request_limits": "object|null", "default_parameters": "object|null", "supported_parameters": ["string"],
        "supported_voices": "array|null", "links": { "details": "string" },
    })
}

fn endpoint() -> Value {
    json!({
        "name": "string", "model_id": "string", "model_name": "string", "provider_name": "string", "tag": "string",
        "context_length": "integer", "max_completion_tokens": "integer|null", "max_prompt_tokens": "integer|null", "pricing": pricing(),
        "quantization": "string|null", "status?": "integer", "supported_parameters": ["string"], "supports_implicit_caching": "boolean",
        "uptime_last_5m": "number|null", "uptime_last_30m": "number|null", "uptime_last_1d": "number|null",
        "latency_last_30m": "object|null", "throughput_last_30m": "object|null",
    })
}

/// What a key has spent, of our credit and by keys of one's own.
fn spent() -> Value {
    let figures = ["", "_daily", "_weekly", "_monthly"];
    let names = figures.iter().flat_map(|period| [format!("usage{period}"), format!("byok_usage{period}")]);
    names.map(|name| (name, json!("number"))).collect::<serde_json::Map<_, _>>().into()
}

fn own_key() -> Value {
    with(
        json!({
            "label": "string", "limit": "number|null", "limit_remaining": "number|null",
            "limit_reset": "'daily'|'weekly'|'monthly'|null", "include_byok_in_limit": "boolean", "is_free_tier": "boolean",
            "is_management_key": "boolean", "is_provisioning_key": "boolean", "creator_user_id": "string|null",
            "expires_at?": "time|null", "rate_limit": { "requests": "number", "interval": "string", "note": "string" },
        }),
        spent(),
    )
}

fn key() -> Value {
    with(
        json!({
            "hash": "string", "name": "string", "label": "string", "disabled": "boolean", "limit": "number|null",
            "limit_remaining": "number|null", "limit_reset": "string|null", "include_byok_in_limit": "boolean", "created_at": "time",
            "updated_at": "time|null", "expires_at?": "time|null", "creator_user_id": "string|null", "workspace_id": "string|null",
        }),
        spent(),
    )
}

/// As both OpenRouter's SDK and Vercel's read it, of which the second takes no nulls.
fn generation() -> Value {
    // More members than the macro takes.
    let shape = r#"{ "data": {
        "id": "string", "upstream_id": "string|null", "request_id": "string|null", "session_id": "string|null", "external_user": "string|null",
        "model": "string", "provider_name": "string", "router": "string|null", "preset_id": "null", "service_tier": "string|null",
        "api_type": "string|null", "created_at": "time", "streamed": "boolean", "cancelled": "boolean", "finish_reason": "string",
        "native_finish_reason": "string|null", "latency": "number", "generation_time": "number", "moderation_latency": "number|null",
        "tokens_prompt": "integer", "tokens_completion": "integer", "native_tokens_prompt": "integer",
        "native_tokens_completion": "integer", "native_tokens_reasoning": "integer", "native_tokens_cached": "integer",
        "native_tokens_cache_creation": "integer", "native_tokens_completion_images": "integer|null", "num_media_prompt": "integer|null",
        "num_media_completion": "integer|null", "num_input_audio_prompt": "integer|null", "num_search_results": "integer|null",
        "billable_web_search_calls": "integer", "total_cost": "number", "usage": "number", "upstream_inference_cost": "number",
        "cache_discount": "number|null", "is_byok": "boolean", "origin": "string", "http_referer": "string|null",
        "user_agent": "string|null", "app_id": "integer|null", "response_cache_source_id": "string|null",
        "provider_responses": "array|null"
    } }"#;
    serde_json::from_str(shape).expect("a shape")
}

fn usage() -> Value {
    json!({
        "prompt_tokens": "integer", "completion_tokens": "integer", "total_tokens": "integer", "cost": "number", "is_byok": "boolean",
        "prompt_tokens_details": { "cached_tokens": "integer" }, "completion_tokens_details": { "reasoning_tokens": "integer" },
    })
}

fn error() -> Value {
    json!({ "error": { "code": "integer", "message": "string", "metadata?": { "error_type": "string" } } })
}

#[tokio::test]
async fn every_answer_has_the_members_that_openrouters_document_requires() {
    let world = World::start().await;
    let owner = world.account(1_000_000_000).await;
    world.change_key(&owner, "scopes = '{*}', spend_limit = 500000000, spend_period = 'month'").await;
    world
        .model("test/second", &[Route::new("chutes", "standin/usage"), Route::new("openrouter", "standin/usage")])
        .await;
    world.model("test/down", &[Route::new("openrouter", "standin/status?code=503")]).await;
    world.sql("update gateway.model_routes set data_policy = 'zdr' where provider = 'chutes'").await;
    let listed = json!({ "data": [model()], "total_count": "integer", "links": { "next": "string|null" } });

    let chat = ask(
        &world,
        Method::POST,
        "/chat/completions",
        &owner,
        &hello(&json!({ "model": "test/second", "user": "ann" })),
    )
    .await;
    let generation_id = chat.header("x-generation-id").to_owned();
    let message = json!({ "role": "string", "content": "string|null" });
    let choice = json!({ "index": "integer", "message": message, "finish_reason": "string|null", "native_finish_reason?": "string|null" });
    let answer = json!({ "id": "string", "object": "'chat.completion'", "created": "integer", "model": "string", "provider": "string",
        "choices": [choice], "system_fingerprint": "string|null", "usage": usage() });
    check(&chat.success(), &answer, "chat");
    let streamed = hello(&json!({ "model": "test/second", "stream": true }));
    let chunks = ask(&world, Method::POST, "/chat/completions", &owner, &streamed).await.events();
    let choice = json!({ "index": "integer", "delta": "object", "finish_reason": "string|null" });
    let chunk = json!({ "id": "string", "object": "'chat.completion.chunk'", "created": "integer", "model": "string", "choices": [choice],
        "usage?": "object|null" });
    chunks.iter().for_each(|told| check(told, &chunk, "chunk"));
    check(&chunks.last().expect("chunks")["usage"], &usage(), "the last chunk's usage");
    world.settled().await;

    let byok = json!({ "provider": "groq", "key": "gsk_0123456789abcdef", "name": "Spare" });
    let own = json!({ "id": "string", "provider": "string", "label": "string", "name": "string|null", "disabled": "boolean",
        "is_fallback": "boolean", "sort_order": "integer", "allowed_models": "array|null", "allowed_api_key_hashes": "array|null",
        "allowed_user_ids": "array|null", "workspace_id": "string|null", "created_at": "time" });
    let made = ask(&world, Method::POST, "/byok", &owner, &byok).await;
    assert_eq!(made.status, 201, "{}", made.text);
    check(&made.json(), &json!({ "data": own }), "POST /byok");
    let made = ask(
        &world,
        Method::POST,
        "/keys",
        &owner,
        &json!({ "name": "a customer", "limit": 0.1, "limit_reset": "weekly" }),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.text);
    check(&made.json(), &json!({ "data": key(), "key": "string" }), "POST /keys");
    let hash = made.json()["data"]["hash"].as_str().expect("a hash").to_owned();
    let changed =
        ask(&world, Method::PATCH, &format!("/keys/{hash}"), &owner, &json!({ "disabled": true })).await.success();
    check(&changed, &json!({ "data": key() }), "PATCH /keys");

    let one = json!({ "name": "string", "slug": "string", "privacy_policy_url": "string|null" });
    let day = json!({ "date": "string", "model": "string", "model_permaslug": "string", "endpoint_id": "string", "provider_name": "string",
        "requests": "integer", "usage": "number", "byok_usage_inference": "number", "prompt_tokens": "integer",
        "completion_tokens": "integer", "reasoning_tokens": "integer" });
    let endpoints = json!({ "id": "string", "name": "string", "created": "integer", "description": "string", "architecture": architecture(),
        "endpoints": [endpoint()] });
    for (path, shape) in [
        ("/key".to_owned(), json!({ "data": own_key() })),
        ("/auth/key".to_owned(), json!({ "data": own_key() })),
        (
            "/credits".to_owned(),
            json!({ "data": { "total_credits": "number", "total_usage": "number" }, "balance": "decimal", "total_used": "decimal" }),
        ),
        (format!("/generation?id={generation_id}"), generation()),
        ("/models".to_owned(), listed.clone()),
        ("/models?limit=1".to_owned(), listed.clone()),
        ("/models/user".to_owned(), listed.clone()),
        ("/embeddings/models".to_owned(), listed),
        ("/models/count".to_owned(), json!({ "data": { "count": "integer" } })),
        ("/model/test/second".to_owned(), json!({ "data": model() })),
        ("/models/test/second/endpoints".to_owned(), json!({ "data": endpoints })),
        ("/endpoints/zdr".to_owned(), json!({ "data": [endpoint()] })),
        ("/providers".to_owned(), json!({ "data": [one] })),
        ("/keys".to_owned(), json!({ "data": [key()] })),
        (format!("/keys/{hash}"), json!({ "data": key() })),
        ("/byok".to_owned(), json!({ "data": [own], "total_count": "integer" })),
        ("/activity".to_owned(), json!({ "data": [day] })),
    ] {
        check(&get(&world, &path, &owner).await.success(), &shape, &path);
    }
    let gone = ask(&world, Method::DELETE, &format!("/keys/{hash}"), &owner, &Value::Null).await.success();
    check(&gone, &json!({ "deleted": "boolean" }), "DELETE /keys");

    // Whatever has gone wrong, wherever.
    for (method, path, body) in [
        (Method::POST, "/chat/completions", hello(&json!({ "model": "test/down" }))),
        (Method::POST, "/chat/completions", hello(&json!({ "model": "test/nothing" }))),
        (Method::POST, "/chat/completions", hello(&json!({ "temperature": 9 }))),
        (Method::POST, "/keys", json!({ "limit": "much" })),
        (Method::GET, "/generation?id=gen-nothing", Value::Null),
        (Method::GET, "/model/test/nothing", Value::Null),
        (Method::GET, "/keys/nothing", Value::Null),
        (Method::GET, "/nowhere", Value::Null),
        (Method::PUT, "/credits", json!({})),
    ] {
        let told = ask(&world, method, path, &owner, &body).await;
        check(&told.json(), &error(), path);
        assert_eq!(told.json()["error"]["code"], told.status, "{path}");
    }
    let nobody = Answer::to(world.http.get(format!("{}/api/v1/key", world.base_url))).await;
    check(&nobody.json(), &error(), "without a key");
    let model = Answer::to(world.http.get(format!("{}/api/v1/model/{MODEL}", world.base_url))).await.success();
    check(&model, &json!({ "data": self::model() }), "anyone");
}
