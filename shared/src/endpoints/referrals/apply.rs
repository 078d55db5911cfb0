//! `/referral/apply`: says who recommended the gateway.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use super::code::NamedReferralCode;
use super::history::Referral;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::coupons::check_code;
use crate::endpoints::input::Input;
use crate::error::Result;

/// `POST /referral/apply`: once, before the first purchase.
///
/// # Errors
/// The refusals of key validation; 404 `referral_code_not_found`; 409 `referral_not_applicable`; 429 `too_many_attempts`.
#[utoipa::path(post, path = "/referral/apply", tag = "money", request_body = NamedReferralCode, responses(
    (status = 200, body = Referral),
    (status = 404, description = "`referral_code_not_found`"),
    (status = 409, description = "`referral_not_applicable`"),
    (status = 429, description = "`too_many_attempts`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NamedReferralCode>) -> Result<Response> {
    check_code("code", &input.body.code)?;
    let referral: Box<RawValue> = caller.rpc(&app, "apply_referral", json!({ "code": input.body.code })).await?;
    Ok(answer::private(&referral))
}
