//! `/admin/metrics`: counters and gauges in Prometheus' text format, exact over all instances of the gateway.
//!
//! Format: the text exposition format 0.0.4. Names follow Prometheus' rules: base units (seconds, US dollars), `_total` on what only
//! rises. No account and no key is a label: whatever scrapes keeps a series for each.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::credits::outbox;
use crate::error::Result;

/// Where Prometheus learns which of its formats this is.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the database counts. Figures stay as they are written there: an amount never passes through a float.
#[derive(Deserialize)]
struct Counted {
    bounds_ms: Vec<u64>,
    outcomes: Vec<Outcome>,
    errors: Vec<Failed>,
    models: Vec<Model>,
    refusals: Vec<Refused>,
    latencies: Vec<Latencies>,
    gauges: Gauges,
}

#[derive(Deserialize)]
struct Outcome {
    model: String,
    provider: String,
    outcome: String,
    stream: bool,
    requests: Box<RawValue>,
}

#[derive(Deserialize)]
struct Failed {
    provider: String,
    code: String,
    requests: Box<RawValue>,
}

#[derive(Deserialize)]
struct Refused {
    code: String,
    calls: Box<RawValue>,
}

#[derive(Deserialize)]
struct Model {
    model: String,
    provider: String,
    prompt: Box<RawValue>,
    cached: Box<RawValue>,
    written: Box<RawValue>,
    completion: Box<RawValue>,
    reasoning: Box<RawValue>,
    estimated: Box<RawValue>,
    cost: Box<RawValue>,
    provider_cost: Box<RawValue>,
}

/// One of a model's figures.
type Figure = fn(&Model) -> &RawValue;

#[derive(Deserialize)]
struct Latencies {
    provider: String,
    stream: bool,
    durations: Vec<u64>,
    first_bytes: Vec<u64>,
    duration_seconds: Box<RawValue>,
    first_byte_seconds: Box<RawValue>,
}

#[derive(Deserialize)]
struct Gauges {
    holds_open: Box<RawValue>,
    holds_overdue: Box<RawValue>,
    mail_due: Box<RawValue>,
    accounts: Box<RawValue>,
    accounts_in_debt: Box<RawValue>,
    balance_usd: Box<RawValue>,
    held_usd: Box<RawValue>,
    debt_usd: Box<RawValue>,
}

/// `GET /admin/metrics`: what a scraper with a key of the scope `admin:metrics` reads.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/admin/metrics", tag = "admin",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let (counted, waiting) =
        tokio::join!(caller.rpc::<Counted>(&app, "get_platform_metrics", json!({})), outbox::length(&app));
    let text = Text::of(&counted?, waiting);
    Ok(([(header::CONTENT_TYPE, TEXT_FORMAT), (header::CACHE_CONTROL, "private, no-store")], text).into_response())
}

/// The text as it grows: a family of metrics is announced once, before its samples.
struct Text(String);

impl Text {
    fn of(counted: &Counted, waiting: Option<i64>) -> String {
        let mut text = Self(String::with_capacity(1 << 16));
        text.requests(counted);
        text.models(&counted.models);
        text.histogram("gateway_request_duration_seconds", "How long requests took.", counted, |of| {
            (&of.durations, &of.duration_seconds)
        });
        let help = "How long it took until a provider's first byte.";
        text.histogram("gateway_time_to_first_byte_seconds", help, counted, |of| {
            (&of.first_bytes, &of.first_byte_seconds)
        });
        text.gauges(&counted.gauges, waiting);
        text.0
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        self.0.push_str(name);
        for (place, (label, of)) in labels.iter().enumerate() {
            let escaped = of.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            _ = write!(self.0, "{}{label}=\"{escaped}\"", if place == 0 { '{' } else { ',' });
        }
        _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn requests(&mut self, counted: &Counted) {
        let name = "gateway_requests_total";
        self.family(name, "counter", "Requests that were sent to a provider, by how they ended.");
        for of in &counted.outcomes {
            let stream = if of.stream { "true" } else { "false" };
            let labels =
                [("model", &*of.model), ("provider", &of.provider), ("outcome", &of.outcome), ("stream", stream)];
            self.sample(name, &labels, of.requests.get());
        }
        let name = "gateway_request_errors_total";
        self.family(name, "counter", "Requests that failed, by the code that they were answered with.");
        for of in &counted.errors {
            self.sample(name, &[("provider", &of.provider), ("code", &of.code)], of.requests.get());
        }
        let name = "gateway_refusals_total";
        self.family(name, "counter", "Calls that were refused before a provider was asked, by code.");
        for of in &counted.refusals {
            self.sample(name, &[("code", &of.code)], of.calls.get());
        }
    }

    fn models(&mut self, models: &[Model]) {
        let name = "gateway_tokens_total";
        self.family(name, "counter", "Tokens; cached and written ones are part of the input, reasoning of the output.");
        for of in models {
            for (kind, tokens) in [
                ("input", &of.prompt),
                ("cache_read", &of.cached),
                ("cache_write", &of.written),
                ("output", &of.completion),
                ("reasoning", &of.reasoning),
            ] {
                self.sample(name, &[("model", &of.model), ("provider", &of.provider), ("type", kind)], tokens.get());
            }
        }
        let families: [(&str, &str, Figure); 3] = [
            ("gateway_cost_usd_total", "What requests cost their accounts, in US dollars.", |of| &of.cost),
            ("gateway_provider_cost_usd_total", "What of it the providers get by their prices.", |of| {
                &of.provider_cost
            }),
            ("gateway_estimated_requests_total", "Requests whose tokens the gateway counted.", |of| &of.estimated),
        ];
        for (name, help, figure) in families {
            self.family(name, "counter", help);
            for of in models {
                self.sample(name, &[("model", &of.model), ("provider", &of.provider)], figure(of).get());
            }
        }
    }

    /// Of the database's bounds every second one: a doubling is fine enough for an alert, and each series has its price.
    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        counted: &Counted,
        measured: fn(&Latencies) -> (&[u64], &RawValue),
    ) {
        self.family(name, "histogram", help);
        for of in &counted.latencies {
            let provider_and_stream =
                [("provider", &*of.provider), ("stream", if of.stream { "true" } else { "false" })];
            let (counts, sum) = measured(of);
            let mut up_to = 0;
            for (place, count) in counts.iter().enumerate() {
                up_to += count;
                let bound = counted.bounds_ms.get(place);
                if place % 2 == 1 && bound.is_some() {
                    continue;
                }
                let le = bound.map_or_else(|| "+Inf".to_owned(), |ms| format!("{}.{:03}", ms / 1000, ms % 1000));
                let [provider, stream] = provider_and_stream;
                self.sample(&format!("{name}_bucket"), &[provider, stream, ("le", &le)], &up_to.to_string());
            }
            self.sample(&format!("{name}_sum"), &provider_and_stream, sum.get());
            self.sample(&format!("{name}_count"), &provider_and_stream, &up_to.to_string());
        }
    }

    fn gauges(&mut self, gauges: &Gauges, waiting: Option<i64>) {
        for (name, help, value) in [
            ("gateway_holds_open", "Calls that are running.", &gauges.holds_open),
            ("gateway_holds_overdue", "Holds past their time that are not swept.", &gauges.holds_overdue),
            ("gateway_mail_due", "Mail that is not sent yet.", &gauges.mail_due),
            ("gateway_accounts", "Accounts.", &gauges.accounts),
            ("gateway_accounts_in_debt", "Accounts that owe something.", &gauges.accounts_in_debt),
            ("gateway_balance_usd", "The sum of all balances, in US dollars.", &gauges.balance_usd),
            ("gateway_held_usd", "What is reserved for calls that are running.", &gauges.held_usd),
            ("gateway_debt_usd", "What accounts owe beyond their credit.", &gauges.debt_usd),
        ] {
            self.family(name, "gauge", help);
            self.sample(name, &[], value.get());
        }
        if let Some(waiting) = waiting {
            self.family("gateway_outbox_depth", "gauge", "Settlements that wait in Redis for the database.");
            self.sample("gateway_outbox_depth", &[], &waiting.to_string());
        }
    }
}
