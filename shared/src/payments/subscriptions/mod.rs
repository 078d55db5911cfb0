//! Plans that are bought. Stripe keeps the subscription, charges for it and tells of it; here it is begun, changed and looked at.
//!
//! `change`: what becomes of one that is there. `seen`: what an event about one says.

mod change;
mod seen;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::begin::{new_customer, unreadable};
use crate::app::App;
use crate::caller::Caller;
use crate::config::configured;
use crate::error::{Code, Error, Result};
use crate::idempotency::Idempotency;
use crate::stripe::{StripeError, billing, client};
use crate::supabase::unless_refused;

pub use change::{Change, change};
pub use seen::seen;

/// For how long a plan is paid at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Months(pub u8);

/// The name under which a plan's price is sold (its `lookup_key`).
fn price_name(plan: &str, Months(months): Months) -> String {
    format!("{plan}_{}", if months == 12 { "year" } else { "month" })
}

/// Whom Stripe is to know.
#[derive(Deserialize)]
struct Customer {
    account_id: Uuid,
    deployment: Uuid,
    email: Option<String>,
    customer: Option<String>,
}

#[derive(Deserialize)]
struct Begun {
    id: Uuid,
    expires_at: i64,
    #[serde(flatten)]
    customer: Customer,
    /// Stripe's id of a discount, and ours of its use.
    stripe_coupon: Option<String>,
    redemption: Option<Uuid>,
}

/// A page of Stripe's.
pub struct PageMade {
    /// Stripe's id of it.
    pub id: String,
    /// Where it is; nothing once it is over.
    pub url: Option<String>,
}

impl PageMade {
    fn read(object: &Value) -> Result<Self> {
        let text = |name: &str| object[name].as_str().map(str::to_owned);
        Ok(Self { id: text("id").ok_or_else(|| unreadable(object))?, url: text("url") })
    }
}

/// A page at which the caller buys a plan, with the discount of a coupon. With an Idempotency-Key that came before it is the
/// same one.
///
/// # Errors
/// The refusals of `begin_subscription`; `not_configured` where the plan has no price at Stripe; `payment_unavailable`.
pub async fn begin(
    app: &App,
    caller: &Caller,
    plan: &str,
    months: Months,
    coupon: Option<&str>,
    return_to: (&str, &str),
    idempotency: Option<Idempotency>,
) -> Result<PageMade> {
    let livemode = configured(&app.config.stripe)?.livemode;
    let request =
        json!({"id": Uuid::now_v7(), "plan": plan, "months": months.0, "livemode": livemode, "coupon": coupon});
    let begun: Box<RawValue> =
        caller.rpc(app, "begin_subscription", json!({ "request": request, "idempotency": idempotency })).await?;
    let begun: Begun = serde_json::from_str(unless_refused(begun)?.get()).map_err(|error| {
        tracing::error!(%error, "the database's answer is malformed");
        Error::new(Code::InternalError)
    })?;
    let price = price_of(app, plan, months).await?;
    let customer = match &begun.customer.customer {
        Some(customer) => customer.clone(),
        None => made_customer(app, caller, &begun.customer, livemode, "").await?,
    };
    let whose = (begun.customer.account_id, begun.customer.deployment);
    let discount = begun.stripe_coupon.as_deref().zip(begun.redemption);
    let tax = app.config.stripe_tax;
    let page = |customer: &str| billing::plan_page(whose, customer, &price, discount, return_to, begun.expires_at, tax);
    let key = format!("plan-{}", begun.id);
    let object = match client::send(app, page(&customer), Some(&key)).await {
        // It was deleted at Stripe.
        Err(StripeError::Refused { param: Some(param), .. }) if param == "customer" || param == "id" => {
            let customer = made_customer(app, caller, &begun.customer, livemode, &begun.id.to_string()).await?;
            client::send(app, page(&customer), Some(&format!("{key}-again"))).await
        }
        object => object,
    };
    PageMade::read(&object?)
}

async fn made_customer(app: &App, caller: &Caller, known: &Customer, livemode: bool, again: &str) -> Result<String> {
    let whose = (known.account_id, known.deployment);
    let made = new_customer(app, whose, known.email.as_deref(), again).await?;
    let arguments = json!({ "request": {"customer": made, "livemode": livemode} });
    let noted: Customer = caller.rpc(app, "set_customer", arguments).await?;
    // Of two at once the first holds, unless it is the one that Stripe has just refused.
    Ok(noted.customer.filter(|_| again.is_empty()).unwrap_or(made))
}

/// The price at which a plan is sold now.
async fn price_of(app: &App, plan: &str, months: Months) -> Result<String> {
    let name = price_name(plan, months);
    let list = client::send(app, billing::price_named(&name), None).await?;
    list["data"][0]["id"].as_str().map(str::to_owned).ok_or_else(|| {
        tracing::error!(price = name, "no price at Stripe has this lookup key");
        Error::new(Code::NotConfigured)
    })
}

/// A visit to Stripe's page at which the caller's customer manages what it buys.
///
/// # Errors
/// 404 where nothing was bought yet; `payment_unavailable`.
pub async fn portal(app: &App, caller: &Caller, return_url: &str) -> Result<PageMade> {
    let livemode = configured(&app.config.stripe)?.livemode;
    let known: Customer = caller.rpc(app, "get_customer", json!({ "request": {"livemode": livemode} })).await?;
    let customer = known.customer.ok_or_else(|| Error::new(Code::SubscriptionNotFound))?;
    let portals = client::send(app, billing::portals(), None).await?;
    let ours = portals["data"].as_array().into_iter().flatten();
    let ours = ours.filter(|portal| portal["metadata"]["deployment"] == known.deployment.to_string());
    let configuration = ours.filter_map(|portal| portal["id"].as_str()).next();
    PageMade::read(&client::send(app, billing::portal_visit(&customer, return_url, configuration), None).await?)
}

/// A subscription that is to end: a second one of an account, or one of an account that was deleted.
#[derive(Deserialize)]
pub struct Surplus {
    id: String,
    at_once: bool,
}

impl Surplus {
    /// Ends it. Where that fails the cron job, which finds it again, tries again.
    pub async fn end_or_leave(&self, app: &App) {
        let ended = match self.at_once {
            true => client::send(app, billing::end(&self.id), None).await,
            false => change::end_with_period(app, &self.id, true).await,
        };
        if let Err(error) = ended {
            tracing::error!(subscription = self.id, %error, "a subscription that is to end cannot be ended");
        }
    }
}
