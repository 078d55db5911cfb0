//! Payments and the events about them, as the database is told of them.

use serde_json::{Value, json};
use tests::world::{Account, World};
use uuid::Uuid;

/// A payment of an account, and what Stripe calls it.
pub struct Bought {
    pub id: Uuid,
    pub account: Account,
    /// In cents: what was asked for and what was received, tax included.
    pub amount: i64,
    pub paid: i64,
}

impl Bought {
    /// A payment that was begun: so many cents for so many dollars of credit and bonus.
    pub async fn new(world: &World, account: &Account, amount: i64, paid: i64, bonus: i64) -> Self {
        let id = Uuid::now_v7();
        world
            .sql(&format!(
                "insert into gateway.payments (id, account_id, kind, amount, credits, bonus, livemode, created_at, expires_at)
                   values ('{id}', '{}', 'checkout', {amount}, {amount}::bigint * 10000000, {bonus}::bigint * 10000000, false,
                           gateway.now(), gateway.now() + interval '1 hour')",
                account.id
            ))
            .await;
        Self { id, account: account.clone(), amount, paid }
    }

    pub fn intent(&self) -> String {
        format!("pi_{}", self.id.simple())
    }

    pub fn charge(&self) -> String {
        format!("ch_{}", self.id.simple())
    }

    fn of_payment(&self, members: &Value) -> Value {
        let mut seen = json!({"kind": "payment", "payment": self.id, "amount": self.amount, "paid": self.paid,
            "currency": "usd", "intent": self.intent(), "customer": format!("cus_{}", self.account.id.simple())});
        seen.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
        seen
    }

    /// The session is complete and paid.
    pub fn completed(&self) -> Value {
        self.of_payment(&json!({"status": "paid", "session": format!("cs_{}", self.id.simple())}))
    }

    /// The intent has succeeded.
    pub fn succeeded(&self) -> Value {
        self.of_payment(&json!({"status": "paid"}))
    }

    /// The charge, by which the intent's refunds are known too.
    pub fn charged(&self) -> Value {
        json!({"kind": "charge", "payment": self.id, "intent": self.intent(), "charge": self.charge(),
            "fingerprint": "card", "receipt_url": "https://pay.example/receipt"})
    }

    /// A refund of so many cents.
    pub fn refund(&self, name: &str, cents: i64, status: &str) -> Value {
        json!({"kind": "refund", "id": format!("re_{name}_{}", self.id.simple()), "intent": self.intent(),
            "charge": self.charge(), "amount": cents, "currency": "usd", "status": status, "observed_at": "2026-11-28T12:00:00Z"})
    }

    /// A dispute of all of it, as it was at a second.
    pub fn dispute(&self, second: u32, status: &str, reason: &str) -> Value {
        json!({"kind": "dispute", "id": format!("du_{}", self.id.simple()), "intent": self.intent(),
            "charge": self.charge(), "amount": self.paid, "currency": "usd", "status": status, "reason": reason,
            "observed_at": format!("2026-11-28T12:00:{second:02}Z")})
    }

    /// How it stands: status, taken back, its account's balance and debt.
    pub async fn stands(&self, world: &World) -> Value {
        world
            .value(&format!(
                "select jsonb_build_array(p.status, p.taken_back, a.balance, a.debt, a.payments_blocked_at is not null,
                                          a.disabled_at is not null, p.charge_id is not null)
                 from gateway.payments p join gateway.accounts a on a.id = p.account_id where p.id = '{}'",
                self.id
            ))
            .await
    }
}

/// An event with a name of its own, as an SQL expression that applies it.
pub fn applied(seen: &Value) -> String {
    applied_as(&format!("evt_{}", Uuid::new_v4().simple()), seen)
}

/// The same under this name.
pub fn applied_as(id: &str, seen: &Value) -> String {
    let object_id = if seen["id"].is_null() { &seen["payment"] } else { &seen["id"] };
    let event = json!({"id": id, "type": "test", "created": "2026-11-28T12:00:00Z", "livemode": false,
        "object_id": object_id, "seen": seen});
    format!("public.apply_stripe_event('{event}')")
}

/// What became of an event.
pub async fn outcome(world: &World, seen: &Value) -> String {
    let answer = world.value(&format!("select {}", applied(seen))).await;
    answer["outcome"].as_str().expect("an outcome").to_owned()
}
