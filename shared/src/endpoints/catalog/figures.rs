//! How the routes of a model did lately, added to what the catalog says of each.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::app::App;
use crate::endpoints::answer::malformed;
use crate::error::Result;
use crate::limits::{Attempts, Histogram, Measured};

/// A model's routes (`gateway.openrouter_endpoint`) with what was measured of each. While Redis is away, and of a route that nobody
/// asked lately, the figures are null.
///
/// # Errors
/// `internal_error` where the database's answer is none.
pub async fn with_figures(app: &App, routes: &RawValue) -> Result<Box<RawValue>> {
    let mut shown: Value = serde_json::from_str(routes.get()).map_err(|error| malformed(&error))?;
    let Some(endpoints) = shown["data"]["endpoints"].as_array_mut() else { return Ok(routes.to_owned()) };
    let text = |endpoint: &Value, member: &str| endpoint[member].as_str().unwrap_or_default().to_owned();
    let names: Vec<(String, String)> =
        endpoints.iter().map(|endpoint| (text(endpoint, "tag"), text(endpoint, "model_id"))).collect();
    let names: Vec<(&str, &str)> = names.iter().map(|(provider, model)| (provider.as_str(), model.as_str())).collect();
    let measured = app.limiter.measured(&names).await;
    for (endpoint, measured) in endpoints.iter_mut().zip(&measured) {
        let Some(members) = endpoint.as_object_mut() else { continue };
        members.extend(figures(measured).into_iter().map(|(name, figure)| (name.to_owned(), figure)));
    }
    to_raw_value(&shown).map_err(|error| malformed(&error))
}

/// In OpenRouter's names: percent, milliseconds, tokens in a second.
fn figures(measured: &Measured) -> [(&'static str, Value); 5] {
    let uptime = |attempts: Attempts| json!(attempts.uptime());
    [
        ("uptime_last_5m", uptime(measured.last_5m)),
        ("uptime_last_30m", uptime(measured.last_30m)),
        ("uptime_last_1d", uptime(measured.last_1d)),
        ("latency_last_30m", percentiles(&measured.first_ms)),
        ("throughput_last_30m", percentiles(&measured.per_second)),
    ]
}

/// The usual figure and the higher ones; null where there is none.
fn percentiles(histogram: &Histogram) -> Value {
    let at = |percent| histogram.percentile(percent);
    match at(50) {
        None => Value::Null,
        usual => json!({ "p50": usual, "p75": at(75), "p90": at(90), "p99": at(99) }),
    }
}
