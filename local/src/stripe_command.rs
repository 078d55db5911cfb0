//! `cargo run -- stripe setup URL`: what the deployment that the environment names needs at Stripe, made so that it cannot drift from
//! the code: prices, the customers' page, the webhook endpoint. Run again it changes nothing that is as it should be.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::app::{App, SharedApp};
use shared::config::Config;
use shared::stripe::charge::encoded;
use shared::stripe::{EVENTS, StripeError, VERSION, client};
use stripe_client_core::{RequestBuilder, StripeMethod};
use uuid::Uuid;

use crate::environment;

/// What to do at Stripe.
#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Makes the plans' prices, the customers' page and the webhook endpoint, or mends them.
    Setup {
        /// Where the gateway is: `https://gateway.example`.
        gateway: String,
    },
}

/// What was found of a thing at Stripe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was not there.
    Made,
    /// It was another.
    Mended,
    /// It was as it should be.
    Unchanged,
}

/// A thing at Stripe.
#[derive(Debug)]
pub struct Step {
    /// What it is: `price dev_month`.
    pub what: String,
    /// Stripe's id of it.
    pub id: String,
    /// What was found.
    pub found: Found,
    /// What it signs with, which Stripe tells once.
    pub secret: Option<String>,
}

impl fmt::Display for Step {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match self.found {
            Found::Made => "made",
            Found::Mended => "mended",
            Found::Unchanged => "unchanged",
        };
        write!(text, "{:<24} {found:<10} {}", self.what, self.id)
    }
}

/// Acts on the Stripe account of the environment or `.env`. What goes wrong is one line on stderr.
pub fn run(options: &Options) -> ExitCode {
    let Action::Setup { gateway } = &options.action;
    match set_up_from_environment(gateway) {
        Ok(steps) => {
            for step in &steps {
                println!("{step}");
            }
            if let Some(secret) = steps.iter().find_map(|step| step.secret.as_deref()) {
                println!(
                    "\nEvents are signed with this secret, which is shown this once. Add it to the deployment's variables:\n\
                     STRIPE_WEBHOOK_SECRET={secret}\n\
                     (on Vercel `vercel env add STRIPE_WEBHOOK_SECRET production`, then deploy again; beside an older one with a comma)"
                );
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn set_up_from_environment(gateway: &str) -> Result<Vec<Step>, Box<dyn Error>> {
    environment::load()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(set_up(Config::from_env(), gateway))
}

/// A deployment, as its database knows it.
#[derive(Deserialize)]
struct Deployment {
    id: Uuid,
    plans: Vec<Plan>,
}

/// A plan that is sold, with its prices in cents.
#[derive(Deserialize)]
struct Plan {
    id: String,
    name: String,
    month: Option<i64>,
    year: Option<i64>,
}

/// Makes what the deployment of this configuration needs at Stripe, or mends it.
///
/// # Errors
/// When the configuration lacks something, when `gateway` is no address, or when the database or Stripe refuses.
pub async fn set_up(config: Config, gateway: &str) -> Result<Vec<Step>, Box<dyn Error>> {
    let app: SharedApp = App::new(config, shared::routes::ROUTES)?;
    app.config.supabase.clone()?;
    app.config.stripe.clone()?;
    let is_local = gateway.starts_with("http://127.0.0.1") || gateway.starts_with("http://localhost");
    if !gateway.starts_with("https://") && !is_local {
        return Err(
            format!("`{gateway}` is not where Stripe can send events: give the gateway's https:// address.").into()
        );
    }
    let endpoint = format!("{}/api/stripe/webhook", gateway.trim_end_matches('/'));
    let deployment: Deployment = app.supabase()?.rpc("describe_deployment", &json!({})).await?;
    let mut steps = Vec::new();
    let mut products = Vec::new();
    for plan in &deployment.plans {
        products.push(prices(&app, plan, &mut steps).await?);
    }
    steps.push(portal(&app, &deployment, &products).await?);
    steps.push(webhook(&app, &deployment, &endpoint).await?);
    Ok(steps)
}

/// A form's pairs, as a body.
fn form(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

fn pair(name: &str, value: impl fmt::Display) -> (String, String) {
    (name.to_owned(), value.to_string())
}

async fn post(app: &App, path: &str, pairs: &[(String, String)]) -> Result<Value, StripeError> {
    let request = RequestBuilder { body: Some(form(pairs)), ..RequestBuilder::new(StripeMethod::Post, path) };
    client::send(app, request, None).await
}

async fn list(app: &App, path: &str, query: &str) -> Result<Vec<Value>, StripeError> {
    let query = Some(format!("{query}limit=100"));
    let request = RequestBuilder { query, ..RequestBuilder::new(StripeMethod::Get, path) };
    let mut page = client::send(app, request, None).await?;
    Ok(page["data"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_default().to_owned()
}

/// A plan's product and what it is sold for, by its lookup keys. A price cannot be changed: another one takes over its key, and who
/// has subscribed keeps what they subscribed to.
async fn prices(app: &App, plan: &Plan, steps: &mut Vec<Step>) -> Result<(String, Vec<String>), StripeError> {
    let mut product: Option<String> = None;
    let mut sold = Vec::new();
    for (interval, cents) in [("month", plan.month), ("year", plan.year)] {
        let Some(cents) = cents else { continue };
        let key = format!("{}_{interval}", plan.id);
        let found = list(app, "/prices", &format!("lookup_keys[0]={key}&active=true&")).await?;
        if let Some(price) = found.first() {
            product = product.or_else(|| price["product"].as_str().map(str::to_owned));
            let is_right = price["unit_amount"] == cents
                && price["currency"] == "usd"
                && price["recurring"]["interval"] == interval
                && price["recurring"]["interval_count"] == 1;
            if is_right {
                let says = !app.config.stripe_tax || price["tax_behavior"] != "unspecified";
                if !says {
                    post(app, &format!("/prices/{}", id(price)), &[pair("tax_behavior", "exclusive")]).await?;
                }
                let found = if says { Found::Unchanged } else { Found::Mended };
                sold.push(id(price));
                steps.push(Step { what: format!("price {key}"), id: id(price), found, secret: None });
                continue;
            }
        }
        let of = match &product {
            Some(product) => product.clone(),
            None => self::product(app, plan).await?,
        };
        let made = post(
            app,
            "/prices",
            &[
                pair("product", &of),
                pair("currency", "usd"),
                pair("unit_amount", cents),
                pair("recurring[interval]", interval),
                pair("lookup_key", &key),
                pair("transfer_lookup_key", "true"),
                pair("metadata[plan]", &plan.id),
                pair("tax_behavior", if app.config.stripe_tax { "exclusive" } else { "unspecified" }),
            ],
        )
        .await?;
        let found = if found.is_empty() { Found::Made } else { Found::Mended };
        sold.push(id(&made));
        steps.push(Step { what: format!("price {key}"), id: id(&made), found, secret: None });
        product = Some(of);
    }
    Ok((product.unwrap_or_default(), sold))
}

/// The product of a plan, under an id of our own, so that it is there once.
async fn product(app: &App, plan: &Plan) -> Result<String, StripeError> {
    let known = format!("plan_{}", plan.id);
    match client::send(app, RequestBuilder::new(StripeMethod::Get, format!("/products/{known}")), None).await {
        Err(StripeError::Refused { status: 404, .. }) => {}
        product => return product.map(|_| known),
    }
    let name = format!("{} {}", app.config.app_name, plan.name);
    post(app, "/products", &[pair("id", &known), pair("name", name), pair("metadata[plan]", &plan.id)]).await?;
    Ok(known)
}

/// The page at which customers manage what they buy: who leaves, and who changes to less, does so with the period; who changes to
/// more pays the whole price now, for a new period.
async fn portal(app: &App, deployment: &Deployment, products: &[(String, Vec<String>)]) -> Result<Step, StripeError> {
    let mut wanted = vec![
        pair("features[customer_update][enabled]", true),
        pair("features[customer_update][allowed_updates][0]", "address"),
        pair("features[customer_update][allowed_updates][1]", "tax_id"),
        pair("features[invoice_history][enabled]", true),
        pair("features[payment_method_update][enabled]", true),
        pair("features[subscription_cancel][enabled]", true),
        pair("features[subscription_cancel][mode]", "at_period_end"),
        pair("features[subscription_update][enabled]", !products.is_empty()),
    ];
    if !products.is_empty() {
        wanted.extend([
            pair("features[subscription_update][default_allowed_updates][0]", "price"),
            pair("features[subscription_update][proration_behavior]", "none"),
            pair("features[subscription_update][billing_cycle_anchor]", "now"),
            pair(
                "features[subscription_update][schedule_at_period_end][conditions][0][type]",
                "decreasing_item_amount",
            ),
            pair("features[subscription_update][schedule_at_period_end][conditions][1][type]", "shortening_interval"),
        ]);
        for (i, (product, prices)) in products.iter().enumerate() {
            let of = format!("features[subscription_update][products][{i}]");
            wanted.push(pair(&format!("{of}[product]"), product));
            wanted.extend(prices.iter().enumerate().map(|(j, price)| pair(&format!("{of}[prices][{j}]"), price)));
        }
    }
    // Which version of all this it was made of, so that one that is as it should be is left alone.
    let version = hex::encode(&Sha256::digest(form(&wanted))[..8]);
    wanted.push(pair("metadata[deployment]", deployment.id));
    wanted.push(pair("metadata[version]", &version));
    let what = "customers' page".to_owned();
    let ours = list(app, "/billing_portal/configurations", "active=true&").await?;
    let ours = ours.iter().find(|portal| portal["metadata"]["deployment"] == deployment.id.to_string());
    match ours {
        Some(portal) if portal["metadata"]["version"] == version => {
            Ok(Step { what, id: id(portal), found: Found::Unchanged, secret: None })
        }
        Some(portal) => {
            let mended = post(app, &format!("/billing_portal/configurations/{}", id(portal)), &wanted).await?;
            Ok(Step { what, id: id(&mended), found: Found::Mended, secret: None })
        }
        None => {
            let made = post(app, "/billing_portal/configurations", &wanted).await?;
            Ok(Step { what, id: id(&made), found: Found::Made, secret: None })
        }
    }
}

/// The endpoint to which Stripe sends events, in the version that the gateway reads. An endpoint's version cannot be changed: another
/// one is made, and the older one goes once that is there.
async fn webhook(app: &App, deployment: &Deployment, url: &str) -> Result<Step, StripeError> {
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
