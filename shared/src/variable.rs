//! A variable of the environment: its name, what it is for and what it may be. `config/variables.rs` lists them.

/// A variable of the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Where it belongs in a list for people.
    pub group: Group,
    /// What it is for, as half a sentence.
    pub purpose: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What holds without it.
    pub presence: Presence,
}

/// What a variable is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The database and Redis.
    Stores,
    /// What hashes, encrypts and authenticates.
    Secrets,
    /// How people sign in.
    SignIn,
    /// Our accounts at the providers.
    Providers,
    /// Stripe.
    Payments,
    /// Prices, names, how long data is kept.
    Business,
    /// Timeouts.
    Times,
    /// What stands between this process and the servers that it asks.
    Network,
    /// The process: its port, its log, which deployment it is.
    Process,
    /// Traces of calls, by OpenTelemetry's own variables.
    Traces,
    /// The local platform and the tests; a deployment reads none of them.
    Local,
}

/// What a variable may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Any text that nobody may see.
    Secret,
    /// An absolute http or https URL.
    Url,
    /// A whole number.
    Number {
        /// Its unit, in the plural.
        unit: &'static str,
        /// The least that is taken.
        least: u64,
        /// The most that is taken.
        most: u64,
    },
    /// A percentage with at most two decimals, so that it is whole basis points.
    Percent {
        /// The most that is taken; the least is 0.
        most: u64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A public key in PEM, on one line with `\n` or on many.
    Pem,
    /// Secrets with their versions, the newest first: `2:…,1:…`.
    Keyring,
    /// The log's levels: `info`, or `info,shared::call=debug`.
    LogLevels,
}

impl Kind {
    /// Whether nobody but the operator may see the value.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Keyring)
    }
}

/// What holds without a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// No call can be served without it.
    Required,
    /// Something that is named in its purpose is missing, and the rest works.
    Optional,
    /// This value.
    Default(&'static str),
}
