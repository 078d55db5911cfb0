//! The providers as this deployment uses them, and what it takes for them.

use reqwest::Url;

use super::read::Reader;
use super::variables::{VARIABLES, Variable};
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

/// Reads what the environment says of one provider. An address that is no URL leaves it without endpoints, and the
/// process does not start.
pub(super) fn provider<F: Fn(&str) -> Option<String>>(row: &'static Provider, reader: &Reader<F>) -> ProviderSettings {
    let upper = row.name.to_ascii_uppercase();
    let variable = |end: &str| VARIABLES.iter().find(|variable: &&Variable| variable.name == format!("{upper}_{end}"));
    let text = |end: &str| variable(end).and_then(|variable| reader.text(variable));
    let base_url = variable("BASE_URL").map(|variable| reader.needed(reader.url(variable), String::new()));
    let base_url = base_url.unwrap_or_else(|| row.base_url.to_owned());
    let endpoint = |(format, path): &(Format, &str)| Some((*format, Url::parse(&format!("{base_url}{path}")).ok()?));
    ProviderSettings {
        provider: row,
        key: text("API_KEY"),
        endpoints: row.speaks.iter().filter_map(endpoint).collect(),
        virtual_key: text("VIRTUAL_KEY"),
        upstream: text("PROVIDER"),
    }
}
