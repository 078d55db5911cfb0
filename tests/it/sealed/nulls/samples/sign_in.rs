//! Signing in.

use serde_json::json;

use super::super::Scene;
use super::{Sample, sample, stored};

impl Scene {
    pub(super) fn of_sign_in(&self) -> Vec<Sample> {
        vec![
            Sample {
                wrong: vec![
                    ("request.proofs", json!([])),
                    ("request.proofs", json!([{"kind": "privy"}])),
                    ("request.proofs", json!([{"kind": null, "value": "did:privy:1"}])),
                ],
                ..sample(
                    "sign_in_with_privy",
                    json!({"caller": {"ip": "192.0.2.1"}, "key": stored("privy"), "request": {
                        "proofs": [{"kind": "privy", "value": "did:privy:1"}], "referral_code": null, "issue_key": true}}),
                    &["request.referral_code", "caller.ip", "key.name"],
                )
            },
            sample(
                "record_failed_sign_in",
                json!({"caller": {"ip": "192.0.2.1"}, "method": "privy", "reason": "token_expired"}),
                &["caller.ip"],
            ),
            sample(
                "request_code",
                json!({"caller": {"ip": "192.0.2.1"},
                       "request": {"email": "ann@test.example", "code_hash": "hash", "referral_code": null,
                                   "payload": {"nonce": "nonce"}}}),
                &["request.referral_code", "caller.ip"],
            ),
            sample(
                "verify_code",
                json!({"caller": {"ip": "192.0.2.1"}, "key": stored("verified"),
                       "request": {"email": "ben@test.example", "code_hashes": ["hash"]}}),
                &["caller.ip", "key.name"],
            ),
        ]
    }
}
