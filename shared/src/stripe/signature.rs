//! `Stripe-Signature`: `t=<unix seconds>,v1=<hex>[,v1=<hex>]…`, an HMAC-SHA256 of `{t}.{body}` under the whole secret `whsec_…`
//! (<https://docs.stripe.com/webhooks#verify-manually>). There are two while a secret is being replaced.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How far a signature's time may be from ours, in seconds: an old delivery cannot be sent again by whoever has read it.
const TOLERANCE: i64 = 300;

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// There is no signature, or none that can be read.
    #[error("there is no readable signature")]
    Missing,
    /// None of the signatures is of this body under any of the secrets.
    #[error("no signature fits the body")]
    Forged,
    /// It was signed too long ago, or will be.
    #[error("the signature's time is {0} seconds from ours")]
    Old(i64),
}

/// Checks that one of the signatures is of `body` under one of `secrets`.
///
/// # Errors
/// Why not.
pub fn verify(header: &str, body: &[u8], secrets: &[String], now: i64) -> Result<(), Unsigned> {
    let mut at = None;
    let mut signatures = Vec::new();
    for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name {
            "t" => at = Some(value.parse::<i64>().map_err(|_| Unsigned::Missing)?),
            "v1" => signatures.extend(hex::decode(value)),
            _ => {}
        }
    }
    let at = at.filter(|_| !signatures.is_empty()).ok_or(Unsigned::Missing)?;
    let fits = |secret: &String| {
        // A key of any length makes an HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(at.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        // In constant time.
        signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    };
    if !secrets.iter().any(|secret| !secret.is_empty() && fits(secret)) {
        return Err(Unsigned::Forged);
    }
    let off = now.saturating_sub(at);
    if off.saturating_abs() > TOLERANCE {
        return Err(Unsigned::Old(off));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const AT: i64 = 1_700_000_000;
    /// Made by stripe-node 23.1 with `Stripe.webhooks.generateTestHeaderString`.
    const SIGNED: &str = "86d9cb9088d7cce050b0134e2d515d0fc05e8c00073612d3451480c6291f4dcd";

    fn secrets(secrets: &[&str]) -> Vec<String> {
        secrets.iter().map(|secret| (*secret).to_owned()).collect()
    }

    #[test]
    fn what_stripes_own_library_signs_is_believed() {
        let header = format!("t={AT},v1={SIGNED}");
        assert_eq!(verify(&header, BODY, &secrets(&["whsec_1"]), AT), Ok(()));
        assert_eq!(verify(&header, BODY, &secrets(&["whsec_2", "whsec_1"]), AT + 300), Ok(()));
        let several = format!("t={AT},v0=aa,v1={},v1={SIGNED}", "0".repeat(64));
        assert_eq!(verify(&several, BODY, &secrets(&["whsec_1"]), AT - 300), Ok(()));
    }

    #[test]
    fn what_is_signed_with_nothing_is_forged_even_where_a_secret_is_empty() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").expect("a key of any length");
        mac.update(format!("{AT}.{{}}").as_bytes());
        let header = format!("t={AT},v1={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(verify(&header, b"{}", &secrets(&["", "whsec_1"]), AT), Err(Unsigned::Forged));
    }

    #[test]
    fn nothing_else_is() {
        let good = format!("t={AT},v1={SIGNED}");
        let one = secrets(&["whsec_1"]);
        assert_eq!(verify(&good, BODY, &secrets(&["whsec_2"]), AT), Err(Unsigned::Forged));
        assert_eq!(verify(&good, BODY, &secrets(&[""]), AT), Err(Unsigned::Forged));
        assert_eq!(verify(&good, BODY, &[], AT), Err(Unsigned::Forged));
        assert_eq!(verify(&good, br#"{"id":"evt_2"}"#, &one, AT), Err(Unsigned::Forged));
        assert_eq!(verify(&good, BODY, &one, AT + 301), Err(Unsigned::Old(301)));
        assert_eq!(verify(&good, BODY, &one, AT - 301), Err(Unsigned::Old(-301)));
        for (header, why) in [
            (format!("t={},v1={SIGNED}", AT + 1), Unsigned::Forged),
            (format!("t={AT},v1={}", &SIGNED[2..]), Unsigned::Forged),
            (format!("t={AT},v0={SIGNED}"), Unsigned::Missing),
            (format!("v1={SIGNED}"), Unsigned::Missing),
            (format!("t=soon,v1={SIGNED}"), Unsigned::Missing),
            (String::new(), Unsigned::Missing),
        ] {
            assert_eq!(verify(&header, BODY, &one, AT), Err(why), "{header}");
        }
    }
}
