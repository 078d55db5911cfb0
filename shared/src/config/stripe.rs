//! Stripe: the account that payments go to.

use super::read::Reader;
use super::{Environment, Misconfigured, Setting, variables};

/// The account at Stripe.
#[derive(Clone)]
pub struct StripeSettings {
    /// A secret key, `sk_…`, or a restricted one, `rk_…`.
    pub key: String,
    /// Whether it moves real money.
    pub livemode: bool,
    /// Stripe's address, without `/v1`.
    pub url: String,
}

/// Reads the account (docs.stripe.com/keys).
pub(super) fn account<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<StripeSettings> {
    let name = variables::STRIPE_SECRET_KEY;
    let key = reader.text(&name).ok_or(Misconfigured::missing(
        name,
        "is not set",
        "copy the secret key, or a restricted one, from the Stripe dashboard's API keys",
    ))?;
    let mode = |mode: &str| key.starts_with(&format!("sk_{mode}_")) || key.starts_with(&format!("rk_{mode}_"));
    if !mode("live") && !mode("test") {
        let remedy = "it begins with sk_test_, sk_live_, rk_test_ or rk_live_; a publishable key, pk_…, will not do";
        return Err(Misconfigured::malformed(name.name, "is no secret key of Stripe", remedy));
    }
    Ok(StripeSettings { livemode: mode("live"), key, url: reader.url(&variables::STRIPE_BASE_URL)? })
}

/// Reads the secrets that events are signed with: several while one is being replaced.
pub(super) fn webhook_secrets<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<Vec<String>> {
    let name = variables::STRIPE_WEBHOOK_SECRET;
    let remedy =
        "copy the signing secret, whsec_…, of the webhook endpoint in the Stripe dashboard; several with commas";
    let text = reader.text(&name).ok_or(Misconfigured::missing(name, "is not set", remedy))?;
    let secrets: Vec<String> = text.split(',').map(|secret| secret.trim().to_owned()).collect();
    // Under an empty secret anybody can sign.
    if secrets.iter().any(|secret| secret.strip_prefix("whsec_").is_none_or(str::is_empty)) {
        return Err(Misconfigured::malformed(name.name, "is no signing secret of Stripe", remedy));
    }
    Ok(secrets)
}

/// Refuses a preview deployment that would move real money.
pub(super) fn live_preview(environment: Environment, stripe: &Setting<StripeSettings>) -> Option<Misconfigured> {
    let live = stripe.as_ref().is_ok_and(|stripe| stripe.livemode);
    (environment == Environment::Preview && live).then(|| {
        let remedy = "set a key of test mode, sk_test_…, for previews";
        Misconfigured::malformed(variables::STRIPE_SECRET_KEY.name, "is a live key on a preview deployment", remedy)
    })
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn only_what_can_be_a_secret_is_taken_for_one() {
        let read =
            |variable: &str, value: &str| Config::from_lookup(|name| (name == variable).then(|| value.to_owned()));
        for (key, livemode) in [("sk_test_a", false), ("rk_test_a", false), ("sk_live_a", true), ("rk_live_a", true)] {
            let stripe = read("STRIPE_SECRET_KEY", key).stripe;
            assert!(stripe.is_ok_and(|stripe| stripe.livemode == livemode), "{key}");
        }
        assert!(read("STRIPE_SECRET_KEY", "pk_live_a").stripe.is_err());
        for (secrets, count) in [("whsec_a", 1), ("whsec_a, whsec_b", 2), ("whsec_", 0), ("whsec_a,", 0), ("secret", 0)]
        {
            let read = read("STRIPE_WEBHOOK_SECRET", secrets).stripe_webhook.map_or(0, |secrets| secrets.len());
            assert_eq!(read, count, "{secrets}");
        }
    }

    #[test]
    fn a_live_key_keeps_a_preview_from_starting() {
        for (environment, refused) in [("preview", true), ("production", false)] {
            let config = Config::from_lookup(|name| match name {
                "STRIPE_SECRET_KEY" => Some("sk_live_a".to_owned()),
                "VERCEL_ENV" => Some(environment.to_owned()),
                _ => None,
            });
            assert_eq!(!config.malformed.is_empty(), refused, "{environment}");
        }
    }
}
