//! Mail about trials, plans and auto top-up.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Says, dollars, moment};
use crate::mail::letter::Letter;
use crate::money::Nanos;

#[derive(Deserialize)]
pub(super) struct TrialEnding {
    ends_at: Timestamp,
    balance: Nanos,
    requests_left: i64,
}

impl Says for TrialEnding {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: "Your trial ends in a day".to_owned(),
            paragraphs: vec![
                "What is left of its credit lapses then. With credit of your own, or a plan, your keys go on working."
                    .to_owned(),
            ],
            rows: vec![
                ("Until", moment(self.ends_at)),
                ("Balance", dollars(self.balance)),
                ("Requests left", self.requests_left.to_string()),
            ],
            action: Some(("Go on", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct TrialEnded {
    ends_at: Timestamp,
}

impl Says for TrialEnded {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: "Your trial has ended".to_owned(),
            paragraphs: vec![
                "Your account and your keys stay. With credit of your own, or a plan, calls work again at once."
                    .to_owned(),
            ],
            rows: vec![("Ended", moment(self.ends_at))],
            action: Some(("Go on", site.to_owned())),
            ..Letter::default()
        }
    }
}

/// What is told of a subscription.
#[derive(Deserialize)]
struct Plan {
    plan: String,
    former_plan: Option<String>,
    months: Option<u32>,
    period_end: Timestamp,
    until: Option<Timestamp>,
    at: Timestamp,
}

impl Plan {
    fn named(&self) -> Vec<(&'static str, String)> {
        let every = match self.months {
            Some(1) => ", by the month",
            Some(12) => ", by the year",
            _ => "",
        };
        vec![("Plan", format!("{}{every}", self.plan))]
    }

    /// The plan, what comes in between, and until when it gives what it gives.
    fn rows(&self, until: &'static str, end: Timestamp) -> Vec<(&'static str, String)> {
        let mut rows = self.named();
        rows.push((until, moment(end)));
        rows
    }
}

#[derive(Deserialize)]
pub(super) struct PlanStarted(Plan);

impl Says for PlanStarted {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: "Your plan has begun".to_owned(),
            paragraphs: vec![
                "Its limits hold from now on. Its credit comes with each payment, month by month.".to_owned(),
            ],
            rows: self.0.rows("Renews", self.0.period_end),
            action: Some(("Your plan", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PlanChanged(Plan);

impl Says for PlanChanged {
    fn says(self, site: &str) -> Letter {
        let mut rows = self.0.rows("Renews", self.0.period_end);
        rows.extend(self.0.former_plan.map(|plan| ("Before", plan)));
        Letter {
            subject: "Your plan has changed".to_owned(),
            paragraphs: vec![
                "The limits of the new one hold from now on. Credit that was paid for before stays until its own end."
                    .to_owned(),
            ],
            rows,
            action: Some(("Your plan", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PlanPaymentFailed(Plan);

impl Says for PlanPaymentFailed {
    fn says(self, site: &str) -> Letter {
        let mut rows = self.0.named();
        rows.extend(self.0.until.map(|until| ("Limits until", moment(until))));
        rows.push(("When", moment(self.0.at)));
        Letter {
            subject: "The payment of your plan was declined".to_owned(),
            paragraphs: vec![
                "There is no new credit of it until it is paid. It will be tried again; you can also leave another card.".to_owned(),
            ],
            rows,
            action: Some(("Your plan", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PlanRenewing {
    plan: String,
    price: Option<Nanos>,
    period_end: Timestamp,
}

impl Says for PlanRenewing {
    fn says(self, site: &str) -> Letter {
        let mut rows = vec![("Plan", self.plan)];
        rows.extend(self.price.map(|price| ("Price", dollars(price))));
        rows.push(("Renews", moment(self.period_end)));
        Letter {
            subject: "Your plan renews in a week".to_owned(),
            paragraphs: vec![
                "It goes on for another year then, and your card is charged. If you do not want that, cancel it before.".to_owned(),
            ],
            rows,
            action: Some(("Your plan", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PlanEnding(Plan);

impl Says for PlanEnding {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: "Your plan is cancelled".to_owned(),
            paragraphs: vec!["It stays until the end of what was paid for, and is not charged again.".to_owned()],
            rows: self.0.rows("Until", self.0.until.unwrap_or(self.0.period_end)),
            action: Some(("Your plan", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PlanEnded(Plan);

impl Says for PlanEnded {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: "Your plan has ended".to_owned(),
            paragraphs: vec![
                "Your account and your keys stay, and so does credit that you have bought. The limits are those without a plan."
                    .to_owned(),
            ],
            rows: self.0.rows("Ended", self.0.until.unwrap_or(self.0.at)),
            action: Some(("Plans", site.to_owned())),
            ..Letter::default()
        }
    }
}

/// What is told of auto top-up.
#[derive(Deserialize)]
struct AutoTopup {
    reason: Option<String>,
    amount: Nanos,
    threshold: Nanos,
    card_last4: Option<String>,
    until: Option<Timestamp>,
    at: Timestamp,
}

impl AutoTopup {
    fn rows(self) -> Vec<(&'static str, String)> {
        let mut rows = vec![("Amount", dollars(self.amount)), ("Below", dollars(self.threshold))];
        rows.extend(self.card_last4.map(|digits| ("Card", format!("…{digits}"))));
        rows.extend(self.until.map(|until| ("Tried again", moment(until))));
        rows.push(("When", moment(self.at)));
        rows
    }

    /// Why it is as it is, and what can be done.
    fn why(&self) -> &'static str {
        match self.reason.as_deref() {
            Some("authentication_required") => {
                "Your bank wants you to confirm each payment, which cannot be done while you are away. Buy credit by hand, or leave \
                 another card."
            }
            Some("card_removed") => "Its card is not there any more. Leave another one to turn it on again.",
            Some("disputed") => "Your bank disputes a payment of this account.",
            Some("card_declined" | "declined_repeatedly") => "Your card was declined. Nothing was taken from it.",
            _ => "The payment could not be made. Nothing was taken from your card.",
        }
    }
}

#[derive(Deserialize)]
pub(super) struct AutoTopupPaused(AutoTopup);

impl Says for AutoTopupPaused {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: "Auto top-up pauses".to_owned(),
            paragraphs: vec![
                self.0.why().to_owned(),
                "It is tried again later. Until then your balance is not topped up.".to_owned(),
            ],
            rows: self.0.rows(),
            action: Some(("Add credit", site.to_owned())),
            ..Letter::default()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct AutoTopupOff(AutoTopup);

impl Says for AutoTopupOff {
    fn says(self, site: &str) -> Letter {
        Letter {
            subject: "Auto top-up is off".to_owned(),
            paragraphs: vec![self.0.why().to_owned(), "It stays off until you turn it on again.".to_owned()],
            rows: self.0.rows(),
            action: Some(("Add credit", site.to_owned())),
            ..Letter::default()
        }
    }
}
