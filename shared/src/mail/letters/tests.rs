use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

/// A row of each kind, with the worst that users can choose.
fn rows() -> Vec<(&'static str, Value)> {
    let payment = "01938f6e-0000-7000-8000-000000000000";
    let at = "2026-11-28T12:34:56Z";
    let key = json!({"name": "<script>alert(1)</script> & \"co\"", "prefix": "gw_live_", "last_four": "abcd"});
    let plan = json!({
        "plan": "team", "former_plan": "dev", "months": 12, "period_end": "2027-11-28T12:34:56Z",
        "until": "2026-12-05T12:34:56Z", "at": at});
    let topup = |reason: &str| json!({"reason": reason, "amount": 10, "threshold": 5, "card_last4": "4242", "until": "2026-11-28T18:34:56Z", "at": at});
    let ends = json!({"ends_at": "2026-11-29T12:34:56Z", "balance": 3.5, "requests_left": 900});
    vec![
        (
            "receipt",
            json!({"paid": 27.5, "credits": 25, "bonus": 2.5, "auto": false, "payment_id": payment,
                   "receipt_url": "https://pay.example/r?a=1&b=2", "at": at}),
        ),
        (
            "receipt",
            json!({"paid": 10, "credits": 10, "bonus": 0, "auto": true, "payment_id": payment, "receipt_url": null, "at": at}),
        ),
        ("payment_failed", json!({"amount": 10, "payment_id": payment, "failure_code": "card_declined", "at": at})),
        ("refund", json!({"amount": 10, "payment_id": payment, "at": at})),
        ("dispute", json!({"amount": 0.333_333_333, "payment_id": payment, "at": at})),
        ("low_balance", json!({"balance": 9.99, "threshold": 10, "at": at})),
        ("out_of_credits", json!({"balance": -0.02, "threshold": 10, "at": at})),
        ("credits_expiring", json!({"amount": 4.5, "expires_at": "2026-12-05T12:34:56Z"})),
        ("referral_reward", json!({"amount": 10, "expires_at": "2027-02-26T12:34:56Z"})),
        (
            "usage_report",
            json!({"month": "2026-11", "requests": 1200, "tokens": 345_678, "spent": 1.234_567_891, "balance": -2}),
        ),
        ("trial_ending", ends.clone()),
        ("trial_ended", ends),
        ("plan_started", plan.clone()),
        ("plan_changed", plan.clone()),
        ("plan_payment_failed", plan.clone()),
        ("plan_renewing", json!({"plan": "dev", "price": 290, "period_end": "2026-12-05T12:34:56Z"})),
        ("plan_ending", plan.clone()),
        ("plan_ended", plan),
        ("auto_topup_paused", topup("card_declined")),
        ("auto_topup_off", topup("authentication_required")),
        ("key_created", json!({"count": 1, "keys": [key], "at": at})),
        ("key_rotated", json!({"count": 100, "keys": [key, key], "at": at})),
        ("key_expiring", json!({"key": key, "days": 7, "expires_at": "2026-12-05T12:34:56Z"})),
        ("spend_limit", json!({"key": key, "step": 80, "spent": 8.1, "limit": 10, "period": "month", "at": at})),
        ("spend_limit", json!({"key": key, "step": 100, "spent": 10, "limit": 10, "period": null, "at": at})),
        (
            "end_user_budget",
            json!({"count": 1, "at": at, "users": [{"user": "<b>bob", "step": 80, "spent": 8.1, "budget": 10, "period": "month"}]}),
        ),
        (
            "end_user_budget",
            json!({"count": 9, "at": at, "users": [
                {"user": "eve", "step": 100, "spent": 10, "budget": 10, "period": "total"},
                {"user": null, "step": 80, "spent": 0.8, "budget": 1, "period": "day"}]}),
        ),
        ("spend_alert", json!({"period": "day", "since": "2026-11-28", "spent": 50.25, "threshold": 50, "at": at})),
        (
            "provider_key_refused",
            json!({"provider": "openrouter", "key_id": payment, "name": "Spare", "last_four": "abcd", "at": at}),
        ),
        ("provider_key_refused", json!({"provider": "openrouter", "name": null, "last_four": "abcd", "at": at})),
        ("provider_key_refused", json!({"provider": "openrouter", "at": at})),
        ("new_sign_in", json!({"method": "email", "network": "192.0.2.7", "user_agent": "<img src=x>", "at": at})),
        ("sign_in_code", json!({"code": "012345"})),
        (
            "webhook_disabled",
            json!({"site": "https://hooks.example.com", "reason": "failing", "failing_since": "2026-11-25T12:34:56Z", "at": at}),
        ),
        ("test", json!({"at": at})),
    ]
}

#[test]
fn every_kind_says_what_it_says_and_escapes_what_users_chose() {
    let (mut all, mut seen) = (String::new(), BTreeSet::<&str>::new());
    for (kind, payload) in rows() {
        let mut letter = letter(kind, &payload, "https://site.example").expect(kind);
        let known = KINDS.iter().find(|known| known.name == kind).expect("a kind of the list");
        letter.unsubscribe = known.optional.then(|| "https://gateway.example/u?t=a&b".to_owned());
        let (html, text) = (letter.html("A&B").expect("HTML"), letter.text("A&B").expect("text"));
        let body = html.split("<body>").nth(1).expect("a body");
        assert!(!body.contains("<script") && !body.contains("<img"), "{body}");
        assert!(!letter.subject.contains('<'), "a subject is of our own words only: {}", letter.subject);
        all.push_str(&format!("== {kind}: {}\n{text}\n-- html\n{body}\n", letter.subject));
        seen.insert(kind);
    }
    let known: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(seen, known, "a kind without a sample here");
    insta::assert_snapshot!("letters", all);
}

#[test]
fn dollars_have_two_decimals_or_as_many_as_they_need() {
    let shown: Vec<String> =
        ["12", "0.5", "-3", "0.000000001"].map(|text| dollars(Nanos::from_dollars(text).expect("an amount"))).into();
    assert_eq!(shown, ["$12.00", "$0.50", "-$3.00", "$0.000000001"]);
    assert!(letter("test", &json!({}), "").is_err());
}
