//! What an operator is told of, in words. docs/operations.md explains each by its name.

use serde_json::Value;

/// A cause of alerts.
#[derive(Debug)]
pub struct Cause {
    /// Its name.
    pub name: &'static str,
    /// What is wrong, as a subject. What it is about comes behind it.
    pub what: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

const fn cause(name: &'static str, what: &'static str, remedy: &'static str) -> Cause {
    Cause { name, what, remedy }
}

/// Every cause.
pub const CAUSES: &[Cause] = &[
    cause(
        "ledger_problem",
        "The ledger does not balance",
        "GET /admin/ledger/check tells what differs in which account. Nothing mends it by itself: find out why before you book anything.",
    ),
    cause(
        "ledger_check_failed",
        "The ledger cannot be checked",
        "GET /admin/ledger/check, and the log of the database: the check takes longer than the database allows, or fails.",
    ),
    cause(
        "payment_mismatch",
        "A payment is not what was asked for",
        "The log's line `a payment needs a look` says which and why; no credit was given. Refund it at the Dashboard, or credit it by /admin/add_credits.",
    ),
    cause(
        "payment_unmatched",
        "Stripe tells of payments that nobody here knows",
        "Look for object_id of gateway.stripe_events with the outcome `unmatched` at the Dashboard: another deployment's, or older than this database.",
    ),
    cause(
        "dispute",
        "A payment is disputed",
        "Answer it at the Dashboard before its day. The credit is taken back and the account can make no payments until it is closed.",
    ),
    cause(
        "payments_untold",
        "Stripe's webhook does not arrive",
        "Credit comes late, by the cron job alone. Look at the endpoint's deliveries at the Dashboard; `cargo run -- stripe setup` makes it anew.",
    ),
    cause(
        "provider_account",
        "A provider refuses our account, or its credit is used up",
        "The provider's dashboard: its key, its credit. Others are asked in its place until it answers again.",
    ),
    cause(
        "error_rate",
        "Calls fail",
        "A quarter of the last quarter of an hour's calls: GET /admin/monitor tells by provider and kind of error what fails.",
    ),
    cause(
        "outbox_waits",
        "Settlements wait to be booked",
        "The database was away, or refuses them: the log's lines about the outbox. They are booked by the cron job sweep-holds; nothing is lost while Redis keeps them.",
    ),
    cause(
        "redis_unavailable",
        "Redis cannot be used",
        "Each instance limits calls by itself, and the outbox and the breakers are out of reach. Upstash's status; its URL and token.",
    ),
    cause(
        "budget",
        "A promotion has used four fifths of its budget",
        "PUT /admin/promotions/{id} raises or ends it. At its end its coupons give nothing any more.",
    ),
    cause(
        "mail_waits",
        "Mail is not sent",
        "GET /admin/notifications/stats, and Resend's status; the cron job notifications.",
    ),
    cause(
        "mail_returned",
        "Much mail is returned",
        "More than four of a hundred addresses bounce or complain, for which mail services block a sender. Look at what was sent at Resend, and for sign-ups that are none.",
    ),
];

/// A cause by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.name == name)
}

/// What an alert is about: the cause, and behind it the subject, if it has one.
#[must_use]
pub fn title(cause: &Cause, subject: &str) -> String {
    if subject.is_empty() { cause.what.to_owned() } else { format!("{}: {subject}", cause.what) }
}

/// The details of an alert as names and values.
#[must_use]
pub fn rows(details: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let members = details.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    members.map(|(name, value)| (name.replace('_', " "), word(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_explained_to_the_operator() {
        let manual = include_str!("../../../docs/operations.md");
        for cause in CAUSES {
            assert!(
                manual.contains(&format!("| `{}` |", cause.name)),
                "docs/operations.md says nothing of {}",
                cause.name
            );
        }
    }
}
