//! Which settings a function needs: those of all the routes that it serves.

use super::ROUTES;
use crate::config::{Config, Misconfigured};
use crate::route::{INDEX, Need, Route};

/// The routes that the function `file` serves.
pub(crate) fn served_by(file: &str) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| file == INDEX || route.file() == file)
}

/// What is missing or malformed that the function `file` needs, once each.
pub(crate) fn unusable_settings<'a>(file: &str, config: &'a Config) -> Vec<&'a Misconfigured> {
    let mut unusable: Vec<&Misconfigured> = Vec::new();
    for need in served_by(file).flat_map(Route::all_needs) {
        let lack = match need {
            Need::Database => config.supabase.as_ref().err(),
            Need::Redis => config.upstash.as_ref().err(),
            Need::Pepper => config.peppers.as_ref().err(),
            Need::CronSecret => config.cron_secret.as_ref().err(),
            Need::EncryptionKeys => config.encryption_keys.as_ref().err(),
            Need::Privy => config.privy.as_ref().err(),
            Need::Mail => config.mail.as_ref().err(),
            Need::ResendWebhook => config.resend_webhook.as_ref().err(),
            Need::Stripe => config.stripe.as_ref().err(),
            Need::StripeWebhook => config.stripe_webhook.as_ref().err(),
        };
        unusable.extend(lack.filter(|lack| !unusable.contains(lack)));
    }
    unusable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_names_only_the_settings_it_needs() {
        let config = Config::from_lookup(|_| None);
        assert!(unusable_settings("ping", &config).is_empty());
        let lacking: Vec<String> = unusable_settings("health", &config).iter().map(ToString::to_string).collect();
        assert!(
            lacking[0].starts_with("SUPABASE_URL") && lacking[1].starts_with("UPSTASH_REDIS_REST_URL"),
            "{lacking:?}"
        );
        assert!(unusable_settings(INDEX, &config).len() >= lacking.len());
    }
}
