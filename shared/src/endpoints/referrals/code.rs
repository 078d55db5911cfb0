//! `/referral/code` and `/referral/validate`: one's own code, and whether somebody's is one.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, malformed};
use crate::endpoints::coupons::check_code;
use crate::endpoints::input::Input;
use crate::error::Result;
use crate::money::Nanos;
use crate::object::Object;
use crate::readable_code;

/// The length of codes: few enough to be typed, and two people do not get the same one.
const CODE_LENGTH: usize = 8;

/// One's own code.
#[derive(ToSchema)]
pub struct ReferralCode {
    /// `referral_code`.
    pub object: String,
    /// The code.
    pub code: String,
    /// An address that invites with it.
    pub link: String,
    /// What either gets.
    pub reward: Nanos,
    /// The least purchase that earns it.
    pub min_purchase: Nanos,
}

/// Somebody's code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"code": "K7MW2QXR"})))]
pub struct NamedReferralCode {
    /// The code, in capitals or not.
    #[schema(pattern = "^ *[A-Za-z0-9_-]{1,40} *$")]
    pub(super) code: String,
}

/// Whether a code can be given.
#[derive(ToSchema)]
pub struct ReferralValidation {
    /// `referral_validation`.
    pub object: String,
    /// The code.
    pub code: String,
    /// Whether it is somebody else's.
    pub valid: bool,
}

/// `GET /referral/code`: makes it when it is first asked for.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/referral/code", tag = "money", responses((status = 200, body = ReferralCode)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let new = readable_code::generate(CODE_LENGTH)?;
    let made: Box<RawValue> = caller.rpc(&app, "make_referral_code", json!({ "code": new })).await?;
    let with_link = || {
        let mut answer: Object<'_> = serde_json::from_str(made.get())?;
        let code: String = answer.read("code")?.unwrap_or_default();
        answer.set("link", &format!("{}/?ref={code}", app.config.frontend_url))?;
        serde_json::value::to_raw_value(&answer)
    };
    Ok(answer::private(&with_link().map_err(|error| malformed(&error))?))
}

/// `POST /referral/validate`
///
/// # Errors
/// The refusals of key validation; 429 `too_many_attempts`.
#[utoipa::path(post, path = "/referral/validate", tag = "money", request_body = NamedReferralCode, responses(
    (status = 200, body = ReferralValidation), (status = 429, description = "`too_many_attempts`")))]
pub async fn validate(
    State(app): State<SharedApp>,
    caller: Caller,
    input: Input<NamedReferralCode>,
) -> Result<Response> {
    check_code("code", &input.body.code)?;
    let told: Box<RawValue> = caller.rpc(&app, "validate_referral", json!({ "code": input.body.code })).await?;
    Ok(answer::private(&told))
}
