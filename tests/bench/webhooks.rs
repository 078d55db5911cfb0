//! Events of Stripe's a second, each of which credits a payment: verified, applied in one transaction, answered.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderValue, Method};
use local::stripe::signature;
use serde_json::json;

use crate::accounts::count;
use crate::figures::{Table, percentile};
use crate::functions::Server;
use crate::load::Target;
use crate::{ACCOUNTS, Bench, CONNECTIONS, Result, load};

/// Events a round.
const EVENTS: usize = 2_000;

/// Measures events of payments of one account, and of many.
///
/// # Errors
/// When one is not taken, or credits nothing.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = bench.functions.gateway(&bench.services.variables).await?;
    let (mut rates, mut times) = ([vec![], vec![]], [vec![], vec![]]);
    for _ in 0..bench.options.rounds {
        for (place, accounts) in [1, ACCOUNTS].into_iter().enumerate() {
            let events = paid(bench, &server, accounts).await?;
            let round = load::round(&events, CONNECTIONS, EVENTS).await?;
            rates[place].push(round.rate());
            times[place].push(percentile(&mut round.totals(), 0.5));
        }
    }
    let database = bench.services.database().await?;
    if count(&database, "select count(*) from gateway.payments where status <> 'succeeded'").await? > 0 {
        return Err("an event has credited nothing".into());
    }
    table.begin(&["events of Stripe's", "one account", "64 accounts"]);
    let [(one, many), (one_took, many_took)] = [rates, times].map(|[one, many]| (one, many));
    table.row("applied, 32 connections", "events/s", &[Some(one), Some(many)]);
    table.row("until the answer, p50", "µs", &[Some(one_took), Some(many_took)]);
    Ok(())
}

/// Payments of so many accounts in turn that have begun, and the events that say of each that it is paid.
async fn paid(bench: &Bench, server: &Server, accounts: usize) -> Result<Target> {
    let database = bench.services.database().await?;
    let wanted = i64::try_from(EVENTS + CONNECTIONS)?;
    let rows = database
        .query(
            "with buyers as (
               select id, row_number() over (order by email) - 1 as place from gateway.accounts
               where email like 'bench-%' order by email limit $1::bigint
             )
             insert into gateway.payments (id, account_id, kind, amount, credits, livemode, created_at, expires_at)
               select gen_random_uuid(), buyers.id, 'intent', 1000, 10000000000, false, gateway.now(),
                      gateway.now() + interval '1 hour'
               from generate_series(1, $2::bigint) as n join buyers on buyers.place = n % $1::bigint
             returning id::text, gateway.deployment_id()::text",
            &[&i64::try_from(accounts)?, &wanted],
        )
        .await?;
    let secret = bench.services.variable("STRIPE_WEBHOOK_SECRET")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut signed = Vec::new();
    for row in rows {
        let (payment, deployment): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let id = payment.replace('-', "");
        let intent = json!({"id": format!("pi_{id}"), "object": "payment_intent", "status": "succeeded",
            "amount": 1_000, "amount_received": 1_000, "currency": "usd", "livemode": false, "customer": null,
            "metadata": {"payment": payment, "deployment": deployment}});
        let event = json!({"id": format!("evt_{id}"), "object": "event", "type": "payment_intent.succeeded",
            "created": now, "livemode": false, "data": {"object": intent}});
        let body = event.to_string();
        let signature = signature(secret, i64::try_from(now)?, &body);
        signed.push((HeaderValue::from_str(&signature)?, Bytes::from(body)));
    }
    Ok(Target {
        method: Method::POST,
        address: server.address,
        path: "/api/stripe/webhook".to_owned(),
        callers: Vec::new(),
        headers: &[],
        body: Bytes::new(),
        signed: Arc::from(signed),
        ends: b"}",
    })
}
