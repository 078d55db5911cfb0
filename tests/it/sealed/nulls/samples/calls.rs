//! Calls, and what the gateway notes of them.

use serde_json::json;
use uuid::Uuid;

use super::super::Scene;
use super::{Sample, page, sample};

impl Scene {
    pub(super) fn of_calls(&self) -> Vec<Sample> {
        let user = self.caller(&self.user);
        let call = json!({"call_id": Uuid::now_v7(), "model": tests::world::MODEL, "providers": ["openrouter"],
            "allowed": ["openrouter"], "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1,
            "output_limit": 100, "hold_seconds": 60, "markup": 10_000});
        let below = |names: [&'static str; 5]| names.into_iter().map(|name| (name, json!(-1)));
        vec![
            Sample {
                wrong: below(["call.prompt_bound", "call.images", "call.choices", "call.markup", "call.output_limit"])
                    .chain([
                        ("call.choices", json!(0)),
                        ("call.hold_seconds", json!(0)),
                        ("call.modalities", json!("text")),
                    ])
                    .collect(),
                ..sample("begin_request", json!({"caller": user, "call": call}), &["call.output_limit", "call.tools"])
            },
            Sample {
                wrong: vec![("outcome", json!("free"))],
                ..sample(
                    "finish_request",
                    json!({"call_id": Uuid::now_v7(), "outcome": "completed", "provider": "openrouter"}),
                    &["provider"],
                )
            },
            sample("record_refusal", json!({"caller": user, "code": "ip_not_allowed"}), &[]),
            sample("check_caller", json!({"caller": user, "scope": "inference"}), &[]),
            sample("sweep_holds", json!({"after": null}), &["after"]),
            sample("roll_up_usage", json!({"after": null, "kept_days": null}), &["after", "kept_days"]),
            sample(
                "note_refusals",
                json!({"refused": {"insufficient_credits": 2}}),
                &["refused", "refused.insufficient_credits"],
            ),
            sample(
                "health",
                json!({"peppers": {"1": "fingerprint"}, "deployment": {"environment": "production", "address": "hash"}}),
                &["peppers", "peppers.1", "deployment", "deployment.environment", "deployment.address"],
            ),
            sample("list_models", json!({"query": page(json!({})), "known": null}), &["known"]),
            sample("list_developer_models", json!({"query": page(json!({"developer": "test"}))}), &[]),
            sample("get_model", json!({"model_id": tests::world::MODEL}), &[]),
        ]
    }
}
