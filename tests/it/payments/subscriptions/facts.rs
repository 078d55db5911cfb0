//! A subscription and its invoice, as the database is told of them.

use serde_json::{Value, json};
use tests::world::{Account, World};
use uuid::Uuid;

/// A subscription of an account, and what Stripe calls it.
pub struct Subscribed {
    pub id: Uuid,
    pub account: Account,
    pub deployment: Value,
    /// `dev_month` …
    pub price: &'static str,
    /// When the period begins and ends.
    pub period: (&'static str, &'static str),
    /// In cents.
    pub paid: i64,
}

impl Subscribed {
    pub async fn new(
        world: &World,
        account: &Account,
        price: &'static str,
        period: (&'static str, &'static str),
        paid: i64,
    ) -> Self {
        let deployment = world.value("select gateway.deployment_id()").await;
        Self { id: Uuid::new_v4(), account: account.clone(), deployment, price, period, paid }
    }

    pub fn subscription(&self) -> String {
        format!("sub_{}", self.id.simple())
    }

    pub fn invoice_id(&self) -> String {
        format!("in_{}", self.id.simple())
    }

    pub fn intent(&self) -> String {
        format!("pi_{}", self.id.simple())
    }

    fn customer(&self) -> String {
        format!("cus_{}", self.account.id.simple())
    }

    fn price_json(&self) -> Value {
        let months = if self.price.ends_with("_year") { 12 } else { 1 };
        json!({"id": format!("price_{}", self.price), "name": self.price, "months": months})
    }

    /// How it was when Stripe was asked at this second.
    pub fn looked_at(&self, second: u32, status: &str, members: &Value) -> Value {
        let mut seen = json!({"kind": "subscription", "subscription": self.subscription(), "customer": self.customer(),
            "account": self.account.id, "deployment": self.deployment, "item": "si_1", "price": self.price_json(), "status": status,
            "begun_at": self.period.0, "period_start": self.period.0, "period_end": self.period.1, "cancel_at": null,
            "ended_at": null, "livemode": false, "observed_at": format!("2027-01-01T00:00:{second:02}Z")});
        seen.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
        seen
    }

    /// Its invoice was paid, when Stripe was asked at this second.
    pub fn invoice_paid(&self, second: u32) -> Value {
        let line = json!({"id": "il_1", "price": format!("price_{}", self.price), "starts_at": self.period.0, "ends_at": self.period.1,
            "amount": self.paid, "quantity": 1, "proration": false});
        json!({"kind": "invoice", "invoice": self.invoice_id(), "subscription": self.subscription(), "customer": self.customer(),
            "account": self.account.id, "deployment": self.deployment, "currency": "usd", "amount": self.paid, "paid": self.paid,
            "receipt_url": null, "lines": [line], "prices": [], "of_subscription": self.looked_at(second, "active", &json!({}))})
    }

    /// By which intent.
    pub fn linked(&self) -> Value {
        json!({"kind": "link", "invoice": self.invoice_id(), "intent": self.intent()})
    }

    /// A refund of so many cents.
    pub fn refund(&self, name: &str, cents: i64, status: &str) -> Value {
        json!({"kind": "refund", "id": format!("re_{name}_{}", self.id.simple()), "intent": self.intent(),
            "charge": format!("ch_{}", self.id.simple()), "amount": cents, "currency": "usd", "status": status,
            "observed_at": "2027-01-01T12:00:00Z"})
    }

    /// How it stands: the payment, the account's credit, its plan and until when, and its instalments by their states.
    pub async fn stands(&self, world: &World) -> Value {
        world
            .value(&format!(
                "select jsonb_build_array(
                   (select jsonb_build_array(status, taken_back, intent_id is not null) from gateway.payments where invoice_id = '{}'),
                   a.balance, a.debt, a.subscription_plan, a.subscription_ends_at, a.next_instalment,
                   (select jsonb_object_agg(state, n) from (select state, count(*) as n from gateway.instalments i
                    where i.account_id = a.id group by state) as states))
                 from gateway.accounts a where a.id = '{}'",
                self.invoice_id(),
                self.account.id
            ))
            .await
    }
}
