//! `/admin/plans`: what plans cost, allow, bring and make of prices.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Input, Name, check_name};
use crate::endpoints::members::{given, not_null, object};
use crate::endpoints::plans::PlanLimits;
use crate::error::{Code, Error, Result};
use crate::integer::Integer;
use crate::limits::every_limit;
use crate::money::Nanos;

/// A ten thousandth of what is read as a decimal.
const BASIS_POINT: i64 = 100_000;
/// A cent, which is what Stripe sells by.
const CENT: i64 = 10_000_000;
/// What a plan costs at most: a million dollars.
const DEAREST: Nanos = Nanos(1_000_000_000_000_000);
/// The highest limit, as of an account's own.
const HIGHEST: i64 = 1_000_000_000_000;

/// A plan, as administrators see it.
#[derive(ToSchema)]
pub struct AdminPlan {
    /// `plan`.
    pub object: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `usd`.
    pub currency: String,
    /// What a month costs; 0 for a plan that is not sold by itself.
    #[schema(required)]
    pub price_per_month: Option<Nanos>,
    /// What a year costs, paid at once; null for a plan that is not sold by the year.
    #[schema(required)]
    pub price_per_year: Option<Nanos>,
    /// The credit that comes with each month, and lapses with it.
    pub credits_per_month: Nanos,
    /// What it allows.
    pub limits: PlanLimits,
    /// What calls cost under it, as a part of what they cost else: 0.9 is ten per cent less.
    pub price_factor: f64,
    /// Whether an administrator has the last word about it: no later version changes it then.
    pub pinned: bool,
}

/// Declares the limits that a change may name.
macro_rules! members {
    ($($(#[doc = $what:literal])+ $name:ident,)+) => {
        /// Limits to be changed; what is left out stays.
        #[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
        #[serde(deny_unknown_fields, default)]
        #[schema(min_properties = 1)]
        pub struct NewPlanLimits {
            $($(#[doc = $what])+
            #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
            #[schema(value_type = i64, required = false, minimum = 1, maximum = 1_000_000_000_000_i64)]
            $name: Option<Integer>,)+
        }

        impl NewPlanLimits {
            /// Each limit that is given.
            fn figures(&self) -> impl Iterator<Item = (&'static str, i64)> {
                [$((stringify!($name), self.$name)),+].into_iter().filter_map(|(name, given)| Some((name, given?.0)))
            }
        }
    };
}

/// Those that the limiter counts, and the month's, which the database does.
macro_rules! with_months {
    ($($(#[doc = $what:literal])+ $name:ident: $of:expr,)+) => {
        members! {
            $($(#[doc = $what])+ $name,)+
            /// Requests within a month.
            requests_per_month,
            /// Tokens within a month.
            tokens_per_month,
        }
    };
}
every_limit!(with_months);

/// What is to be changed: at least one of its members.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(min_properties = 1, examples(json!({"price_factor": 0.9}),
    json!({"price_per_month": 39, "price_per_year": 390, "credits_per_month": 39, "limits": {"requests_per_minute": 600}})))]
pub struct PlanChange {
    /// Its name.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = Name, required = false)]
    name: Option<String>,
    /// What a month costs, in whole cents; 0: it is not sold by itself. Stripe's price follows when `cargo run -- stripe setup` is run, and
    /// whoever has subscribed keeps theirs.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = f64, required = false, minimum = 0, maximum = 1000000)]
    price_per_month: Option<Nanos>,
    /// What a year costs, in whole cents; null: it is not sold by the year.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<f64>, minimum = 0.01, maximum = 1000000)]
    price_per_year: Option<Option<Nanos>>,
    /// The credit that comes with each month, from the next invoice on.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = f64, required = false, minimum = 0, maximum = 1000000)]
    credits_per_month: Option<Nanos>,
    /// What it allows, from each account's next call on.
    #[serde(deserialize_with = "limits")]
    #[schema(value_type = NewPlanLimits, required = false)]
    limits: Option<NewPlanLimits>,
    /// What calls cost under the plan, as a part of what they cost else, with at most four decimals. Calls that run keep theirs.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = f64, required = false, minimum = 0.0001, maximum = 10)]
    price_factor: Option<Nanos>,
    /// Whether the plan stays as it is whatever a later version says of it. A change of anything but the factor says so by itself.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    pinned: Option<bool>,
}

fn limits<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<NewPlanLimits>, D::Error> {
    object(deserializer).map(Some)
}

impl PlanChange {
    /// The change as the database takes it.
    ///
    /// # Errors
    /// 400 that names the member.
    fn checked(self) -> Result<serde_json::Value> {
        check_name("name", self.name.as_deref())?;
        let mut change = json!({});
        let mut set = |name: &str, value: serde_json::Value| change[name] = value;
        for (name, price) in
            [("price_per_month", self.price_per_month), ("price_per_year", self.price_per_year.flatten())]
        {
            let Some(price) = price else { continue };
            let is_one = price.0 % CENT == 0 && (Nanos(0)..=DEAREST).contains(&price);
            if !is_one || name == "price_per_year" && price.0 == 0 {
                return Err(Error::invalid(name, format!("`{name}` is in whole cents, to a million US dollars.")));
            }
            set(name, json!(price.0));
        }
        if self.price_per_year == Some(None) {
            set("price_per_year", serde_json::Value::Null);
        }
        if let Some(credits) = self.credits_per_month {
            if !(Nanos(0)..=DEAREST).contains(&credits) {
                return Err(Error::invalid("credits_per_month", "`credits_per_month` is 0 to a million US dollars."));
            }
            set("credits_per_month", json!(credits.0));
        }
        if let Some(factor) = self.price_factor {
            if factor.0 % BASIS_POINT != 0 || !(1..=100_000).contains(&(factor.0 / BASIS_POINT)) {
                let message = "`price_factor` is from 0.0001 to 10, with at most four decimals.";
                return Err(Error::invalid("price_factor", message));
            }
            set("price_factor", json!(factor.0 / BASIS_POINT));
        }
        if let Some(limits) = self.limits {
            if limits.figures().next().is_none() {
                return Err(Error::invalid("limits", "`limits` names at least one limit."));
            }
            if let Some((name, _)) = limits.figures().find(|(_, figure)| !(1..=HIGHEST).contains(figure)) {
                let message = format!("`limits.{name}` is a number from 1 to {HIGHEST}.");
                return Err(Error::invalid(format!("limits.{name}"), message));
            }
            set("limits", json!(limits));
        }
        if let Some(name) = self.name {
            set("name", json!(name));
        }
        if let Some(pinned) = self.pinned {
            set("pinned", json!(pinned));
        }
        if change.as_object().is_some_and(serde_json::Map::is_empty) {
            let message = "Say what is to change: `name`, `price_per_month`, `price_per_year`, `credits_per_month`, `limits`, \
                           `price_factor` or `pinned`.";
            return Err(Error::new(Code::InvalidRequest).with_message(message));
        }
        Ok(change)
    }
}

/// `GET /admin/plans`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/admin/plans", tag = "admin", responses((status = 200, body = Page<AdminPlan>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let plans: Box<RawValue> = caller.rpc(&app, "list_admin_plans", json!({})).await?;
    Ok(answer::private(&plans))
}

/// `PATCH /admin/plans/{id}`
///
/// # Errors
/// The refusals of key validation; 404 `plan_not_found`; 400 that names the member.
#[utoipa::path(patch, path = "/admin/plans/{id}", tag = "admin", request_body = PlanChange,
    params(("id" = String, Path, description = "The plan, such as `team`.")),
    responses((status = 200, body = AdminPlan), (status = 404, description = "`plan_not_found`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<PlanChange>,
) -> Result<Response> {
    let arguments = json!({ "plan": id, "request": input.body.checked()? });
    let plan: Box<RawValue> = caller.rpc(&app, "change_plan", arguments).await?;
    Ok(answer::private(&plan))
}
