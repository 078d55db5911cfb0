//! What a model has thought, in the form in which its provider takes it back: kept by the client, in `encrypted_content`
//! of a reasoning item. It is as its provider signed it; a client that changes it is refused there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What ours begin with: what another service has sealed is nobody's here.
const OURS: &str = "gw1.";

/// Thoughts, as a chat's `reasoning_details`, for the client to keep.
#[must_use]
pub fn seal(details: &[Value]) -> String {
    format!("{OURS}{}", STANDARD.encode(Value::from(details).to_string()))
}

/// The thoughts that a client has kept; none where they are not ours.
#[must_use]
pub fn open(sealed: &str) -> Vec<Value> {
    let opened = || serde_json::from_slice(&STANDARD.decode(sealed.strip_prefix(OURS)?).ok()?).ok();
    opened().unwrap_or_default()
}

/// Whether an `encrypted_content`, as JSON, is ours.
#[must_use]
pub fn is_ours(json: Option<&str>) -> bool {
    json.is_some_and(|json| json.trim_start_matches('"').starts_with(OURS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_client_keeps_comes_back_and_what_is_foreign_is_nothing() {
        let details = vec![json!({"type": "reasoning.text", "text": "hm", "signature": "s"})];
        let sealed = seal(&details);
        assert_eq!(open(&sealed), details);
        assert!(is_ours(Some(&json!(sealed).to_string())) && !is_ours(Some("\"gAAAA\"")) && !is_ours(None));
        for foreign in ["", "gAAAA", "gw1.", "gw1.!!", "gw1.e30="] {
            assert_eq!(open(foreign), Vec::<Value>::new(), "{foreign}");
        }
    }
}
