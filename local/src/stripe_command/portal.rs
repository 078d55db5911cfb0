//! The page at which customers manage what they buy.

use sha2::{Digest as _, Sha256};
use shared::app::App;
use shared::stripe::StripeError;

use super::{Deployment, Found, Step, form, id, list, pair, post};

/// The page at which customers manage what they buy: who leaves, and who changes to less, does so with the period; who changes to
/// more pays the whole price now, for a new period.
pub(super) async fn portal(
    app: &App,
    deployment: &Deployment,
    products: &[(String, Vec<String>)],
) -> Result<Step, StripeError> {
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
