//! Every provider that a deployment knows: the table's, and those that its configuration adds.

use super::Provider;
use super::table::PROVIDERS;

/// The rows of the table, and behind them those of this deployment's own (`PROVIDERS_JSON`). What a request, an administrator or an
/// account says of a provider is looked up here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    own: &'static [Provider],
}

impl Rows {
    /// Of a deployment that adds none.
    pub const TABLE: Self = Self { own: &[] };

    /// With these behind the table's.
    #[must_use]
    pub const fn with(own: &'static [Provider]) -> Self {
        Self { own }
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = &'static Provider> {
        PROVIDERS.iter().chain(self.own)
    }

    /// Those that the deployment adds.
    #[must_use]
    pub const fn own(self) -> &'static [Provider] {
        self.own
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> usize {
        PROVIDERS.len() + self.own.len()
    }

    /// The one of this name.
    #[must_use]
    pub fn named(self, name: &str) -> Option<&'static Provider> {
        self.iter().find(|row| row.name == name)
    }
}
