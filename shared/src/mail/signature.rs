//! What Resend tells is signed by Svix: `svix-id`, `svix-timestamp` and `svix-signature` (`v1,<base64>`, several with spaces), an
//! HMAC-SHA256 of `id.timestamp.body` under what stands in base64 behind `whsec_`
//! (<https://docs.svix.com/receiving/verifying-payloads/how-manual>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::Sha256;

/// How far a signature's time may be from ours, in seconds.
const TOLERANCE: i64 = 300;

/// The id of an event that is signed under `secret`; nothing of any other.
#[must_use]
pub fn verified<'a>(headers: &'a HeaderMap, body: &[u8], secret: &str, now: i64) -> Option<&'a str> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let (id, at, signatures) = (text("svix-id")?, text("svix-timestamp")?, text("svix-signature")?);
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok().filter(|key| !key.is_empty())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(body);
    let fits = |signature: &str| {
        let signature = signature.strip_prefix("v1,").and_then(|signature| STANDARD.decode(signature).ok());
        signature.is_some_and(|signature| mac.clone().verify_slice(&signature).is_ok())
    };
    let off = now.saturating_sub(at.parse().ok()?);
    (!id.is_empty() && off.saturating_abs() <= TOLERANCE && signatures.split(' ').any(fits)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_svix_shows_is_verified_and_nothing_else_is() {
        // The example of Svix's documentation.
        let secret = "whsec_plJ3nmyCDGBKInavdOK15jsl";
        let body = br#"{"event_type":"ping","data":{"success":true}}"#;
        let headers = |signature: &str| {
            let pairs =
                [("svix-id", "msg_loFOjxBNrRLzqYUf"), ("svix-timestamp", "1731705121"), ("svix-signature", signature)];
            pairs.iter().map(|(n, v)| (n.parse().expect("a name"), v.parse().expect("a value"))).collect::<HeaderMap>()
        };
        let good = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=";
        let now = 1_731_705_121;
        assert_eq!(verified(&headers(good), body, secret, now), Some("msg_loFOjxBNrRLzqYUf"));
        assert_eq!(
            verified(&headers(&format!("v1,AAAA {good}")), body, secret, now + 300),
            Some("msg_loFOjxBNrRLzqYUf")
        );
        for (signature, body, secret, now) in [
            (good, &b"{}"[..], secret, now),
            (good, body, "whsec_AAAA", now),
            (good, body, "whsec_", now),
            (good, body, "", now),
            (good, body, secret, now + 301),
            (good, body, secret, now - 301),
            ("v1,AAAA", body, secret, now),
            ("", body, secret, now),
        ] {
            assert_eq!(verified(&headers(signature), body, secret, now), None, "{signature} {now}");
        }
    }

    #[test]
    fn what_is_signed_with_no_secret_or_has_no_id_is_not_verified() {
        let secret = "whsec_plJ3nmyCDGBKInavdOK15jsl";
        for (id, key, shown) in [("msg_1", secret, true), ("", secret, false), ("msg_1", "whsec_", false)] {
            let decoded = STANDARD.decode(key.trim_start_matches("whsec_")).expect("base64");
            let mut mac = Hmac::<Sha256>::new_from_slice(&decoded).expect("a key of any length");
            mac.update(format!("{id}.1731705121.{{}}").as_bytes());
            let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
            let pairs = [("svix-id", id), ("svix-timestamp", "1731705121"), ("svix-signature", signature.as_str())];
            let headers: HeaderMap =
                pairs.iter().map(|(n, v)| (n.parse().expect("a name"), v.parse().expect("a value"))).collect();
            assert_eq!(verified(&headers, b"{}", key, 1_731_705_121).is_some(), shown, "{id} {key}");
        }
    }
}
