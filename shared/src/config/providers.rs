//! The providers as this deployment uses them, and what it takes for them.

use reqwest::Url;

use super::{Missing, Setting};
use crate::formats::format::Format;
use crate::providers::Provider;

/// A provider as this deployment uses it.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its row of the provider table.
    pub provider: &'static Provider,
    /// Our key there; without one the provider's routes are not candidates.
    pub key: Option<String>,
    /// Where the endpoint of each format that it speaks is; empty if the variable holds no URL.
    pub endpoints: Vec<(Format, Url)>,
    /// Portkey only: the virtual key it routes by.
    pub virtual_key: Option<String>,
    /// Portkey only: the provider it routes to where there is no virtual key.
    pub upstream: Option<String>,
}

impl ProviderSettings {
    /// Where the provider's endpoint for a format is.
    #[must_use]
    pub fn endpoint(&self, format: Format) -> Option<&Url> {
        self.endpoints.iter().find(|(spoken, _)| *spoken == format).map(|(_, url)| url)
    }
}

/// Reads what the environment says of one provider.
pub(super) fn provider(row: &'static Provider, get: &impl Fn(&str) -> Option<String>) -> ProviderSettings {
    let name = row.name.to_ascii_uppercase();
    let base_url = get(&format!("{name}_BASE_URL")).unwrap_or_else(|| row.base_url.to_owned());
    let base_url = base_url.trim_end_matches('/');
    let endpoint = |(format, path): &(Format, &str)| Some((*format, Url::parse(&format!("{base_url}{path}")).ok()?));
    ProviderSettings {
        provider: row,
        key: get(&format!("{name}_API_KEY")),
        endpoints: row.speaks.iter().filter_map(endpoint).collect(),
        virtual_key: get(&format!("{name}_VIRTUAL_KEY")),
        upstream: get(&format!("{name}_PROVIDER")),
    }
}

/// `1.05` → 10 500. Four decimals at most, so that the figure is exact.
pub(super) fn markup(text: Option<&str>) -> Setting<u32> {
    let missing = Missing {
        variable: "PRICING_MARKUP",
        problem: "is not a decimal from 0 to 100 with at most four decimals",
        remedy: "1.0 charges the provider's price, 1.05 five percent more",
    };
    let nanos = crate::money::Nanos::from_dollars(text.unwrap_or("1")).map_err(|_| missing.clone())?;
    match u32::try_from(nanos.0 / 100_000) {
        Ok(basis_points) if nanos.0 % 100_000 == 0 && basis_points <= 1_000_000 => Ok(basis_points),
        _ => Err(missing),
    }
}
