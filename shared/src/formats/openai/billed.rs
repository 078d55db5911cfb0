//! `usage` as the client sees it, in OpenAI's formats.

use serde_json::json;
use serde_json::value::RawValue;

use super::openrouter;
use super::usage::{Reported, figure};
use crate::dialect::Dialect;
use crate::formats::Bill;
use crate::object::Object;
use crate::providers::internal;

/// `usage` as the client sees it: the provider's own, in OpenAI's reading and with `cost` in US dollars; or ours, marked
/// `estimated`.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn billed(reported: &Reported, bill: &Bill<'_>, dialect: Dialect) -> serde_json::Result<Box<RawValue>> {
    let ours = json!({
        "prompt_tokens": bill.usage.prompt,
        "completion_tokens": bill.usage.completion,
        "total_tokens": bill.usage.total(),
        "estimated": true,
    })
    .to_string();
    let mut usage: Object<'_> = serde_json::from_str(&ours)?;
    if let Some(reported) = reported.object().filter(|_| !bill.estimated) {
        usage = reported.clone();
        usage.remove_all(&internal::OF_USAGE);
        let charged = [
            ("prompt_tokens", bill.usage.prompt),
            ("completion_tokens", bill.usage.completion),
            ("total_tokens", bill.usage.total()),
        ];
        for (name, tokens) in charged {
            if figure(&usage, &[name]) != Some(tokens) {
                usage.set(name, &tokens)?;
            }
        }
        let details: Option<Object<'_>> = reported.read("prompt_tokens_details").ok().flatten();
        let mut details = details.unwrap_or_default();
        if bill.usage.cached > 0 && figure(&details, &["cached_tokens"]) != Some(bill.usage.cached) {
            details.set("cached_tokens", &bill.usage.cached)?;
            usage.set("prompt_tokens_details", &details)?;
        }
    }
    bill.write_cost(&mut usage)?;
    let usage = serde_json::value::to_raw_value(&usage)?;
    match dialect {
        Dialect::OpenAi => Ok(usage),
        Dialect::OpenRouter => openrouter::usage(&usage, bill),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Nanos;

    #[test]
    fn the_client_sees_what_it_is_charged_for() {
        let mut reported = Reported::default();
        reported.take(
            r#"{"prompt_tokens":36,"x":1.0,"completion_tokens":10,"total_tokens":736,"cost":0,"cached_tokens":4}"#,
        );
        let usage = reported.usage().expect("a report");
        let bill = Bill { cost: Nanos(1500), provider: "chutes", ..Bill::of(usage) };
        assert_eq!(
            billed(&reported, &bill, Dialect::OpenAi).expect("json").get(),
            r#"{"prompt_tokens":36,"x":1.0,"completion_tokens":700,"total_tokens":736,"cached_tokens":4,"prompt_tokens_details":{"cached_tokens":4},"cost":0.0000015}"#
        );
    }
}
