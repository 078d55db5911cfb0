//! `/user/statement`: a month of an account's money, as JSON or as a page to be printed.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::credit_transactions::TransactionType;
use crate::app::SharedApp;
use crate::caller::{Caller, text};
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::error::{Code, Error, Result};
use crate::money::Nanos;

/// Nothing is loaded and nothing runs on the page.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StatementQuery {
    /// The month in UTC, as `2027-03`.
    #[param(pattern = r"^[0-9]{4}-(0[1-9]|1[0-2])$", example = "2027-03")]
    month: String,
}

/// A month of an account's money. The balance at its end is that at its beginning, and `moved`, less `used`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Statement {
    /// `statement`.
    pub object: String,
    /// The account.
    pub account_id: Uuid,
    /// Its address.
    #[schema(required)]
    pub email: Option<String>,
    /// `usd`.
    pub currency: String,
    /// When the month begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// Whether it is over; else its end is now.
    pub is_over: bool,
    /// The balance at its beginning.
    pub opening_balance: Nanos,
    /// What came in less what went out, other than by calls.
    pub moved: Nanos,
    /// What calls cost.
    pub used: Nanos,
    /// The balance at its end.
    pub closing_balance: Nanos,
    /// What came in and went out, other than by calls: the first thousand.
    pub movements: Vec<Movement>,
    /// Whether there were more; `GET /user/credit-transactions` lists all.
    pub has_more: bool,
    /// What calls cost, by model.
    pub usage: Vec<StatementUsage>,
}

/// Credit that came in or went out.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Movement {
    /// When.
    pub at: Timestamp,
    /// By what.
    pub r#type: TransactionType,
    /// What was noted with it.
    pub description: String,
    /// How much; negative: it went out.
    pub amount: Nanos,
}

impl Movement {
    fn day(&self) -> String {
        self.at.strftime("%Y-%m-%d %H:%M").to_string()
    }

    fn words(&self) -> &'static str {
        match self.r#type {
            TransactionType::Trial => "Trial",
            TransactionType::Purchase => "Credit bought",
            TransactionType::Subscription => "Credit of the plan",
            TransactionType::Coupon => "Coupon",
            TransactionType::Referral => "Referral",
            TransactionType::AdminCredit => "Credit given",
            TransactionType::AdminDebit => "Credit taken back",
            TransactionType::Usage => "Calls",
            TransactionType::CreditBack => "Credit returned",
            TransactionType::MoneyBack => "Payment refunded",
            TransactionType::Expiry => "Credit lapsed",
        }
    }
}

/// What calls of a model cost.
#[derive(Debug, Deserialize, ToSchema)]
pub struct StatementUsage {
    /// The model's id.
    pub model: String,
    /// Requests that ended in the month.
    pub requests: i64,
    /// Tokens of their prompts and answers.
    pub tokens: i64,
    /// What they cost.
    pub cost: Nanos,
}

#[derive(Template)]
#[template(path = "statement.html")]
struct Page<'a> {
    app_name: &'a str,
    month: &'a str,
    statement: &'a Statement,
}

/// `GET /user/statement`: as JSON, or as a page to be printed for a client that accepts `text/html`.
///
/// # Errors
/// The refusals of key validation; 400 for what is no month.
#[utoipa::path(get, path = "/user/statement", tag = "account", params(StatementQuery),
    responses((status = 200, content((Statement = "application/json"), (String = "text/html")))))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    headers: HeaderMap,
    Params(query): Params<StatementQuery>,
) -> Result<Response> {
    let month = query.month;
    let is_one = month.len() == 7 && month.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    let first = Some(format!("{month}-01")).filter(|_| is_one).and_then(|day| day.parse::<Date>().ok());
    let Some(first) = first.filter(|day| (2000..=9998).contains(&day.year())) else {
        return Err(Error::invalid("month", "`month` is a month as 2027-03."));
    };
    let statement: Box<RawValue> = caller.rpc(&app, "get_statement", json!({ "query": { "month": first } })).await?;
    if !text(&headers, header::ACCEPT).is_some_and(|accepted| accepted.contains("text/html")) {
        return Ok(answer::private(&statement));
    }
    let statement: Statement = serde_json::from_str(statement.get()).map_err(|error| answer::malformed(&error))?;
    let page = Page { app_name: &app.config.app_name, month: &month, statement: &statement };
    let page = page.render().map_err(|_| Error::new(Code::InternalError))?;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, Html(page)).into_response())
}
