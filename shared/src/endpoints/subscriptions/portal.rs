//! `/subscription/portal`: a page of Stripe's at which cards, invoices and the plan are managed.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{malformed, private};
use crate::endpoints::input::Input;
use crate::endpoints::payments::checkout_session::return_to;
use crate::error::Result;
use crate::payments::subscriptions::portal;

/// Where the visitor comes back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct NewPortalVisit {
    /// Where the page leads back to.
    #[schema(pattern = "^https?://", max_length = 2000)]
    return_url: Option<String>,
}

/// A visit to the page.
#[derive(Serialize, ToSchema)]
pub struct PortalVisit {
    /// `portal_visit`.
    pub object: &'static str,
    /// Stripe's id of it.
    pub id: String,
    /// Where it is: whoever has this address is in, for some minutes.
    #[schema(required)]
    pub url: Option<String>,
}

/// `POST /subscription/portal`
///
/// # Errors
/// The refusals of key validation; 404 `subscription_not_found` for an account that has bought nothing yet; 503
/// `payment_unavailable`.
#[utoipa::path(post, path = "/subscription/portal", tag = "plans", request_body = NewPortalVisit, responses(
        (status = 200, body = PortalVisit),
        (status = 404, description = "`subscription_not_found`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewPortalVisit>) -> Result<Response> {
    let back = return_to("return_url", input.body.return_url, app.config.frontend_url.clone())?;
    let page = portal(&app, &caller, &back).await?;
    let answer = PortalVisit { object: "portal_visit", id: page.id, url: page.url };
    Ok(private(&to_raw_value(&answer).map_err(|error| malformed(&error))?))
}
