//! What each kind of mail says. Of its row's payload and of nothing else, so that a mail that is sent again is the same to the byte.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;

use super::letter::Letter;
use crate::money::Nanos;

/// What rows of the outbox hold, by their kind.
#[derive(Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
enum Told {
    Receipt { paid: Nanos, credits: Nanos, bonus: Nanos, payment_id: Uuid, receipt_url: Option<String>, at: Timestamp },
    PaymentFailed { amount: Nanos, payment_id: Uuid, failure_code: Option<String>, at: Timestamp },
    Refund { amount: Nanos, payment_id: Uuid, at: Timestamp },
    Dispute { amount: Nanos, payment_id: Uuid, at: Timestamp },
    KeyCreated { name: String, prefix: String, last_four: String, at: Timestamp },
    KeyRotated { name: String, prefix: String, last_four: String, at: Timestamp },
    NewSignIn { method: Option<String>, network: String, user_agent: Option<String>, at: Timestamp },
    ReferralReward { amount: Nanos, expires_at: Timestamp },
    UsageReport { month: String, requests: i64, tokens: i64, spent: Nanos, balance: Nanos },
    SpendAlert { period: String, since: Date, spent: Nanos, threshold: Nanos, at: Timestamp },
    ProviderKeyRefused { provider: String, last_four: String, at: Timestamp },
    WebhookDisabled { site: String, reason: String, failing_since: Option<Timestamp>, at: Timestamp },
    Test { at: Timestamp },
}

/// Dollars with at least two decimals.
fn dollars(amount: Nanos) -> String {
    let plain = amount.to_string();
    let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |plain| ("-", plain));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    format!("{sign}${whole}.{fraction:0<2}")
}

/// A moment in UTC, to the minute.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

const NOT_YOU: &str = "If this was not you, revoke the keys that you do not know and sign in anew.";

/// The mail that a row of the outbox stands for. `site` is where its reader goes.
///
/// # Errors
/// When the row does not hold what its kind needs.
pub fn letter(kind: &str, payload: &serde_json::Value, site: &str) -> Result<Letter, serde_json::Error> {
    let told = serde_json::from_value(serde_json::json!({ "kind": kind, "payload": payload }))?;
    let of_key = |name: String, prefix: String, last_four: String, at: Timestamp| {
        vec![("Name", name), ("Key", format!("{prefix}…{last_four}")), ("When", moment(at))]
    };
    let of_payment = |amount: Nanos, payment: Uuid, at: Timestamp| {
        vec![("Amount", dollars(amount)), ("Payment", payment.to_string()), ("When", moment(at))]
    };
    Ok(match told {
        Told::Receipt { paid, credits, bonus, payment_id, receipt_url, at } => {
            let mut rows = vec![("Paid", dollars(paid)), ("Credit", dollars(credits))];
            if bonus.0 > 0 {
                rows.push(("Bonus", dollars(bonus)));
            }
            rows.extend([("Payment", payment_id.to_string()), ("When", moment(at))]);
            Letter {
                subject: format!("Your receipt for {}", dollars(paid)),
                paragraphs: vec!["Thank you. Your payment has arrived, and its credit is there.".to_owned()],
                rows,
                action: receipt_url.map(|url| ("The receipt", url)),
                ..Letter::default()
            }
        }
        Told::PaymentFailed { amount, payment_id, failure_code, at } => {
            let mut rows = of_payment(amount, payment_id, at);
            rows.extend(failure_code.map(|code| ("Reason", code.replace('_', " "))));
            Letter {
                subject: format!("Your payment of {} was declined", dollars(amount)),
                paragraphs: vec!["Nothing was taken from your card. You can pay by another one.".to_owned()],
                rows,
                action: Some(("Try again", site.to_owned())),
                ..Letter::default()
            }
        }
        Told::Refund { amount, payment_id, at } => Letter {
            subject: format!("We have refunded {}", dollars(amount)),
            paragraphs: vec![
                "The money goes back the way it came, which takes banks a few days. The credit that it had bought is taken back."
                    .to_owned(),
            ],
            rows: of_payment(amount, payment_id, at),
            ..Letter::default()
        },
        Told::Dispute { amount, payment_id, at } => Letter {
            subject: format!("Your bank disputes a payment of {}", dollars(amount)),
            paragraphs: vec![
                "Until this is closed the payment's credit is taken back, and your account can make no payments. If you know \
                 nothing of it, ask your bank."
                    .to_owned(),
            ],
            rows: of_payment(amount, payment_id, at),
            ..Letter::default()
        },
        Told::KeyCreated { name, prefix, last_four, at } => Letter {
            subject: "A new API key was made".to_owned(),
            paragraphs: vec!["Your account has a new API key.".to_owned()],
            rows: of_key(name, prefix, last_four, at),
            note: Some(NOT_YOU),
            ..Letter::default()
        },
        Told::KeyRotated { name, prefix, last_four, at } => Letter {
            subject: "An API key has a new secret".to_owned(),
            paragraphs: vec!["An API key of your account was given a new secret. The former one works until its end.".to_owned()],
            rows: of_key(name, prefix, last_four, at),
            note: Some(NOT_YOU),
            ..Letter::default()
        },
        Told::NewSignIn { method, network, user_agent, at } => {
            let mut rows = vec![("When", moment(at)), ("Network", network)];
            rows.extend(method.map(|method| ("By", method)));
            rows.extend(user_agent.map(|agent| ("Program", agent)));
            Letter {
                subject: "A sign-in from a new place".to_owned(),
                paragraphs: vec!["Somebody signed in to your account from a network that we have not seen lately.".to_owned()],
                rows,
                note: Some(NOT_YOU),
                ..Letter::default()
            }
        }
        Told::ReferralReward { amount, expires_at } => Letter {
            subject: format!("{} for a recommendation", dollars(amount)),
            paragraphs: vec!["Thank you for recommending us, or for following a recommendation. Your reward is there.".to_owned()],
            rows: vec![("Credit", dollars(amount)), ("Until", moment(expires_at))],
            ..Letter::default()
        },
        Told::UsageReport { month, requests, tokens, spent, balance } => Letter {
            subject: format!("Your usage in {month}"),
            rows: vec![
                ("Requests", requests.to_string()),
                ("Tokens", tokens.to_string()),
                ("Spent", dollars(spent)),
                ("Balance", dollars(balance)),
            ],
            action: Some(("All of it", site.to_owned())),
            ..Letter::default()
        },
        Told::SpendAlert { period, since, spent, threshold, at } => {
            let period = if period == "month" { "this month" } else { "today" };
            Letter {
                subject: format!("{} spent {period}", dollars(spent)),
                paragraphs: vec![format!(
                    "Your account has spent as much {period} as you wanted to be told of. Nothing is stopped by that; a key's spend limit would."
                )],
                rows: vec![
                    ("Spent", dollars(spent)),
                    ("Told from", dollars(threshold)),
                    ("Since", format!("{since} 00:00 UTC")),
                    ("When", moment(at)),
                ],
                action: Some(("What was used", site.to_owned())),
                ..Letter::default()
            }
        }
        Told::ProviderKeyRefused { provider, last_four, at } => Letter {
            subject: "Your own key was refused by its provider".to_owned(),
            paragraphs: vec![
                "Calls that go by your own key there fail. Replace the key, or delete it to use ours, which costs credit.".to_owned(),
            ],
            rows: vec![("Provider", provider), ("Key", format!("…{last_four}")), ("When", moment(at))],
            ..Letter::default()
        },
        Told::WebhookDisabled { site, reason, failing_since, at } => {
            let why = match reason.as_str() {
                "gone" => "It answered 410, by which a server says that it wants no more.",
                _ => "It has taken nothing for three days.",
            };
            let mut rows = vec![("At", site)];
            rows.extend(failing_since.map(|since| ("Failing since", moment(since))));
            rows.push(("Switched off", moment(at)));
            Letter {
                subject: "A webhook was switched off".to_owned(),
                paragraphs: vec![
                    format!("One of your webhooks is told nothing any more. {why}"),
                    "Its deliveries say what was wrong. Once it is mended switch it on again, and replay what it has missed."
                        .to_owned(),
                ],
                rows,
                ..Letter::default()
            }
        }
        Told::Test { at } => Letter {
            subject: "A test".to_owned(),
            paragraphs: vec!["This is the mail that you asked for: mail reaches you.".to_owned()],
            rows: vec![("When", moment(at))],
            ..Letter::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A row of each kind, with the worst that users can choose.
    const ROWS: [(&str, &str); 13] = [
        (
            "receipt",
            r#"{"paid": 27.5, "credits": 25, "bonus": 2.5, "payment_id": "01938f6e-0000-7000-8000-000000000000", "receipt_url": "https://pay.example/r?a=1&b=2", "at": "2026-11-28T12:34:56Z"}"#,
        ),
        (
            "payment_failed",
            r#"{"amount": 10, "payment_id": "01938f6e-0000-7000-8000-000000000000", "failure_code": "card_declined", "at": "2026-11-28T12:34:56Z"}"#,
        ),
        (
            "refund",
            r#"{"amount": 10, "payment_id": "01938f6e-0000-7000-8000-000000000000", "at": "2026-11-28T12:34:56Z"}"#,
        ),
        (
            "dispute",
            r#"{"amount": 0.333333333, "payment_id": "01938f6e-0000-7000-8000-000000000000", "at": "2026-11-28T12:34:56Z"}"#,
        ),
        (
            "key_created",
            r#"{"name": "<script>alert(1)</script> & \"co\"", "prefix": "gw_live_", "last_four": "abcd", "at": "2026-11-28T12:34:56Z"}"#,
        ),
        ("key_rotated", r#"{"name": "CI", "prefix": "gw_live_", "last_four": "abcd", "at": "2026-11-28T12:34:56Z"}"#),
        (
            "new_sign_in",
            r#"{"method": "email", "network": "192.0.2.7", "user_agent": "<img src=x>", "at": "2026-11-28T12:34:56Z"}"#,
        ),
        ("referral_reward", r#"{"amount": 10, "expires_at": "2027-02-26T12:34:56Z"}"#),
        (
            "usage_report",
            r#"{"month": "2026-11", "requests": 1200, "tokens": 345678, "spent": 1.234567891, "balance": -2}"#,
        ),
        (
            "spend_alert",
            r#"{"period": "day", "since": "2026-11-28", "spent": 50.25, "threshold": 50, "at": "2026-11-28T12:34:56Z"}"#,
        ),
        ("provider_key_refused", r#"{"provider": "openrouter", "last_four": "<b>x", "at": "2026-11-28T12:34:56Z"}"#),
        (
            "webhook_disabled",
            r#"{"site": "https://hooks.example.com", "reason": "failing", "failing_since": "2026-11-25T12:34:56Z", "at": "2026-11-28T12:34:56Z"}"#,
        ),
        ("test", r#"{"at": "2026-11-28T12:34:56Z"}"#),
    ];

    #[test]
    fn every_kind_says_what_it_says_and_escapes_what_users_chose() {
        let mut all = String::new();
        for (kind, payload) in ROWS {
            let payload = serde_json::from_str(payload).expect("JSON");
            let mut letter = letter(kind, &payload, "https://site.example").expect(kind);
            letter.unsubscribe = (kind == "usage_report").then(|| "https://gateway.example/u?t=a&b".to_owned());
            let (html, text) = (letter.html("A&B").expect("HTML"), letter.text("A&B").expect("text"));
            let body = html.split("<body>").nth(1).expect("a body");
            assert!(!body.contains("<script") && !body.contains("<img"), "{body}");
            all.push_str(&format!("== {kind}: {}\n{text}\n-- html\n{body}\n", letter.subject));
        }
        insta::assert_snapshot!("letters", all);
    }

    #[test]
    fn dollars_have_two_decimals_or_as_many_as_they_need() {
        let shown: Vec<String> = ["12", "0.5", "-3", "0.000000001"]
            .map(|text| dollars(Nanos::from_dollars(text).expect("an amount")))
            .into();
        assert_eq!(shown, ["$12.00", "$0.50", "-$3.00", "$0.000000001"]);
        assert!(letter("test", &json!({}), "").is_err());
    }
}
