//! Reads a list: OpenAI's `{"data": [{"id": …}]}`, a bare array as Together has it, or `{"models": [{"name": …}]}` as Cohere does; and
//! the prices of OpenRouter's, which are texts of dollars a token.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::NoList;

/// The most models that a list may have.
const MOST: usize = 10_000;
/// The longest name of a model, in bytes.
const LONGEST_NAME: usize = 200;

/// Kinds of prices, by OpenRouter's names and by those of `gateway.price`, and nano-dollars of what we count by in one of their units
/// as a power of ten: a million tokens, or a request.
const KINDS: [(&str, &str, i32); 7] = [
    ("prompt", "prompt", 15),
    ("completion", "completion", 15),
    ("input_cache_read", "cached", 15),
    ("input_cache_write", "written", 15),
    ("input_cache_write_1h", "written_long", 15),
    ("internal_reasoning", "reasoning", 15),
    ("request", "request", 9),
];

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    pricing: Option<Value>,
}

/// Each model of the list with its price, as `apply_provider_list` takes them.
///
/// # Errors
/// Why it is no list.
pub fn read(body: &[u8], priced: bool) -> Result<BTreeMap<String, Value>, NoList> {
    let whole: &RawValue = serde_json::from_slice(body).map_err(|_| NoList("the list is not JSON"))?;
    let entries = entries(whole.get()).ok_or(NoList("it is no list of models"))?;
    if entries.len() > MOST {
        return Err(NoList("the list has more than 10000 models"));
    }
    let mut listed = BTreeMap::new();
    for entry in entries {
        let Ok(Entry { id, name, pricing }) = serde_json::from_str(entry.get()) else { continue };
        let Some(name) = id.or(name).filter(|name| (1..=LONGEST_NAME).contains(&name.len()) && !name.contains('\0'))
        else {
            continue;
        };
        // Gemini's are resources.
        let name = name.strip_prefix("models/").unwrap_or(&name).to_owned();
        let price = match pricing {
            Some(pricing) if priced => {
                price(&pricing).map_or_else(|problem| json!({ "problem": problem }), Value::Object)
            }
            None if priced => json!({ "problem": "the list has no price" }),
            _ => json!({}),
        };
        listed.insert(name, price);
    }
    if listed.is_empty() {
        return Err(NoList("the list names no model"));
    }
    Ok(listed)
}

fn entries(whole: &str) -> Option<Vec<&RawValue>> {
    #[derive(Deserialize)]
    struct Whole<'a> {
        #[serde(borrow)]
        data: Option<Vec<&'a RawValue>>,
        #[serde(borrow)]
        models: Option<Vec<&'a RawValue>>,
    }
    if whole.starts_with('[') {
        return serde_json::from_str(whole).ok();
    }
    let Whole { data, models } = serde_json::from_str(whole).ok()?;
    data.or(models)
}

fn price(pricing: &Value) -> Result<Map<String, Value>, &'static str> {
    let mut price = kinds(pricing)?;
    if !["prompt", "completion"].iter().all(|kind| price.contains_key(*kind)) {
        return Err("the list has no price");
    }
    if pricing.get("image").is_some_and(|image| amount(image, 9).is_some_and(|image| image != 0)) {
        return Err("a picture in the prompt is charged apart");
    }
    let mut tiers = Vec::new();
    for change in pricing.get("overrides").and_then(Value::as_array).into_iter().flatten() {
        let is_by_length = change.get("min_prompt_tokens").and_then(Value::as_u64);
        if change.as_object().is_none_or(|change| change.keys().any(|name| name.starts_with("utc_"))) {
            return Err("prices go by the hour");
        }
        let above = is_by_length.ok_or("a price of the list cannot be read")?;
        let mut tier = kinds(change)?;
        tier.insert("above".to_owned(), json!(above));
        tiers.push(Value::Object(tier));
    }
    if !tiers.is_empty() {
        price.insert("tiers".to_owned(), Value::Array(tiers));
    }
    Ok(price)
}

/// The kinds of a price, never below what is charged: a cache that costs less than the prompt is charged beside it, and what
/// is thought is a part of the answer.
fn kinds(pricing: &Value) -> Result<Map<String, Value>, &'static str> {
    let mut found: BTreeMap<&str, i64> = BTreeMap::new();
    for (theirs, ours, power) in KINDS {
        let Some(text) = pricing.get(theirs).filter(|text| !text.is_null()) else { continue };
        let nanos = amount(text, power).ok_or("a price of the list cannot be read")?;
        if nanos < 0 {
            return Err("a price of the list is negative");
        }
        found.insert(ours, nanos);
    }
    let prompt = found.get("prompt").copied().unwrap_or(0);
    if let Some(thought) = found.remove("reasoning")
        && let Some(completion) = found.get_mut("completion")
    {
        *completion = thought.max(*completion);
    }
    for kind in ["cached", "written", "written_long"] {
        if found.get(kind) == Some(&0) && prompt > 0 {
            found.remove(kind);
        }
    }
    if let Some(written) = found.get_mut("written").filter(|written| **written < prompt) {
        *written += prompt;
    }
    Ok(found.into_iter().map(|(kind, nanos)| (kind.to_owned(), json!(nanos))).collect())
}

/// So much of a decimal text, or number, times a power of ten; a part of a nano-dollar is rounded up. Nothing if it is no decimal, or
/// more than anything costs: 15 digits.
fn amount(value: &Value, power: i32) -> Option<i64> {
    const MOST: i128 = 999_999_999_999_999;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (negative, text) = text.strip_prefix('-').map_or((false, &*text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok().filter(|exponent| (-60..=60).contains(exponent))?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    if whole.is_empty() || digits.len() > 30 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digits: i128 = digits.parse().ok()?;
    let shift = power + exponent - i32::try_from(part.len()).ok()?;
    let ten = |power: i32| 10_i128.checked_pow(power.unsigned_abs());
    let nanos = if shift >= 0 {
        if digits == 0 { 0 } else { digits.checked_mul(ten(shift)?)? }
    } else {
        ten(shift)
            .map_or(i128::from(digits > 0), |unit| digits.div_euclid(unit) + i128::from(digits.rem_euclid(unit) > 0))
    };
    let nanos = i64::try_from(nanos).ok().filter(|nanos| i128::from(*nanos) <= MOST)?;
    Some(if negative { -nanos } else { nanos })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_price_of_a_token_is_exact_however_it_is_written() {
        for (text, nanos) in [
            (json!("0.0000025"), Some(2_500_000_000)),
            (json!("2.5e-06"), Some(2_500_000_000)),
            (json!(0.000_002_5), Some(2_500_000_000)),
            (json!("0"), Some(0)),
            (json!("0.00000000000000000001"), Some(1)),
            (json!("-1"), None),
            (json!("-0.0000025"), Some(-2_500_000_000)),
            (json!("1"), None),
            (json!("0.9"), Some(900_000_000_000_000)),
            (json!("NaN"), None),
            (json!("1e99999999999"), None),
            (json!(""), None),
            (json!("."), None),
            (json!(null), None),
            (json!([]), None),
        ] {
            assert_eq!(amount(&text, 15), nanos, "{text}");
        }
    }

    #[test]
    fn lists_of_every_shape_are_read() {
        for list in [
            r#"{"object":"list","data":[{"id":"a"},{"id":"models/b","pricing":{"input":1}},5,{"id":7},{"id":""}]}"#,
            r#"[{"id":"a"},{"id":"b"}]"#,
            r#"{"models":[{"name":"a"},{"name":"b"}]}"#,
        ] {
            let read = read(list.as_bytes(), false).expect(list);
            assert_eq!(
                read.into_iter().collect::<Vec<_>>(),
                [("a".to_owned(), json!({})), ("b".to_owned(), json!({}))]
            );
        }
        let many = format!("[{}]", vec![r#"{"id":"a"}"#; 10_001].join(","));
        for (list, problem) in [
            ("<html>", "the list is not JSON"),
            ("5", "it is no list of models"),
            ("{}", "it is no list of models"),
            (r#"{"data":5}"#, "it is no list of models"),
            (r#"{"data":[]}"#, "the list names no model"),
            (many.as_str(), "the list has more than 10000 models"),
        ] {
            assert_eq!(read(list.as_bytes(), true), Err(NoList(problem)));
        }
    }

    #[test]
    fn what_cannot_be_charged_is_no_price() {
        let price = |pricing: &str| price(&serde_json::from_str(pricing).expect("JSON"));
        let of = price(
            r#"{"prompt":"0.000003","completion":"0.000015","input_cache_read":"0","input_cache_write":"0.000001","internal_reasoning":"0.00002",
                "overrides":[{"min_prompt_tokens":200000,"prompt":"0.000006"}]}"#,
        );
        let expected = json!({"prompt": 3_000_000_000_i64, "completion": 20_000_000_000_i64, "written": 4_000_000_000_i64,
                              "tiers": [{"above": 200_000, "prompt": 6_000_000_000_i64}]});
        assert_eq!(of.map(Value::Object), Ok(expected));
        for (pricing, problem) in [
            (r#"{"prompt":"-1","completion":"-1"}"#, "a price of the list cannot be read"),
            (r#"{"prompt":"-0.001","completion":"0"}"#, "a price of the list is negative"),
            (r#"{"prompt":"0.001"}"#, "the list has no price"),
            (r#"{"prompt":"free","completion":"0"}"#, "a price of the list cannot be read"),
            (r#"{"prompt":"0.001","completion":"0","image":"0.1"}"#, "a picture in the prompt is charged apart"),
            (r#"{"prompt":"0.001","completion":"0","overrides":[{"utc_start":"0100"}]}"#, "prices go by the hour"),
            (r#"{"prompt":"0.001","completion":"0","overrides":[{}]}"#, "a price of the list cannot be read"),
            ("5", "the list has no price"),
        ] {
            assert_eq!(price(pricing), Err(problem), "{pricing}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_a_list_holds_is_a_panic(body in "\\PC{0,200}", pricing in "[-0-9.eE]{0,40}") {
            let _ = read(body.as_bytes(), true);
            let list = json!({"data": [{"id": "a", "pricing": {"prompt": pricing, "completion": pricing}}]});
            prop_assert!(read(list.to_string().as_bytes(), true).is_ok());
        }
    }
}
