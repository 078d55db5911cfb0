//! Mail about payments, credit and usage.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;

use super::{Says, dollars, moment};
use crate::mail::letter::Letter;
use crate::money::Nanos;

fn of_payment(amount: Nanos, payment: Uuid, at: Timestamp) -> Vec<(&'static str, String)> {
    vec![("Amount", dollars(amount)), ("Payment", payment.to_string()), ("When", moment(at))]
}

#[derive(Deserialize)]
pub(super) struct Receipt {
    paid: Nanos,
    credits: Nanos,
    bonus: Nanos,
    auto: bool,
    payment_id: Uuid,
    receipt_url: Option<String>,
    at: Timestamp,
}

impl Says for Receipt {
    fn says(self, site: &str) -> Letter {
        let mut rows = vec![("Paid", dollars(self.paid)), ("Credit", dollars(self.credits))];
        if self.bonus.0 > 0 {
            rows.push(("Bonus", dollars(self.bonus)));
        }
        rows.extend([("Payment", self.payment_id.to_string()), ("When", moment(self.at))]);
        let words = if self.auto {
            "Your balance had fallen below what you have set, so your card was charged for more credit. It is there."
        } else {
            "Thank you. Your payment has arrived, and its credit is there."
        };
        Letter {
            subject: format!("Your receipt for {}", dollars(self.paid)),
            paragraphs: vec![words.to_owned()],
            rows,
            // Stripe tells of the payment and of its receipt in any order: one that comes later is at the site by then.
            action: Some(
                self.receipt_url.map_or_else(|| ("Your receipts", site.to_owned()), |url| ("The receipt", url)),
            ),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PaymentFailed {
    amount: Nanos,
    payment_id: Uuid,
    failure_code: Option<String>,
    at: Timestamp,
}

impl Says for PaymentFailed {
    fn says(self, site: &str) -> Letter {
        let mut rows = of_payment(self.amount, self.payment_id, self.at);
        rows.extend(self.failure_code.map(|code| ("Reason", code.replace('_', " "))));
        Letter {
            subject: format!("Your payment of {} was declined", dollars(self.amount)),
            paragraphs: vec!["Nothing was taken from your card. You can pay by another one.".to_owned()],
            rows,
            action: Some(("Try again", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Refund {
    amount: Nanos,
    payment_id: Uuid,
    at: Timestamp,
}

impl Says for Refund {
    fn says(self, _: &str) -> Letter {
        Letter {
            subject: format!("We have refunded {}", dollars(self.amount)),
            paragraphs: vec![
                "The money goes back the way it came, which takes banks a few days. The credit that it had bought is taken back."
                    .to_owned(),
            ],
            rows: of_payment(self.amount, self.payment_id, self.at),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Dispute {
    amount: Nanos,
    payment_id: Uuid,
    at: Timestamp,
}

impl Says for Dispute {
    fn says(self, _: &str) -> Letter {
        Letter {
            subject: format!("Your bank disputes a payment of {}", dollars(self.amount)),
            paragraphs: vec![
                "Until this is closed the payment's credit is taken back, and your account can make no payments. If you know \
                 nothing of it, ask your bank."
                    .to_owned(),
            ],
            rows: of_payment(self.amount, self.payment_id, self.at),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct LowBalance {
    balance: Nanos,
    threshold: Nanos,
    at: Timestamp,
}

impl Says for LowBalance {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: "Your balance is low".to_owned(),
            paragraphs: vec![format!(
                "Your balance has fallen below {}. Calls go on until it is used up, and are refused then.",
                dollars(self.threshold)
            )],
            rows: vec![("Balance", dollars(self.balance)), ("When", moment(self.at))],
            action: Some(("Add credit", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct OutOfCredits {
    balance: Nanos,
    at: Timestamp,
}

impl Says for OutOfCredits {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: "You are out of credit".to_owned(),
            paragraphs: vec![
                "What is left does not pay for your calls any more: they are refused until there is more.".to_owned(),
            ],
            rows: vec![("Balance", dollars(self.balance)), ("When", moment(self.at))],
            action: Some(("Add credit", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CreditsExpiring {
    amount: Nanos,
    expires_at: Timestamp,
}

impl Says for CreditsExpiring {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: format!("{} of your credit lapses in a week", dollars(self.amount)),
            paragraphs: vec![
                "Calls spend the credit that lapses first, so what you use until then comes out of it.".to_owned(),
            ],
            rows: vec![("Credit", dollars(self.amount)), ("Until", moment(self.expires_at))],
            action: Some(("Your credit", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ReferralReward {
    amount: Nanos,
    expires_at: Timestamp,
}

impl Says for ReferralReward {
    fn says(self, _: &str) -> Letter {
        Letter {
            subject: format!("{} for a recommendation", dollars(self.amount)),
            paragraphs: vec![
                "Thank you for recommending us, or for following a recommendation. Your reward is there.".to_owned(),
            ],
            rows: vec![("Credit", dollars(self.amount)), ("Until", moment(self.expires_at))],
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct UsageReport {
    month: String,
    requests: i64,
    tokens: i64,
    spent: Nanos,
    balance: Nanos,
}

impl Says for UsageReport {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: format!("Your usage in {}", self.month),
            rows: vec![
                ("Requests", self.requests.to_string()),
                ("Tokens", self.tokens.to_string()),
                ("Spent", dollars(self.spent)),
                ("Balance", dollars(self.balance)),
            ],
            action: Some(("All of it", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct SpendAlert {
    period: String,
    since: Date,
    spent: Nanos,
    threshold: Nanos,
    at: Timestamp,
}

impl Says for SpendAlert {
    fn says(self, site: &str) -> Letter {
        let period = if self.period == "month" { "this month" } else { "today" };
        Letter {
            subject: format!("{} spent {period}", dollars(self.spent)),
            paragraphs: vec![format!(
                "Your account has spent as much {period} as you wanted to be told of. Nothing is stopped by that; a key's spend limit would."
            )],
            rows: vec![
                ("Spent", dollars(self.spent)),
                ("Told from", dollars(self.threshold)),
                ("Since", format!("{} 00:00 UTC", self.since)),
                ("When", moment(self.at)),
            ],
            action: Some(("What was used", site.to_owned())),
            ..Letter::default()
        }
    }
}
