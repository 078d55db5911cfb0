//! Which intent has paid which invoice: a refund or a dispute names the one, what was bought stands on the other. Stripe tells of it by an
//! event; where that was lost it is asked (<https://docs.stripe.com/api/invoice-payment>).

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use stripe_client_core::RequestBuilder;

use super::apply;
use crate::app::App;
use crate::error::Result;
use crate::stripe::{billing, client};

/// An invoice of which nobody has told how it was paid.
#[derive(Deserialize)]
pub(super) struct Unlinked {
    invoice: String,
}

/// A refund or a dispute of which nobody knows what it takes back.
#[derive(Deserialize)]
pub(super) struct Orphan {
    intent: String,
}

/// Finds out about all of them. Answers how many links it found. What fails is told of in the log and left to the next run.
pub(super) async fn look_for(
    app: &App,
    unlinked: &[Unlinked],
    orphans: &[Orphan],
    begun: Instant,
    longest: Duration,
) -> u64 {
    let of_invoices = unlinked.iter().map(|unlinked| billing::payments_of_invoice(&unlinked.invoice));
    let of_intents = orphans.iter().map(|orphan| billing::invoices_of_intent(&orphan.intent));
    let mut found = 0;
    for request in of_invoices.chain(of_intents).take_while(|_| begun.elapsed() < longest) {
        match ask(app, request).await {
            Ok(links) => found += links,
            Err(error) => tracing::warn!(%error, "how an invoice was paid cannot be asked"),
        }
    }
    found
}

/// Applies each payment of an invoice that Stripe knows as if it were told now.
async fn ask(app: &App, request: RequestBuilder) -> Result<u64> {
    let list = client::send(app, request, None).await?;
    let mut found = 0;
    for payment in list["data"].as_array().into_iter().flatten().filter(|payment| payment["status"] == "paid") {
        let id = format!("asked-{}", payment["id"].as_str().unwrap_or_default());
        let told = json!({"id": id, "object": "event", "type": "invoice_payment.paid", "created": payment["created"],
            "livemode": payment["livemode"], "data": {"object": payment}});
        apply::event(app, &told).await?;
        found += 1;
    }
    Ok(found)
}
