//! The `usage` object: read from providers, written for clients (openai-python `types/responses/response_usage.py`).

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::credits::usage::Usage;
use crate::formats::Bill;
use crate::formats::openai::usage::Reported;

/// Tokens as a response reports them. Both objects of details are always there: the SDKs require them.
#[must_use]
pub fn of(usage: &Usage) -> Value {
    let mut told = json!({
        "input_tokens": usage.prompt,
        "input_tokens_details": { "cached_tokens": usage.cached, "cache_write_tokens": usage.written },
        "output_tokens": usage.completion,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning },
        "total_tokens": usage.total(),
    });
    if usage.image_output > 0 {
        told["output_tokens_details"]["image_tokens"] = json!(usage.image_output);
    }
    told
}

/// The tokens that a provider's `usage` says; `None` when it says nothing.
#[must_use]
pub fn read(usage: &Value) -> Option<Usage> {
    let mut reported = Reported::default();
    reported.take(&usage.to_string());
    reported.usage()
}

/// As the client sees it: the provider's own, if it gave one, with the figures that are charged and with `cost` in US
/// dollars; or ours, marked `estimated`.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn billed(reported: Option<&Value>, bill: &Bill<'_>) -> serde_json::Result<Box<RawValue>> {
    let ours = of(&bill.usage);
    let mut usage = match reported {
        Some(reported @ Value::Object(_)) if !bill.estimated => reported.clone(),
        _ => ours.clone(),
    };
    for name in ["input_tokens", "output_tokens", "total_tokens"] {
        usage[name] = ours[name].clone();
    }
    for name in ["input_tokens_details", "output_tokens_details"] {
        if !usage[name].is_object() {
            usage[name] = ours[name].clone();
        }
    }
    bill.on(&usage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Nanos;

    #[test]
    fn a_bill_is_the_providers_figures_or_ours() {
        let reported = json!({"input_tokens": 30, "input_tokens_details": {"cached_tokens": 20, "x": 1},
            "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 34});
        let usage = read(&reported).expect("a report");
        assert_eq!(
            usage,
            Usage { prompt: 30, cached: 20, written: 0, completion: 4, reasoning: 1, ..Usage::default() }
        );
        let bill = Bill { cost: Nanos(1500), provider: "p", ..Bill::of(usage) };
        let told = |bill: &Bill<'_>| -> Value {
            serde_json::from_str(billed(Some(&reported), bill).expect("json").get()).expect("json")
        };
        assert_eq!((&told(&bill)["input_tokens_details"]["x"], &told(&bill)["cost"]), (&json!(1), &json!(0.000_001_5)));
        let estimated = told(&Bill { estimated: true, ..bill });
        assert_eq!((&estimated["estimated"], &estimated["input_tokens_details"]["x"]), (&json!(true), &Value::Null));
        assert_eq!(read(&json!({"input_tokens": 0, "output_tokens": 0})), None);
    }
}
