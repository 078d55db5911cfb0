//! `cargo run -- stripe setup URL`: what the deployment that the environment names needs at Stripe, made so that it cannot drift from
//! the code: prices, the customers' page, the webhook endpoint. Run again it changes nothing that is as it should be.
//!
//! `prices`, `portal`, `webhook`: one thing each.

mod portal;
mod prices;
mod webhook;

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::app::{App, SharedApp};
use shared::config::Config;
use shared::stripe::charge::encoded;
use shared::stripe::{StripeError, client};
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
        products.push(prices::prices(&app, plan, &mut steps).await?);
    }
    steps.push(portal::portal(&app, &deployment, &products).await?);
    steps.push(webhook::webhook(&app, &deployment, &endpoint).await?);
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
