//! Every variable of a deployment: what it is for, what it may be, and what holds without it. The code reads the
//! environment by this list, and `.env.example`, `template.yaml` and README's table are held to it.

use crate::providers::table::PROVIDERS;
pub use crate::variable::{Group, Kind, Presence, Variable};

/// Declares the variables, each as a constant of its own name, and the list of them.
macro_rules! variables {
    ($($group:ident { $($name:ident: $kind:expr, $presence:expr, $purpose:literal;)* })*) => {
        $($(
            #[doc = $purpose]
            pub const $name: Variable = Variable {
                name: stringify!($name),
                group: Group::$group,
                purpose: $purpose,
                kind: $kind,
                presence: $presence,
            };
        )*)*

        /// Every variable but those of which each provider has its own.
        const VARIABLES: &[Variable] = &[$($($name,)*)*];
    };
}

/// Every variable, in the order in which people should read of them. Each provider's key and address stand in its row of the
/// provider table.
pub fn all() -> impl Iterator<Item = &'static Variable> {
    let split = VARIABLES.iter().position(|variable| variable.group == Group::Providers).unwrap_or(VARIABLES.len());
    let (before, after) = VARIABLES.split_at(split);
    before.iter().chain(PROVIDERS.iter().flat_map(|row| [&row.key, &row.address])).chain(after)
}

use Kind::{Choice, Keyring, LogLevels, Number, Pem, Percent, Secret, Text, Url};
use Presence::{Default, Optional, Required};

/// The longest that anything is waited for: an hour.
const HOUR_MS: u64 = 3_600_000;

const fn milliseconds(most: u64) -> Kind {
    Number { unit: "milliseconds", least: 1, most }
}

variables! {
    Stores {
        SUPABASE_URL: Url, Required, "the database: the Supabase project's URL";
        SUPABASE_SECRET_KEY: Secret, Required, "the project's secret key, `sb_secret_…`";
        SUPABASE_SERVICE_ROLE_KEY: Secret, Optional, "the older service-role key, a JWT, in place of the secret key";
        UPSTASH_REDIS_REST_URL: Url, Required, "Redis: rate limits, circuit breakers, the outbox of settlements";
        UPSTASH_REDIS_REST_TOKEN: Secret, Required, "the database's token; the read-only one will not do";
        KV_REST_API_URL: Url, Optional, "the same URL as Vercel's Upstash integration names it";
        KV_REST_API_TOKEN: Secret, Optional, "the same token as Vercel's Upstash integration names it";
    }
    Secrets {
        API_KEY_PEPPER: Secret, Required, "API keys are stored as HMAC under it (`openssl rand -hex 32`); lose it and no key is known any more";
        API_KEY_PEPPERS: Keyring, Optional, "a keyring `2:…,1:…` in place of the pepper, to change it: old keys still match and are re-hashed on use";
        CRON_SECRET: Secret, Required, "what cron callers present (`openssl rand -hex 32`); Vercel sends it";
        ENCRYPTION_KEYS: Keyring, Optional, "users' own provider keys: `1:` and a Fernet key (`openssl rand -base64 32 | tr '+/' '-_'`); to change it, put `2:…,` before it";
    }
    Providers {
        PROVIDERS_JSON: Secret, Optional, "further providers of your own that speak OpenAI's or Anthropic's formats, as a JSON array: docs/providers.md";
        PORTKEY_VIRTUAL_KEY: Secret, Optional, "the virtual key by which Portkey routes";
        PORTKEY_PROVIDER: Text, Default("openai"), "the provider to which Portkey routes where there is no virtual key";
    }
    SignIn {
        PRIVY_APP_ID: Text, Optional, "sign-in by Privy, in the console too: the app";
        PRIVY_VERIFICATION_KEY: Pem, Optional, "the app's verification key; without it the app's JWKS is asked";
        PRIVY_APP_SECRET: Secret, Optional, "with it, e-mail and wallet of who shows no identity token are asked of Privy";
        PRIVY_URL: Url, Default("https://auth.privy.io"), "another address of Privy";
        RESEND_API_KEY: Secret, Optional, "mail, and sign-in by mailed code: the key at Resend";
        RESEND_WEBHOOK_SECRET: Secret, Optional, "the signing secret of the webhook endpoint at Resend, `whsec_…`: what bounces is not written to again";
        FROM_EMAIL: Text, Optional, "the sender of mail: `a@example.com` or `Name <a@example.com>`";
        RESEND_BASE_URL: Url, Default("https://api.resend.com"), "another address of Resend";
    }
    Payments {
        STRIPE_SECRET_KEY: Secret, Optional, "selling credit by Stripe: a secret or restricted key of the account; a live one is refused on previews";
        STRIPE_WEBHOOK_SECRET: Secret, Optional, "the signing secret of the webhook endpoint, `whsec_…`; several with commas while one is replaced";
        STRIPE_BASE_URL: Url, Default("https://api.stripe.com"), "another address of Stripe";
        STRIPE_TAX: Choice(&["false", "true"]), Default("false"), "whether Stripe Tax computes tax at its pages, on top of the price; credit follows the price alone. Payment intents and auto top-ups, which have no page, are refused then";
        STRIPE_INVOICES: Choice(&["false", "true"]), Default("false"), "whether Stripe makes an invoice of what is bought at its pages, beside the receipt";
        STRIPE_REFUND_WARNED: Choice(&["false", "true"]), Default("false"), "whether a payment of which a bank warns as fraud is refunded at once, which is cheaper than a dispute; what was spent of it is debt";
    }
    Business {
        TOPUP_FEE_BP: Number { unit: "basis points", least: 0, most: 2_000 }, Default("0"), "what buyers of credit pay on top of it, as a line of its own: 550 is 5.5 percent";
        PRICING_MARKUP_PERCENT: Percent { most: 9_900 }, Default("0"), "what callers pay on top of the provider's price: 0 sells at cost, 5 charges five percent more";
        OWN_KEY_FEE_BP: Number { unit: "basis points", least: 0, most: 10_000 }, Default("0"), "what a call with the caller's own key at a provider costs, of what it would have cost with ours: 500 is 5 percent";
        OWN_KEY_FREE_MONTHLY: Number { unit: "calls", least: 0, most: 1_000_000_000 }, Default("0"), "how many such calls an account has free of that each month";
        PRICE_CHANGE_PERCENT: Number { unit: "percent", least: 100, most: 1_000 }, Default("150"), "how far OpenRouter's own list may change a price by itself: 150 is half as much again, or a third less; what goes further waits for an administrator";
        REQUESTS_KEPT_DAYS: Number { unit: "days", least: 90, most: 36_500 }, Default("400"), "how long single requests are kept; a month goes once all of it is older and summed up, and the sums and the ledger stay";
        ALERT_EMAIL: Text, Optional, "where the operator is mailed what somebody should wake up for";
        ALERT_WEBHOOK_URL: Secret, Optional, "where the same is posted as JSON: a webhook of Slack, of Discord, or your own";
        APP_NAME: Text, Default("Gateway"), "the service's name, also for OpenRouter's statistics";
        FRONTEND_URL: Url, Default("http://localhost:8000"), "the site that callers see, also for OpenRouter's statistics; without one `cargo run` takes its own address";
    }
    Times {
        CALL_MAX_SECONDS: Number { unit: "seconds", least: 1, most: 86_400 }, Default("600"), "a call's deadline on the plain server";
        DATABASE_TIMEOUT_MS: milliseconds(HOUR_MS), Default("3000"), "how long the database is waited for";
        REDIS_TIMEOUT_MS: milliseconds(HOUR_MS), Default("300"), "how long Redis is waited for";
        PROVIDER_TIMEOUT_MS: milliseconds(HOUR_MS), Default("60000"), "how long a provider's next byte is waited for";
        KEEP_ALIVE_MS: milliseconds(HOUR_MS), Default("15000"), "how long a streaming client hears nothing before it is sent a comment";
    }
    Network {
        HTTPS_PROXY: Secret, Optional, "the proxy by which servers with an https address are reached, also as `https_proxy`: `http://proxy.example.com:3128`. What listens on this machine itself is never reached by one, nor are users' webhooks, whose addresses are looked at before they are asked";
        HTTP_PROXY: Secret, Optional, "the same for servers with an http address, also as `http_proxy`";
        ALL_PROXY: Secret, Optional, "the proxy where neither of these two says otherwise, also as `all_proxy`";
        NO_PROXY: Text, Optional, "what is reached without a proxy, also as `no_proxy`: hosts, of which each stands for its subdomains too, and addresses or networks, with commas between them; `*` is everything";
    }
    Process {
        PORT: Number { unit: "the port, 0 for any that is free,", least: 0, most: 65_535 }, Default("8000"), "where the plain server listens, and `cargo run`";
        RUST_LOG: LogLevels, Default("info"), "the log's level: error, warn, info, debug, trace or off, and further ones of parts";
        WEBHOOK_LOCAL_HOSTS: Text, Optional, "where VERCEL_ENV is `development` only: hosts that users' webhooks may go to by http, and in a private network, with commas between them: `localhost`";
        VERCEL_ENV: Choice(&["production", "preview", "development"]), Default("production"), "which deployment this is; Vercel sets it";
        VERCEL_GIT_COMMIT_REF: Text, Optional, "the branch, which keeps a preview's Redis keys apart; Vercel sets it";
        VERCEL_GIT_COMMIT_SHA: Text, Optional, "the commit, whose beginning `/health` tells; Vercel sets it";
    }
    Traces {
        OTEL_EXPORTER_OTLP_ENDPOINT: Url, Optional, "where traces of calls are sent, one POST a call, by OTLP/HTTP in JSON: `/v1/traces` is added to it";
        OTEL_EXPORTER_OTLP_HEADERS: Secret, Optional, "what that receiver wants to see: `name=value`, several with commas between them";
        OTEL_SERVICE_NAME: Text, Default("gateway"), "what the gateway is called in traces";
        OTEL_TRACES_SAMPLER: Choice(&["parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio", "always_on", "always_off", "traceidratio"]), Default("parentbased_always_on"), "which calls are traced; by `parentbased_…` a caller's `traceparent` decides about its own calls";
        OTEL_TRACES_SAMPLER_ARG: Text, Default("1"), "the part of the calls that `traceidratio` traces: 0.1 is a tenth";
    }
    Local {
        DATABASE_URL: Secret, Optional, "the Postgres that `cargo run` and the tests use; without it an installed one is started, else the embedded one";
        GATEWAY_DATABASE: Choice(&["installed", "embedded"]), Optional, "which of these two";
        PG_BIN: Text, Optional, "where an installed Postgres has its programs";
        REDIS_URL: Secret, Optional, "the Redis that `cargo run` and the tests use; without it one in this process";
    }
}

/// Variables that are refused wherever they are set: what is wrong with each, and what to do instead.
pub const REFUSED: &[(&str, &str, &str)] = &[
    (
        "PRICING_MARKUP",
        "could be read as a factor and as an addition",
        "remove it and set PRICING_MARKUP_PERCENT, where 0 sells at the provider's price and 5 charges five percent more",
    ),
    (
        "RESEND_RATE_LIMIT",
        "is read by Resend's own client, which may panic over it",
        "remove it: nothing here needs it",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read::Reader;

    #[test]
    fn every_default_is_what_its_variable_may_be() {
        let reader = Reader::new(|_| None);
        for variable in all().filter(|variable| matches!(variable.presence, Default(_))) {
            match variable.kind {
                Number { .. } => assert!(reader.number(variable).is_ok(), "{}", variable.name),
                Percent { .. } => assert!(reader.basis_points(variable).is_ok(), "{}", variable.name),
                Url => assert!(reader.url(variable).is_ok(), "{}", variable.name),
                Choice(_) => assert!(reader.choice(variable).is_ok(), "{}", variable.name),
                LogLevels => assert!(reader.log_levels(variable).is_ok(), "{}", variable.name),
                Text | Secret | Pem | Keyring => {}
            }
        }
    }

    #[test]
    fn each_stands_once() {
        let mut names: Vec<&str> = all().map(|variable| variable.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(REFUSED.iter().all(|(name, ..)| !names.contains(name)));
    }
}
