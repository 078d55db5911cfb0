//! What plans are sold for.

use shared::app::App;
use shared::stripe::{StripeError, client};
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::{Found, Plan, Step, id, list, pair, post};

/// A plan's product and what it is sold for, by its lookup keys. A price cannot be changed: another one takes over its key, and who
/// has subscribed keeps what they subscribed to.
pub(super) async fn prices(
    app: &App,
    plan: &Plan,
    steps: &mut Vec<Step>,
) -> Result<(String, Vec<String>), StripeError> {
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
