//! `/api/stripe/credit-packages`: what credit is sold in.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::error::Result;
use crate::money::Nanos;

/// A package.
#[derive(ToSchema)]
pub struct CreditPackage {
    /// `credit_package`.
    pub object: String,
    /// Its id.
    pub id: String,
    /// What it costs, before tax.
    pub price: Nanos,
    /// What of that is a fee.
    pub fee: Nanos,
    /// The credit that it gives.
    pub credits: Nanos,
}

/// `GET /api/stripe/credit-packages`: all of them; besides, any amount from 5 to 1000 dollars can be bought.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/api/stripe/credit-packages", tag = "money", responses((status = 200, body = Page<CreditPackage>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let query = json!({ "fee": app.config.topup_fee });
    let packages: Box<RawValue> = caller.rpc(&app, "list_credit_packages", json!({ "query": query })).await?;
    Ok(answer::private(&packages))
}
