//! What the two calls of the database that every call makes are given of a usual call: a row, as the gateway sends it.

use serde_json::{Map, Value, json};

/// The fields of `gateway.usual_ask`, by where they stand in the whole.
const ASK: [&str; 17] = [
    "/caller/key_hashes/0",
    "/caller/ip",
    "/caller/domain",
    "/caller/user_agent",
    "/caller/request_id",
    "/call/call_id",
    "/call/begun",
    "/call/model",
    "/call/kind",
    "/call/providers",
    "/call/prompt_bound",
    "/call/tools",
    "/call/choices",
    "/call/output_limit",
    "/call/hold_seconds",
    "/call/markup",
    "/rest",
];
/// What stands in its `rest`.
const REST: [&str; 3] = ["allowed", "end_user", "own_key_fee"];
/// The fields of `gateway.usual_settlement`.
const SETTLEMENT: [&str; 30] = [
    "/call_id",
    "/hold/account_id",
    "/hold/key_id",
    "/hold/model",
    "/hold/held",
    "/hold/markup",
    "/hold/placed_at",
    "/hold/most_prompt",
    "/hold/most_completion",
    "/hold/price/prompt",
    "/hold/price/cached",
    "/hold/price/written",
    "/hold/price/completion",
    "/hold/price/request",
    "/price",
    "/provider",
    "/usage/prompt",
    "/usage/cached",
    "/usage/written",
    "/usage/completion",
    "/usage/reasoning",
    "/request_id",
    "/stream",
    "/first_byte_ms",
    "/duration_ms",
    "/asked_ms",
    "/app",
    "/end_user",
    "/answer_id",
    "/finish_reason",
];

/// What begin_request is given of this: a row, if the call may be a usual one, else the same.
#[must_use]
pub fn asked(whole: &Value) -> Value {
    let mut whole = whole.clone();
    let known = |name: &String| {
        ["images", "modalities"].contains(&name.as_str())
            || REST.contains(&name.as_str())
            || ASK.contains(&format!("/call/{name}").as_str())
    };
    let is_usual = whole["call"].as_object().is_some_and(|call| call.keys().all(known))
        && whole["call"]["images"] == json!(0)
        && whole["call"]["modalities"] == json!([])
        && whole["caller"]["key_hashes"].as_array().is_some_and(|hashes| hashes.len() == 1);
    if !is_usual {
        return whole;
    }
    let rest = REST.iter().filter_map(|name| Some(((*name).to_owned(), whole["call"].get(*name)?.clone())));
    whole["rest"] = Value::Object(rest.collect());
    row(&whole, &ASK)
}

/// What finish_request is given of this: a row, if it settles a usual call, else the same.
#[must_use]
pub fn settled(whole: &Value) -> Value {
    let mut whole = whole.clone();
    let of = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let within = |members: &Map<String, Value>, under: &str, besides: &[&str]| {
        members.iter().filter(|(_, value)| says(value)).all(|(name, _)| {
            besides.contains(&name.as_str()) || SETTLEMENT.contains(&format!("{under}/{name}").as_str())
        })
    };
    let price = of(&whole["hold"]["price"]);
    let is_usual = whole["outcome"] == "completed"
        && whole["usage"].is_object()
        && !price.is_empty()
        && within(&of(&whole), "", &["outcome", "usage", "hold"])
        && within(&of(&whole["usage"]), "/usage", &[])
        && of(&whole["usage"]).values().all(|tokens| tokens.as_u64().is_some_and(|tokens| tokens <= 1_000_000_000))
        && within(&of(&whole["hold"]), "/hold", &["price", "units"])
        && !price.contains_key("tiers")
        && !price.contains_key("reasoning");
    if !is_usual {
        return whole;
    }
    let is_plain = !price.contains_key("written") && price.get("request") == Some(&json!(0));
    if !is_plain {
        whole["price"] = Value::Object(price);
    }
    row(&whole, &SETTLEMENT)
}

fn row(whole: &Value, fields: &[&str]) -> Value {
    let fields: Vec<String> = fields.iter().map(|at| field(whole.pointer(at).unwrap_or(&Value::Null))).collect();
    json!({ "row": format!("({})", fields.join(",")) })
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        Value::Array(_) => quoted(&value.to_string().replace('[', "{").replace(']', "}")),
        Value::Object(_) => quoted(&value.to_string()),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\""))
}

/// What is null or false could be left out.
fn says(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}
