//! How people sign in: Privy's tokens, and codes by e-mail.

use reqwest::Url;

use super::{Missing, Setting, url};

/// Where Privy's keys and users are (docs.privy.io).
const PRIVY: &str = "https://auth.privy.io";
/// Where Resend takes mail (resend.com/docs).
const RESEND: &str = "https://api.resend.com";

/// The Privy app whose tokens are accepted.
#[derive(Clone)]
pub struct PrivySettings {
    /// The app's id: the `aud` of its tokens.
    pub app_id: String,
    /// The app's verification key as PEM; without one its JWKS is asked.
    pub verification_key: Option<String>,
    /// With it, e-mail and wallet of a person who shows no identity token are asked of Privy itself.
    pub app_secret: Option<String>,
    /// Privy's own address, without a slash at its end.
    pub url: String,
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

/// Reads the Privy app.
pub(super) fn privy(get: &impl Fn(&str) -> Option<String>) -> Setting<PrivySettings> {
    let app_id = get("PRIVY_APP_ID").ok_or(Missing {
        variable: "PRIVY_APP_ID",
        problem: "is not set",
        remedy: "copy it from the Privy dashboard, with the app's verification key into PRIVY_VERIFICATION_KEY",
    })?;
    let url = url(
        get("PRIVY_URL").or_else(|| Some(PRIVY.to_owned())),
        Missing { variable: "PRIVY_URL", problem: "is not an http(s) URL", remedy: "leave it out to use Privy's own" },
    )?;
    // Dashboards of environment variables keep a PEM on one line.
    let verification_key = get("PRIVY_VERIFICATION_KEY").map(|pem| pem.replace("\\n", "\n"));
    Ok(PrivySettings { app_id, verification_key, app_secret: get("PRIVY_APP_SECRET"), url })
}

/// Reads how mail is sent.
pub(super) fn mail(get: &impl Fn(&str) -> Option<String>) -> Setting<MailSettings> {
    let key = get("RESEND_API_KEY").ok_or(Missing {
        variable: "RESEND_API_KEY",
        problem: "is not set",
        remedy: "make one at resend.com, and verify the domain of FROM_EMAIL there",
    })?;
    let from = get("FROM_EMAIL").filter(|from| from.contains('@')).ok_or(Missing {
        variable: "FROM_EMAIL",
        problem: "is not set to an address",
        remedy: "write the sender of the gateway's mail, such as `Gateway <no-reply@example.com>`",
    })?;
    let url = get("RESEND_BASE_URL").unwrap_or_else(|| RESEND.to_owned()).parse().map_err(|_| Missing {
        variable: "RESEND_BASE_URL",
        problem: "is not a URL",
        remedy: "leave it out to use Resend's own",
    })?;
    Ok(MailSettings { key, from, url })
}
