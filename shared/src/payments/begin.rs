//! Begins a payment: in the database, then at Stripe, whose name for it is noted.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stripe_client_core::RequestBuilder;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::config::configured;
use crate::error::{Code, Error, Result};
use crate::idempotency::Idempotency;
use crate::stripe::requests::{self, Buyer, Extras, Line};
use crate::stripe::{StripeError, client};
use crate::supabase::unless_refused;

/// What is bought.
pub enum Wanted {
    /// One of the packages.
    Package(String),
    /// So many cents of credit.
    Cents(i64),
}

/// How it is paid.
pub enum Way {
    /// At a page of Stripe's, which leads back to these addresses: paid, and not.
    Checkout(String, String),
    /// At a page of one's own.
    Intent,
}

/// Whether the card may be charged later, while its owner is not there.
#[derive(Clone, Copy)]
pub struct SavesCard(pub bool);

impl Way {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Checkout(..) => "checkout",
            Self::Intent => "intent",
        }
    }
}

/// A payment that can be paid.
pub struct Begun {
    /// As its account sees it.
    pub payment: Box<RawValue>,
    /// What Stripe calls it.
    pub id: String,
    /// The page's address, or the secret by which one's own page pays. Nothing once it is over.
    pub access: Option<String>,
}

/// What the database wants of Stripe.
#[derive(Deserialize)]
struct ToMake {
    payment: Box<RawValue>,
    id: Uuid,
    account_id: Uuid,
    status: String,
    amount: i64,
    fee: i64,
    credits: Box<RawValue>,
    expires_at: i64,
    deployment: Uuid,
    customer: Option<String>,
    email: Option<String>,
}

/// Begins a payment. With an Idempotency-Key that came before it is the same one.
///
/// # Errors
/// The refusals of `begin_payment`; 409 `tax_needs_checkout` for an intent where tax comes on top, which needs an address;
/// `payment_unavailable`.
pub async fn begin(
    app: &App,
    caller: &Caller,
    wanted: Wanted,
    way: Way,
    SavesCard(saves_card): SavesCard,
    coupon: Option<String>,
    idempotency: Option<Idempotency>,
) -> Result<Begun> {
    let livemode = configured(&app.config.stripe)?.livemode;
    if app.config.stripe_tax && matches!(way, Way::Intent) {
        return Err(Error::new(Code::TaxNeedsCheckout));
    }
    let (package, cents) = match wanted {
        Wanted::Package(id) => (Some(id), None),
        Wanted::Cents(cents) => (None, Some(cents)),
    };
    let request = json!({"id": Uuid::now_v7(), "kind": way.kind(), "package": package, "amount": cents,
        "fee": app.config.topup_fee, "livemode": livemode, "coupon": coupon,
        "taxed": app.config.stripe_tax});
    let arguments = json!({ "request": request, "idempotency": idempotency });
    let made: Box<RawValue> = caller.rpc(app, "begin_payment", arguments).await?;
    let made = unless_refused(made)?;
    let made: ToMake = serde_json::from_str(made.get()).map_err(|error| {
        tracing::error!(%error, "the database's answer is malformed");
        Error::new(Code::InternalError)
    })?;
    // A card that was declined leaves its page open.
    if !matches!(made.status.as_str(), "created" | "processing" | "failed") {
        return Ok(Begun { id: made.id.to_string(), payment: made.payment, access: None });
    }
    let customer = match &made.customer {
        Some(customer) => customer.clone(),
        None => made.new_customer(app, "").await?,
    };
    let (customer, object) = match ask(app, &made, &way, &customer, saves_card).await {
        // It was deleted at Stripe.
        Err(StripeError::Refused { param: Some(param), .. }) if param == "customer" || param == "id" => {
            let customer = made.new_customer(app, &made.id.to_string()).await?;
            let object = ask(app, &made, &way, &customer, saves_card).await?;
            (customer, object)
        }
        object => (customer, object?),
    };
    let text = |name: &str| object[name].as_str().map(str::to_owned);
    let id = text("id").ok_or_else(|| unreadable(&object))?;
    let (name, access) = match way {
        Way::Checkout(..) => ("session", text("url")),
        Way::Intent => ("intent", text("client_secret")),
    };
    let seen = json!({name: id, "customer": customer});
    let payment: Box<RawValue> =
        caller.rpc(app, "attach_payment", json!({ "target": made.id.to_string(), "seen": seen })).await?;
    Ok(Begun { payment, id, access })
}

pub(super) fn unreadable(object: &Value) -> Error {
    tracing::error!(object = %object["object"], "what Stripe has made has no id");
    Error::new(Code::PaymentUnavailable)
}

impl ToMake {
    async fn new_customer(&self, app: &App, again: &str) -> Result<String> {
        new_customer(app, (self.account_id, self.deployment), self.email.as_deref(), again).await
    }
}

/// A customer of an account of a deployment: the same one if two ask at once. An address that has changed since makes another
/// request.
///
/// # Errors
/// `payment_unavailable`.
pub(super) async fn new_customer(
    app: &App,
    (account, deployment): (Uuid, Uuid),
    email: Option<&str>,
    again: &str,
) -> Result<String> {
    let of_address = hex::encode(&Sha256::digest(email.unwrap_or_default())[..8]);
    let key = format!("customer-{account}-{of_address}{again}");
    let customer = client::send(app, requests::customer(account, deployment, email), Some(&key)).await?;
    customer["id"].as_str().map(str::to_owned).ok_or_else(|| unreadable(&customer))
}

async fn ask(app: &App, made: &ToMake, way: &Way, customer: &str, saves_card: bool) -> Result<Value, StripeError> {
    let (payment, deployment, email) = (made.id, made.deployment, made.email.as_deref());
    let buyer = Buyer { payment, deployment, customer, email, saves_card };
    let name = format!("{} credits: ${}", app.config.app_name, made.credits);
    let request: RequestBuilder = match way {
        Way::Checkout(paid, left) => {
            let mut lines = vec![Line { name, amount: made.amount }];
            if made.fee > 0 {
                lines.push(Line { name: "Processing fee".to_owned(), amount: made.fee });
            }
            let extras = Extras { tax: app.config.stripe_tax, invoice: app.config.stripe_invoices };
            requests::session(&buyer, lines, (paid, left), made.expires_at, extras)
        }
        Way::Intent => requests::intent(&buyer, made.amount + made.fee, &name),
    };
    client::send(app, request, Some(&format!("{}-{}", way.kind(), made.id))).await
}
