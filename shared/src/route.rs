//! What an entry of the route table is, and what follows from it.

use std::time::Duration;

use crate::formats::format::Format;

/// `maxDuration` of a function that does not say, in seconds.
pub(crate) const DEFAULT_MAX: u64 = 60;

/// The name of the file that serves the whole table.
pub const INDEX: &str = "index";

/// One function: a file under `api/`.
#[derive(Debug)]
pub struct Route {
    /// Its router function in `routes`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Where it answers, as axum patterns; the first one names its file.
    pub paths: &'static [&'static str],
    /// What it answers there.
    pub operations: &'static [Operation],
    /// How long the platform lets it run.
    pub max_duration: Duration,
    /// When Vercel's cron calls it.
    pub cron: Option<&'static str>,
    /// Settings it cannot do without, besides those that its auth needs.
    pub needs: &'static [Need],
    /// The wire format of an inference endpoint: it shapes the errors.
    pub speaks: Option<Format>,
}

/// One method of a route. In the extensions of every request it answers, so that whoever checks the caller goes by
/// the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The HTTP method.
    pub method: &'static str,
    /// Who may call it.
    pub auth: Auth,
    /// The scope that the caller's key must have.
    pub scope: Option<&'static str>,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Anyone.
    Public,
    /// Whoever has an API key.
    User,
    /// Whoever has an API key whose role may administer.
    Admin,
    /// Whoever knows the cron secret.
    Cron,
}

/// A setting that a route cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Supabase.
    Database,
    /// Upstash.
    Redis,
    /// The pepper under which API keys are hashed.
    Pepper,
    /// The secret of cron callers.
    CronSecret,
    /// The keyring of users' own provider keys.
    EncryptionKeys,
    /// The Privy app.
    Privy,
    /// Resend.
    Mail,
    /// What Resend's events are signed with.
    ResendWebhook,
    /// Stripe.
    Stripe,
    /// What Stripe's events are signed with.
    StripeWebhook,
}

impl Route {
    /// The first path as documentation writes it: `{*id}` is `{id}`.
    #[must_use]
    pub fn public_path(&self) -> String {
        self.paths.first().copied().unwrap_or_default().replace("{*", "{")
    }

    /// The file's path under `api/`, without `.rs`; also the function's path under `/api`.
    #[must_use]
    pub fn file(&self) -> String {
        let first = self.paths.first().copied().unwrap_or_default();
        let path = first.strip_prefix("/api").unwrap_or(first).trim_start_matches('/');
        // `api/index.rs` serves the whole table.
        if path.is_empty() { "root".to_owned() } else { path.replace("{*", "{").replace('{', "[").replace('}', "]") }
    }

    /// Where the router answers: at each public path, at the same under `/api`, and under its file's path.
    pub(crate) fn mounts(&self) -> Vec<String> {
        let mut mounts: Vec<String> = Vec::new();
        let mut add = |path: String| {
            let same = |other: &String| other.replace("{*", "{") == path.replace("{*", "{");
            if !mounts.iter().any(same) {
                mounts.push(path);
            }
        };
        for path in self.paths {
            add((*path).to_owned());
            if !path.starts_with("/api/") {
                add(format!("/api{}", path.trim_end_matches('/')));
            }
        }
        add(format!("/api/{}", self.file().replace('[', "{").replace(']', "}")));
        mounts
    }

    /// Whether its calls go to providers: an endpoint of a wire format that is given the time of a provider's answer.
    pub(crate) fn asks_providers(&self) -> bool {
        self.speaks.is_some() && self.max_duration > Duration::from_secs(DEFAULT_MAX)
    }

    /// Every setting it cannot do without.
    pub(crate) fn all_needs(&self) -> impl Iterator<Item = Need> {
        let by_auth = self.operations.iter().flat_map(|operation| match operation.auth {
            Auth::Public => &[][..],
            Auth::User | Auth::Admin => &[Need::Database, Need::Pepper],
            Auth::Cron => &[Need::Database, Need::CronSecret],
        });
        by_auth.chain(self.needs).copied()
    }
}
