//! `/user/notifications/thresholds`: from what balance and what spending on an account wants to be told.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::endpoints::members::given;
use crate::error::{Code, Error, Result};
use crate::money::Nanos;

/// The most that can be said: a billion dollars, in nano-dollars.
const LARGEST: i64 = 1_000_000_000_000_000_000;

/// From what on an account is told, by mail and by its webhooks.
#[derive(ToSchema)]
pub struct Thresholds {
    /// `notification_thresholds`.
    pub object: String,
    /// It is told when its balance falls below this, once until it has risen clearly above it again; null: only when nothing is left.
    #[schema(required)]
    pub low_balance: Option<Nanos>,
    /// It is told when it has spent so much on a day (UTC), once; null: it is not.
    #[schema(required)]
    pub spend_per_day: Option<Nanos>,
    /// The same of a month.
    #[schema(required)]
    pub spend_per_month: Option<Nanos>,
}

/// What is to be changed; what is left out stays. A new threshold is told of anew.
#[derive(Debug, Default, Deserialize, PartialEq, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"low_balance": 25, "spend_per_day": 50, "spend_per_month": null})))]
pub struct ThresholdsChange {
    /// Below which balance; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Nanos>)]
    low_balance: Option<Option<Nanos>>,
    /// From which spending on a day (UTC); null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Nanos>)]
    spend_per_day: Option<Option<Nanos>>,
    /// From which spending in a month; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Nanos>)]
    spend_per_month: Option<Option<Nanos>>,
}

/// The same in nano-dollars.
#[derive(Serialize)]
struct Changes {
    #[serde(skip_serializing_if = "Option::is_none")]
    low_balance: Option<Option<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spend_per_day: Option<Option<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spend_per_month: Option<Option<i64>>,
}

impl ThresholdsChange {
    fn checked(self) -> Result<Changes> {
        if self == Self::default() {
            return Err(Error::new(Code::InvalidRequest).with_message("Name at least one threshold."));
        }
        let within = |name: &'static str, amount: Option<Option<Nanos>>| match amount {
            Some(Some(amount)) if !(1..=LARGEST).contains(&amount.0) => {
                Err(Error::invalid(name, format!("`{name}` is above 0, and at most a billion US dollars.")))
            }
            amount => Ok(amount.map(|amount| amount.map(|amount| amount.0))),
        };
        Ok(Changes {
            low_balance: within("low_balance", self.low_balance)?,
            spend_per_day: within("spend_per_day", self.spend_per_day)?,
            spend_per_month: within("spend_per_month", self.spend_per_month)?,
        })
    }
}

/// `GET /user/notifications/thresholds`: from what balance and what spending on the account is told.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/notifications/thresholds", tag = "account", responses((status = 200, body = Thresholds)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let thresholds: Box<RawValue> = caller.rpc(&app, "get_thresholds", json!({})).await?;
    Ok(answer::private(&thresholds))
}

/// `PATCH /user/notifications/thresholds`: changes them. Being told stops nothing: a key's spend limit does.
///
/// # Errors
/// The refusals of key validation; 400 for an amount that is out of range.
#[utoipa::path(patch, path = "/user/notifications/thresholds", tag = "account", request_body = ThresholdsChange,
    responses((status = 200, body = Thresholds)))]
pub async fn change(State(app): State<SharedApp>, caller: Caller, input: Input<ThresholdsChange>) -> Result<Response> {
    let arguments = json!({ "changes": input.body.checked()? });
    let thresholds: Box<RawValue> = caller.rpc(&app, "set_thresholds", arguments).await?;
    Ok(answer::private(&thresholds))
}
