//! What an API key is for: a label in its prefix.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a key is for, as its prefix says. A label: keys of every environment spend the same credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyEnvironment {
    /// `gw_live_`
    Live,
    /// `gw_test_`
    Test,
    /// `gw_staging_`
    Staging,
    /// `gw_dev_`
    Development,
}

impl KeyEnvironment {
    /// Every environment.
    pub const ALL: [Self; 4] = [Self::Live, Self::Test, Self::Staging, Self::Development];

    /// How the environment's keys begin.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Live => "gw_live_",
            Self::Test => "gw_test_",
            Self::Staging => "gw_staging_",
            Self::Development => "gw_dev_",
        }
    }
}
