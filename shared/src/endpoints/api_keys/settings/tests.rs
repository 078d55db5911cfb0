use serde_json::json;

use super::*;

fn changes(body: &serde_json::Value) -> Result<KeyChanges, String> {
    let changes: KeyChanges = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
    changes.checked().map_err(|error| error.param.unwrap_or_default().into_owned())
}

#[test]
fn what_is_absent_stays_and_null_clears() {
    let told = changes(&json!({"max_requests": null, "ip_allowlist": ["10.1.2.3/8"]})).expect("changes");
    assert_eq!(
        serde_json::to_value(&told).expect("json"),
        json!({"max_requests": null, "ip_allowlist": ["10.0.0.0/8"]})
    );
    assert_eq!(changes(&json!({})), Ok(KeyChanges::default()));
    for never in ["name", "scopes"] {
        assert!(changes(&json!({ never: null })).is_err(), "{never}");
    }
}

#[test]
fn money_goes_to_the_database_in_nano_dollars() {
    let told = changes(&json!({"spend_limit": {"amount": 1.5, "period": "week"}})).expect("changes");
    let limit = json!({"spend_limit": {"amount": 1_500_000_000, "period": "week"}});
    assert_eq!(serde_json::to_value(&told).expect("json"), limit);
}

#[test]
fn a_setting_that_cannot_be_is_named() {
    let many: Vec<String> = (0..=MOST_ENTRIES).map(|i| format!("a{i}.example")).collect();
    for (member, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("name", json!("a\nb")),
        ("name", json!("a\u{85}b")),
        ("scopes", json!([])),
        ("scopes", json!(["inference", "everything"])),
        ("expires_in_days", json!(0)),
        ("rotate_after_days", json!(3651)),
        ("cache_ttl", json!(0)),
        ("cache_ttl", json!(86_401)),
        ("max_requests", json!(0)),
        ("spend_limit", json!({"amount": 0})),
        ("spend_limit", json!({"amount": 1_000_000_001})),
        ("ip_allowlist", json!(["10.0.0.0/8", "here"])),
        ("domain_allowlist", json!(["https://a.example"])),
        ("domain_allowlist", json!(many)),
        ("allowed_models", json!(["openrouter:openai/gpt-4o"])),
    ] {
        assert_eq!(changes(&json!({ member: value })), Err(member.to_owned()), "{value}");
    }
    assert_eq!(changes(&json!({"rate_limits": {"burst": 0}})), Err("burst".to_owned()));
}

#[test]
fn a_repeated_entry_is_kept_once() {
    let told = changes(&json!({"domain_allowlist": ["A.example", "a.EXAMPLE", "b.example"]})).expect("changes");
    assert_eq!(told.domain_allowlist.flatten().expect("hosts"), ["a.example", "b.example"]);
}
