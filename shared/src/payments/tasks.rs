//! What Stripe is to be told since something has happened here: told until it is answered.

use serde::Deserialize;
use serde_json::json;
use stripe_client_core::{RequestBuilder, StripeMethod};
use uuid::Uuid;

use crate::app::App;
use crate::config::configured;
use crate::error::Result;
use crate::stripe::requests::plain;
use crate::stripe::{StripeError, client};

/// How many are told at once.
const AT_A_TIME: u32 = 50;

#[derive(Deserialize)]
struct Task {
    id: i64,
    kind: Kind,
    object_id: String,
    attempts: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    ExpireSession,
    CancelSubscription,
    DeleteCustomer,
}

impl Task {
    fn request(&self) -> RequestBuilder {
        let (method, collection, end) = match self.kind {
            Kind::ExpireSession => (StripeMethod::Post, "checkout/sessions", "/expire"),
            Kind::CancelSubscription => (StripeMethod::Delete, "subscriptions", ""),
            Kind::DeleteCustomer => (StripeMethod::Delete, "customers", ""),
        };
        RequestBuilder::new(method, format!("/{collection}/{}{end}", plain(&self.object_id)))
    }
}

/// Tells what is due, of one account or of any. Answers how many were told. One that Stripe refuses is done, too: what it is about
/// has ended already; one that is not answered is told again later.
///
/// # Errors
/// When the database is away.
pub async fn tell(app: &App, account: Option<Uuid>) -> Result<u64> {
    configured(&app.config.stripe)?;
    let arguments = json!({ "query": {"limit": AT_A_TIME}, "account": account });
    let tasks: Vec<Task> = app.supabase()?.rpc("claim_stripe_tasks", &arguments).await?;
    let mut told = 0;
    for task in tasks {
        let outcome = match client::send(app, task.request(), None).await {
            Ok(_) => "done".to_owned(),
            Err(StripeError::Refused { status: 400 | 404, code, .. }) => code,
            Err(error) => {
                tracing::error!(kind = ?task.kind, object = task.object_id, attempts = task.attempts, %error, "Stripe is to be told, and does not hear");
                continue;
            }
        };
        let finished = json!({ "task": task.id, "outcome": outcome });
        let _: serde_json::Value = app.supabase()?.rpc("finish_stripe_task", &finished).await?;
        told += 1;
    }
    Ok(told)
}
