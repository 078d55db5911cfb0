//! Where the operator is told what somebody should wake up for.

use reqwest::Url;

use super::read::Reader;
use super::{Misconfigured, Setting, variables};

/// Reads where it is mailed.
pub(super) fn email<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<String> {
    const REMEDY: &str = "write an address, such as ops@example.com";
    let variable = variables::ALERT_EMAIL;
    let address = reader.text(&variable).ok_or(Misconfigured::missing(variable, "is not set", REMEDY))?;
    if !address.contains('@') {
        return Err(Misconfigured::malformed(variable.name, "is not an address", REMEDY));
    }
    Ok(address)
}

/// Reads where it is posted. What is wrong with it is said without it, since whoever has it can post there.
pub(super) fn webhook<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<Url> {
    const REMEDY: &str = "copy the whole address of a webhook of Slack, of Discord, or of your own";
    let variable = variables::ALERT_WEBHOOK_URL;
    let text = reader.text(&variable).ok_or(Misconfigured::missing(variable, "is not set", REMEDY))?;
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| Misconfigured::malformed(variable.name, "is not an http(s) URL", REMEDY))
}
