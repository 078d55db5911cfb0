//! How people sign in: Privy's tokens, and codes by e-mail.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::DecodingKey;
use reqwest::Url;

use super::read::Reader;
use super::{Misconfigured, Setting, variables};

/// The Privy app whose tokens are accepted.
#[derive(Clone)]
pub struct PrivySettings {
    /// The app's id: the `aud` of its tokens.
    pub app_id: String,
    /// The app's verification key; without one its JWKS is asked.
    pub verification_key: Option<DecodingKey>,
    /// With it, e-mail and wallet of a person who shows no identity token are asked of Privy itself.
    pub app_secret: Option<String>,
    /// Privy's own address, without a slash at its end.
    pub url: String,
    /// Its origin, as the policy of the page that asks it names it.
    pub origin: String,
}

/// How mail is sent.
#[derive(Clone)]
pub struct MailSettings {
    /// Resend's API key.
    pub key: String,
    /// The sender: `a@example.com` or `Name <a@example.com>`.
    pub from: String,
    /// Resend's address.
    pub url: Url,
}

/// Reads the Privy app (docs.privy.io).
pub(super) fn privy<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<PrivySettings> {
    let app_id = reader.text(&variables::PRIVY_APP_ID).ok_or(Misconfigured::missing(
        variables::PRIVY_APP_ID,
        "is not set",
        "copy it from the Privy dashboard, with the app's verification key into PRIVY_VERIFICATION_KEY",
    ))?;
    let url = reader.url(&variables::PRIVY_URL)?;
    let origin = origin(&url)?;
    // Dashboards of environment variables keep a PEM on one line.
    let pem = reader.text(&variables::PRIVY_VERIFICATION_KEY);
    let verification_key = pem.map(|pem| p256(&pem.replace("\\n", "\n"))).transpose()?;
    Ok(PrivySettings { app_id, verification_key, app_secret: reader.text(&variables::PRIVY_APP_SECRET), url, origin })
}

/// The origin of Privy's address. A URL's host may hold what ends a directive of a policy, which no real one does.
fn origin(url: &str) -> Setting<String> {
    let origin = Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let is_plain = origin.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-_[]".contains(&byte));
    if is_plain && !origin.is_empty() {
        return Ok(origin);
    }
    let remedy = "write https:// and the name of a host";
    Err(Misconfigured::malformed(variables::PRIVY_URL.name, "has a host that a page's policy cannot name", remedy))
}

/// Reads a public key of the curve P-256 (RFC 5480), the only one that ES256 knows.
fn p256(pem: &str) -> Setting<DecodingKey> {
    /// What comes before the point: the algorithm, the curve, and how long the rest is.
    const HEAD: &[u8] =
        b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
    let body = || {
        let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----")?;
        let (base64, _) = rest.split_once("-----END PUBLIC KEY-----")?;
        STANDARD.decode(base64.split_whitespace().collect::<String>()).ok()
    };
    let key = body().and_then(|der| {
        let point = der.strip_prefix(HEAD).filter(|point| point.len() == 65)?;
        Some(DecodingKey::from_ec_der(point))
    });
    key.ok_or_else(|| {
        Misconfigured::malformed(
            variables::PRIVY_VERIFICATION_KEY.name,
            "is not a P-256 public key as PEM",
            "copy it whole from the Privy dashboard, or leave it out to use the app's JWKS",
        )
    })
}

/// Reads how mail is sent (resend.com/docs).
pub(super) fn mail<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<MailSettings> {
    let key = reader.text(&variables::RESEND_API_KEY).ok_or(Misconfigured::missing(
        variables::RESEND_API_KEY,
        "is not set",
        "make one at resend.com, and verify the domain of FROM_EMAIL there",
    ))?;
    let sender = "write the sender of the gateway's mail, such as `Gateway <no-reply@example.com>`";
    let from = reader.text(&variables::FROM_EMAIL);
    let from = from.ok_or(Misconfigured::missing(variables::FROM_EMAIL, "is not set", sender))?;
    if !from.contains('@') {
        return Err(Misconfigured::malformed(variables::FROM_EMAIL.name, "is not an address", sender));
    }
    let address = variables::RESEND_BASE_URL;
    let url = reader.url(&address)?.parse().map_err(|_| Misconfigured::unusable(address))?;
    Ok(MailSettings { key, from, url })
}

/// Reads the secret that Resend's events are signed with. Under an empty one anybody could sign.
pub(super) fn resend_webhook<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<String> {
    let remedy = "copy the signing secret, whsec_…, of the webhook endpoint at resend.com";
    let name = variables::RESEND_WEBHOOK_SECRET;
    let secret = reader.text(&name).ok_or(Misconfigured::missing(name, "is not set", remedy))?;
    let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
    if key.is_none_or(|key| key.is_empty()) {
        return Err(Misconfigured::malformed(name.name, "is no signing secret of Resend", remedy));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of P-256 as `openssl ec -pubout` writes it.
    const PEM: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpoJxifqY01hEtWV1YNahaL2XgPuB
S8cbjP3DXLuLJflDbl7SfXkIXgjko2JzFptT9EXilv63lpbdvXd9g44kUg==
-----END PUBLIC KEY-----";

    fn reader<'a>(variables: &'a [(&str, &str)]) -> Reader<impl Fn(&str) -> Option<String> + 'a> {
        Reader::new(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_verification_key_is_one_of_p256_on_one_line_or_on_many() {
        let one_line = PEM.replace('\n', "\\n");
        for pem in [PEM, &one_line] {
            let settings = privy(&reader(&[("PRIVY_APP_ID", "a"), ("PRIVY_VERIFICATION_KEY", pem)]));
            assert!(settings.is_ok_and(|settings| settings.verification_key.is_some()), "{pem}");
        }
        let of_another_curve = PEM.replace("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQgD");
        for pem in ["x", &PEM[..100], &PEM.replace("PUBLIC", "PRIVATE"), &of_another_curve] {
            let settings = privy(&reader(&[("PRIVY_APP_ID", "a"), ("PRIVY_VERIFICATION_KEY", pem)]));
            let missing = settings.err().map(|missing| missing.to_string()).unwrap_or_default();
            assert!(missing.starts_with("PRIVY_VERIFICATION_KEY is not a P-256"), "{pem}: {missing}");
        }
    }

    #[test]
    fn the_policy_of_a_page_can_name_the_host() {
        let origin = |url: &str| privy(&reader(&[("PRIVY_APP_ID", "a"), ("PRIVY_URL", url)])).map(|it| it.origin);
        assert_eq!(origin("https://privy.example.com/base/"), Ok("https://privy.example.com".to_owned()));
        assert_eq!(origin("http://127.0.0.1:8080"), Ok("http://127.0.0.1:8080".to_owned()));
        for host in ["https://a;script-src", "https://a,b", "https://a'b", "https://*"] {
            let missing = origin(host).err().map(|missing| missing.to_string()).unwrap_or_default();
            assert!(missing.starts_with("PRIVY_URL "), "{host}: {missing}");
        }
    }

    #[test]
    fn what_would_break_the_mail_is_found_before_any_is_sent() {
        let good = [("RESEND_API_KEY", "re_x"), ("FROM_EMAIL", "Us <us@example.com>")];
        assert_eq!(
            mail(&reader(&good)).map(|settings| settings.url.to_string()),
            Ok("https://api.resend.com/".to_owned())
        );
        for (variable, value) in [("FROM_EMAIL", "x"), ("RESEND_BASE_URL", "x")] {
            let missing = mail(&reader(&[&[(variable, value)], &good[..]].concat())).err().map(|m| m.to_string());
            assert!(missing.is_some_and(|missing| missing.starts_with(variable)), "{variable}");
        }
    }
}
