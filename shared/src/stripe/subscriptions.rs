//! What Stripe says of subscriptions and of their invoices, in the database's words. Both shapes are read: that of the pinned version,
//! and that from before 2025-03-31 (basil), in which events that are fetched later may be rendered.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::fields::{Absent, Fields};

/// The metadata under which the account travels.
pub const ACCOUNT: &str = "account";
/// The member of their metadata that says which use of a coupon has made them cheaper.
pub const REDEMPTION: &str = "redemption";

/// A price, by which a plan is sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenPrice {
    /// Stripe's id of it.
    pub id: String,
    /// The name under which it is sold (its `lookup_key`): `dev_month`.
    pub name: Option<String>,
    /// How long it pays for.
    pub months: Option<i64>,
}

/// How a subscription stands. As the SQL function `note_subscription` takes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeenSubscription {
    /// Stripe's id of it.
    pub subscription: String,
    customer: String,
    account: Option<Uuid>,
    deployment: Option<String>,
    item: Option<String>,
    /// What is paid for it.
    pub price: SeenPrice,
    status: String,
    begun_at: Timestamp,
    period_start: Timestamp,
    period_end: Timestamp,
    cancel_at: Option<Timestamp>,
    /// The price that it changes to with its period.
    next: Option<SeenPrice>,
    ended_at: Option<Timestamp>,
    livemode: bool,
    observed_at: Timestamp,
}

/// An invoice that is paid. As the SQL function `take_invoice` takes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeenInvoice {
    /// Stripe's id of it.
    pub invoice: String,
    /// The subscription that it is of.
    pub subscription: String,
    customer: String,
    account: Option<Uuid>,
    deployment: Option<String>,
    /// The use of a coupon that has made it cheaper.
    redemption: Option<Uuid>,
    currency: String,
    /// In cents, without tax.
    amount: i64,
    /// In cents, with tax.
    paid: i64,
    receipt_url: Option<String>,
    /// What it charges.
    pub lines: Vec<SeenLine>,
    /// Prices that its lines name, as far as they were asked about.
    pub prices: Vec<SeenPrice>,
    /// The subscription as it is now.
    pub of_subscription: Option<SeenSubscription>,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenLine {
    id: String,
    /// The id of the price.
    pub price: Option<String>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    amount: i64,
    quantity: i64,
    proration: bool,
}

fn moment(fields: Fields<'_>, name: &str) -> Result<Timestamp, Absent> {
    let seconds = fields.number(name)?;
    Timestamp::from_second(seconds).map_err(|_| fields.absent(name))
}

fn some_moment(fields: Fields<'_>, pointer: &str) -> Option<Timestamp> {
    fields.some_number(pointer).and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// A price that was asked for.
///
/// # Errors
/// The path of a member that is needed and not there.
pub fn price(object: &Value) -> Result<SeenPrice, Absent> {
    let fields = Fields::new(object, "price");
    let count = fields.some_number("/recurring/interval_count").unwrap_or(1);
    let months = match fields.some_text("/recurring/interval") {
        Some("month") => Some(count),
        Some("year") => Some(12 * count),
        _ => None,
    };
    Ok(SeenPrice {
        id: fields.text("id")?.to_owned(),
        name: fields.some_text("/lookup_key").map(str::to_owned),
        months,
    })
}

/// The price that a subscription changes to with its period, where the schedule that manages it was asked for with it
/// (<https://docs.stripe.com/api/subscription_schedules/object>).
///
/// # Errors
/// See [`price`].
pub fn next_price(subscription: &Value) -> Result<Option<SeenPrice>, Absent> {
    let schedule = &subscription["schedule"];
    let Some(turn) = schedule["current_phase"]["end_date"].as_i64() else { return Ok(None) };
    let phases = schedule["phases"].as_array().into_iter().flatten();
    let mut next = phases.filter(|phase| phase["start_date"].as_i64().is_some_and(|start| start >= turn));
    let of_phase = next.next().map(|phase| &phase["items"][0]["price"]).filter(|price| price.is_object());
    let next = of_phase.map(price).transpose()?;
    Ok(next.filter(|next| subscription.pointer("/items/data/0/price/id").is_none_or(|now| *now != next.id)))
}

/// A subscription that was asked for at this time. What happened to it later has another look of its own, since each change is told.
///
/// # Errors
/// See [`price`].
pub fn subscription(object: &Value, observed_at: Timestamp) -> Result<SeenSubscription, Absent> {
    let fields = Fields::new(object, "subscription");
    let item = object.pointer("/items/data/0").ok_or_else(|| fields.absent("items.data[0]"))?;
    let of_item = Fields::new(item, "subscription.items.data[0]");
    // Before basil the period was the subscription's.
    let period = |name: &str| moment(of_item, name).or_else(|absent| moment(fields, name).map_err(|_| absent));
    let period_end = period("current_period_end")?;
    let at_period_end = object["cancel_at_period_end"] == true;
    Ok(SeenSubscription {
        subscription: fields.text("id")?.to_owned(),
        customer: fields.id("customer").ok_or_else(|| fields.absent("customer"))?.to_owned(),
        account: fields.some_text("/metadata/account").and_then(|id| id.parse().ok()),
        deployment: fields.some_text("/metadata/deployment").map(str::to_owned),
        item: of_item.some_text("/id").map(str::to_owned),
        price: price(&item["price"])?,
        status: fields.text("status")?.to_owned(),
        begun_at: moment(fields, "created")?,
        period_start: period("current_period_start")?,
        period_end,
        cancel_at: some_moment(fields, "/cancel_at").or(at_period_end.then_some(period_end)),
        next: next_price(object)?,
        ended_at: some_moment(fields, "/ended_at"),
        livemode: fields.flag("livemode")?,
        observed_at,
    })
}

/// The subscription that an invoice is of; `None` of one that is of none.
#[must_use]
pub fn subscription_of(invoice: &Value) -> Option<&str> {
    let parent = &invoice["parent"]["subscription_details"]["subscription"];
    let of = if parent.is_null() { &invoice["subscription"] } else { parent };
    of.as_str().or_else(|| of["id"].as_str())
}

/// An invoice that is paid; `None` of one that is of no subscription, such as one for a top-up.
///
/// # Errors
/// See [`price`].
pub fn invoice(object: &Value) -> Result<Option<SeenInvoice>, Absent> {
    let fields = Fields::new(object, "invoice");
    let Some(subscription) = subscription_of(object) else { return Ok(None) };
    let details = object.pointer("/parent/subscription_details").unwrap_or(&object["subscription_details"]);
    let details = Fields::new(details, "invoice.parent.subscription_details");
    let lines = object.pointer("/lines/data").and_then(Value::as_array);
    let lines = lines.ok_or_else(|| fields.absent("lines.data"))?;
    let tax: i64 =
        object["total_taxes"].as_array().into_iter().flatten().filter_map(|tax| tax["amount"].as_i64()).sum();
    let amount = match fields.some_number("/total_excluding_tax") {
        Some(amount) => amount,
        None => fields.number("total")? - tax,
    };
    Ok(Some(SeenInvoice {
        invoice: fields.text("id")?.to_owned(),
        subscription: subscription.to_owned(),
        customer: fields.id("customer").ok_or_else(|| fields.absent("customer"))?.to_owned(),
        account: details.some_text("/metadata/account").and_then(|id| id.parse().ok()),
        deployment: details.some_text("/metadata/deployment").map(str::to_owned),
        redemption: details.some_text("/metadata/redemption").and_then(|id| id.parse().ok()),
        currency: fields.text("currency")?.to_owned(),
        amount,
        paid: fields.number("amount_paid")?,
        receipt_url: fields.some_text("/hosted_invoice_url").map(str::to_owned),
        lines: lines.iter().filter_map(|value| line(value).transpose()).collect::<Result<_, _>>()?,
        prices: Vec::new(),
        of_subscription: None,
    }))
}

/// A line of an invoice; `None` of one that is for something else than a subscription, such as a fee that somebody has added.
fn line(value: &Value) -> Result<Option<SeenLine>, Absent> {
    let fields = Fields::new(value, "invoice.lines.data[]");
    let flag = |pointer: &str| value.pointer(pointer) == Some(&Value::Bool(true));
    let proration = flag("/parent/subscription_item_details/proration")
        || flag("/parent/invoice_item_details/proration")
        || flag("/proration");
    let kind = fields.some_text("/parent/type").or(fields.some_text("/type"));
    if !proration && !matches!(kind, Some("subscription_item_details" | "subscription")) {
        return Ok(None);
    }
    let period = value.get("period").ok_or_else(|| fields.absent("period"))?;
    let period = Fields::new(period, "invoice.lines.data[].period");
    let price = value.pointer("/pricing/price_details/price").unwrap_or(&value["price"]);
    Ok(Some(SeenLine {
        id: fields.text("id")?.to_owned(),
        price: price.as_str().or_else(|| price["id"].as_str()).map(str::to_owned),
        starts_at: moment(period, "start")?,
        ends_at: moment(period, "end")?,
        amount: fields.number("amount")?,
        quantity: fields.some_number("/quantity").unwrap_or(1),
        proration,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at() -> Timestamp {
        "2026-11-28T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn a_subscription_is_read_in_both_shapes_and_its_end_by_either_name() {
        let price =
            json!({"id": "price_1", "lookup_key": "dev_year", "recurring": {"interval": "year", "interval_count": 1}});
        let common = json!({"id": "sub_1", "customer": "cus_1", "status": "active", "created": 1000, "livemode": false,
            "metadata": {}, "cancel_at_period_end": true});
        let mut now = common.clone();
        now["items"] =
            json!({"data": [{"id": "si_1", "price": price, "current_period_start": 1000, "current_period_end": 2000}]});
        let mut before = common.clone();
        before["items"] = json!({"data": [{"id": "si_1", "price": price}]});
        before["current_period_start"] = json!(1000);
        before["current_period_end"] = json!(2000);
        let seen = subscription(&now, at()).expect("readable");
        assert_eq!(seen, subscription(&before, at()).expect("readable"));
        assert_eq!((seen.price.months, seen.cancel_at), (Some(12), Timestamp::from_second(2000).ok()));
        now["cancel_at"] = json!(1500);
        assert_eq!(subscription(&now, at()).expect("readable").cancel_at, Timestamp::from_second(1500).ok());
        for needed in ["id", "customer", "status", "created", "items", "livemode"] {
            let mut without = now.clone();
            without.as_object_mut().expect("an object").remove(needed);
            assert!(subscription(&without, at()).is_err(), "{needed}");
        }
    }

    #[test]
    fn an_invoice_is_read_in_both_shapes_and_one_of_no_subscription_gives_nothing() {
        let common = json!({"id": "in_1", "customer": "cus_1", "currency": "usd", "total": 3451, "amount_paid": 3451,
            "total_taxes": [{"amount": 551}], "hosted_invoice_url": "https://pay.example"});
        let period = json!({"start": 1000, "end": 2000});
        let mut now = common.clone();
        now["parent"] = json!({"type": "subscription_details", "subscription_details": {"subscription": "sub_1", "metadata": {"deployment": "d"}}});
        now["lines"] = json!({"data": [
            {"id": "il_1", "amount": 2900, "quantity": 1, "period": period, "pricing": {"price_details": {"price": "price_1"}},
             "parent": {"type": "subscription_item_details", "subscription_item_details": {"proration": false}}},
            {"id": "il_2", "amount": 500, "period": period, "parent": {"type": "invoice_item_details", "invoice_item_details": {"proration": false}}}]});
        let mut before = common.clone();
        before["subscription"] = json!("sub_1");
        before["subscription_details"] = json!({"metadata": {"deployment": "d"}});
        before["lines"] = json!({"data": [
            {"id": "il_1", "amount": 2900, "quantity": 1, "period": period, "price": {"id": "price_1"}, "type": "subscription", "proration": false},
            {"id": "il_2", "amount": 500, "period": period, "type": "invoiceitem", "proration": false}]});
        let seen = invoice(&now).expect("readable").expect("of a subscription");
        assert_eq!(Some(&seen), invoice(&before).expect("readable").as_ref());
        assert_eq!((seen.amount, seen.paid, seen.lines.len()), (2900, 3451, 1));
        for needed in ["id", "customer", "currency", "total", "amount_paid", "lines"] {
            let mut without = now.clone();
            without.as_object_mut().expect("an object").remove(needed);
            assert!(invoice(&without).is_err(), "{needed}");
        }
        now["parent"] = Value::Null;
        assert_eq!(invoice(&now).expect("readable"), None);
    }
}
