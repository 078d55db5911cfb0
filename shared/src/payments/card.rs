//! A card that its owner leaves at Stripe, to be charged later while they are not there.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::begin::new_customer;
use crate::app::App;
use crate::caller::Caller;
use crate::error::{Code, Error, Result};
use crate::stripe::{StripeError, client, requests};

/// What the database wants of Stripe.
#[derive(Deserialize)]
pub struct Wanted {
    account_id: Uuid,
    deployment: Uuid,
    customer: Option<String>,
    email: Option<String>,
}

/// A page at which a card is left, of which the account's auto top-up is told. Answers how that stands, and where the page is.
///
/// # Errors
/// `payment_unavailable`.
pub async fn page(
    app: &App,
    caller: &Caller,
    wanted: Wanted,
    return_to: (&str, &str),
) -> Result<(Box<RawValue>, Option<String>)> {
    let Wanted { account_id, deployment, customer, email } = wanted;
    let ids = (account_id, deployment);
    let ask = async |customer: &str| {
        client::send(app, requests::card_page(account_id, deployment, customer, return_to), None).await
    };
    let customer = match customer {
        Some(customer) => customer,
        None => new_customer(app, ids, email.as_deref(), "").await?,
    };
    let (customer, session) = match ask(&customer).await {
        // It was deleted at Stripe.
        Err(StripeError::Refused { param: Some(param), .. }) if param == "customer" || param == "id" => {
            let customer = new_customer(app, ids, email.as_deref(), &customer).await?;
            let session = ask(&customer).await?;
            (customer, session)
        }
        session => (customer, session?),
    };
    let id = session["id"].as_str().ok_or_else(|| {
        tracing::error!("a page that Stripe has made has no id");
        Error::new(Code::PaymentUnavailable)
    })?;
    let seen = json!({"session": id, "customer": customer});
    let topup = caller.rpc(app, "attach_auto_topup", json!({ "seen": seen })).await?;
    Ok((topup, session["url"].as_str().map(str::to_owned)))
}

/// Puts what is known of a card into an object that names it by id only: the page at which it was left, or a payment that left it.
/// A card that is gone by now is left out.
///
/// # Errors
/// When Stripe is away.
pub async fn expand(app: &App, kind: &str, object: &mut Value) -> Result<()> {
    let id = |value: &Value| value.as_str().map(str::to_owned);
    let (name, request) = if kind == "checkout.session.completed" && object["mode"] == "setup" {
        let Some(intent) = id(&object["setup_intent"]) else { return Ok(()) };
        ("setup_intent", requests::get_with("setup_intents", &intent, "payment_method"))
    } else if kind == "payment_intent.succeeded" && object["setup_future_usage"] == "off_session" {
        let Some(method) = id(&object["payment_method"]) else { return Ok(()) };
        ("payment_method", requests::get("payment_methods", &method))
    } else {
        return Ok(());
    };
    match client::send(app, request, None).await {
        Ok(whole) => object[name] = whole,
        Err(StripeError::Refused { status: 404, .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
