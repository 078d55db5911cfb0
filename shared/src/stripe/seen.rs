//! What was seen at Stripe, in the database's words.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::subscriptions::{SeenInvoice, SeenSubscription};

/// What was seen. As the SQL functions `settle_payment`, `note_reversal` and `apply_stripe_event` take it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Seen {
    /// How a payment stands.
    Payment(Box<SeenPayment>),
    /// What only a charge knows of its payment.
    Charge {
        payment: Option<Uuid>,
        deployment: Option<String>,
        intent: String,
        charge: String,
        fingerprint: Option<String>,
        receipt_url: Option<String>,
    },
    /// A refund.
    Refund(SeenReversal),
    /// A dispute.
    Dispute(SeenReversal),
    /// A customer that was deleted.
    Customer { id: String },
    /// A card that was left for auto top-up.
    Card {
        account: Uuid,
        deployment: Option<String>,
        session: String,
        customer: String,
        #[serde(flatten)]
        card: SeenCard,
    },
    /// A card that is its customer's no more.
    CardGone { method: String },
    /// How a subscription stands.
    Subscription(Box<SeenSubscription>),
    /// An invoice that is paid.
    Invoice(Box<SeenInvoice>),
    /// Which intent has paid which invoice.
    Link { invoice: String, intent: String },
}

/// A card that may be charged while its owner is not there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeenCard {
    /// The payment method.
    pub(super) method: String,
    pub(super) brand: Option<String>,
    pub(super) last4: Option<String>,
}

/// How a payment stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeenPayment {
    /// Our id.
    pub payment: Uuid,
    /// Whose payment it is, where several deployments share an account.
    pub deployment: Option<String>,
    /// `paid`, `processing`, `failed`, `canceled` or `expired`.
    pub status: &'static str,
    /// What was asked for, in cents.
    pub amount: Option<i64>,
    /// What was received, in cents.
    pub paid: Option<i64>,
    /// In lower case.
    pub currency: Option<String>,
    /// Whether it is real money.
    pub livemode: bool,
    /// The Checkout session.
    pub session: Option<String>,
    /// The payment intent.
    pub intent: Option<String>,
    /// The customer.
    pub customer: Option<String>,
    /// Why it failed.
    pub failure_code: Option<String>,
    /// What Stripe advises then.
    pub advice: Option<String>,
    /// The card that it was paid with, if it was left for later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<SeenCard>,
}

/// How a refund or a dispute stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeenReversal {
    pub(super) id: String,
    pub(super) intent: Option<String>,
    pub(super) charge: Option<String>,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    /// Our id of it, if it is ours.
    pub(super) request: Option<Uuid>,
    pub(super) due_by: Option<Timestamp>,
    /// When it was looked at: of two looks at a dispute the newer one holds.
    pub(super) observed_at: Timestamp,
}
