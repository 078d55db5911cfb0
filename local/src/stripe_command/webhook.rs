//! Where Stripe sends events.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::app::App;
use shared::stripe::{EVENTS, StripeError, VERSION, client};
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::{Deployment, Found, Step, id, list, pair, post};

/// The endpoint to which Stripe sends events, in the version that the gateway reads. An endpoint's version cannot be changed: another
/// one is made, and the older one goes once that is there.
pub(super) async fn webhook(app: &App, deployment: &Deployment, url: &str) -> Result<Step, StripeError> {
    let events: Vec<_> =
        EVENTS.iter().enumerate().map(|(i, event)| pair(&format!("enabled_events[{i}]"), event)).collect();
    let what = "webhook endpoint".to_owned();
    let known = list(app, "/webhook_endpoints", "").await?;
    let known: Vec<&Value> = known.iter().filter(|endpoint| endpoint["url"] == url).collect();
    if let Some(endpoint) = known.iter().find(|endpoint| endpoint["api_version"] == VERSION) {
        let has: BTreeSet<&str> =
            endpoint["enabled_events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let is_right = has == EVENTS.iter().copied().collect() && endpoint["status"] == "enabled";
        if is_right {
            return Ok(Step { what, id: id(endpoint), found: Found::Unchanged, secret: None });
        }
        let mended = [events, vec![pair("disabled", false)]].concat();
        post(app, &format!("/webhook_endpoints/{}", id(endpoint)), &mended).await?;
        return Ok(Step { what, id: id(endpoint), found: Found::Mended, secret: None });
    }
    let made =
        [events, vec![pair("url", url), pair("api_version", VERSION), pair("metadata[deployment]", deployment.id)]]
            .concat();
    let made = post(app, "/webhook_endpoints", &made).await?;
    for endpoint in &known {
        let gone = RequestBuilder::new(StripeMethod::Delete, format!("/webhook_endpoints/{}", id(endpoint)));
        client::send(app, gone, None).await?;
    }
    let found = if known.is_empty() { Found::Made } else { Found::Mended };
    Ok(Step { what, id: id(&made), found, secret: made["secret"].as_str().map(str::to_owned) })
}
