//! The providers as this deployment uses them, and what it takes for them.

use reqwest::Url;

use super::misconfigured::Misconfigured;
use super::read::Reader;
use super::variables::{PORTKEY_PROVIDER, PORTKEY_VIRTUAL_KEY, Variable};
use crate::formats::format::Format;
use crate::providers::{Authentication, Provider};

/// A provider as this deployment uses it.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its row of the provider table.
    pub provider: &'static Provider,
    /// Our keys there.
    pub keys: Vec<String>,
    /// The name of each, by which breakers know it; none where we have one key at most.
    pub key_names: Vec<String>,
    /// Where the endpoint of each format that it speaks is; empty if the variable holds no URL.
    pub endpoints: Vec<(Format, Url)>,
    /// Portkey only: the virtual key it routes by.
    pub virtual_key: Option<String>,
    /// Portkey only: the provider it routes to where there is no virtual key.
    pub upstream: Option<String>,
}

impl ProviderSettings {
    /// Whether its routes are candidates: with our key there, or where it is a server of our own.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.keys.is_empty() || (self.provider.quirks.self_hosted && !self.endpoints.is_empty())
    }

    /// Where the provider's endpoint for a format is.
    #[must_use]
    pub fn endpoint(&self, format: Format) -> Option<&Url> {
        self.endpoints.iter().find(|(spoken, _)| *spoken == format).map(|(_, url)| url)
    }
}

/// The name of one of our several keys at a provider, by its place among them.
#[must_use]
pub fn key_name(provider: &str, place: usize) -> String {
    format!("{provider}#{}", place + 1)
}

/// Reads what the environment says of one provider. An address that is no URL, or that a key needs and is not there, leaves
/// it without endpoints, and the process does not start.
pub(super) fn provider<F: Fn(&str) -> Option<String>>(row: &'static Provider, reader: &Reader<F>) -> ProviderSettings {
    let keys = keys(&reader.text(&row.key).unwrap_or_default());
    let needs_address = row.base_url.is_empty();
    let base_url = if !needs_address || reader.text(&row.address).is_some() {
        reader.needed(reader.url(&row.address), String::new())
    } else if !keys.is_empty() {
        let missing = Misconfigured::missing(row.address, "is not set", "set it to where your account there is");
        reader.needed(Err(missing), String::new())
    } else {
        String::new()
    };
    let of_portkey = |variable: &Variable| match row.authentication {
        Authentication::Portkey => reader.text(variable),
        Authentication::Bearer | Authentication::Header(_) => None,
    };
    ProviderSettings {
        virtual_key: of_portkey(&PORTKEY_VIRTUAL_KEY),
        upstream: of_portkey(&PORTKEY_PROVIDER),
        ..settings(row, keys, &base_url)
    }
}

/// A provider at this address, with these keys of ours.
pub(super) fn settings(row: &'static Provider, keys: Vec<String>, base_url: &str) -> ProviderSettings {
    let names = (0..keys.len()).map(|place| key_name(row.name, place));
    let key_names = if keys.len() > 1 { names.collect() } else { Vec::new() };
    let endpoint = |(format, path): &(Format, &str)| Some((*format, Url::parse(&format!("{base_url}{path}")).ok()?));
    let endpoints = row.speaks.iter().filter_map(endpoint).collect();
    ProviderSettings { provider: row, keys, key_names, endpoints, virtual_key: None, upstream: None }
}

/// Keys with commas between them, each once.
pub(super) fn keys(text: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for key in text.split(',').map(str::trim).filter(|key| !key.is_empty()) {
        if !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    keys
}
