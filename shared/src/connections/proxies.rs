//! The proxies of this deployment, if it has any, for both kinds of HTTP client here.
//!
//! What listens on this machine itself is never asked by way of a proxy, which would look for it on its own machine. So
//! `cargo run`, whose stores and providers are stand-ins on this machine, also works where everything else needs a proxy.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, NoProxy, Proxy, Url};

use crate::config::ProxySettings;

/// This machine by its names.
const THIS_MACHINE: &str = "localhost,127.0.0.0/8,::1";

/// By which proxy each server is reached.
pub(super) struct Proxies {
    settings: ProxySettings,
    /// What is reached without one.
    none: String,
}

impl Proxies {
    /// Those that are set.
    pub fn new(settings: ProxySettings) -> Self {
        Self { none: format!("{THIS_MACHINE},{}", settings.none), settings }
    }

    /// Whether the server at `address` is reached by one.
    pub fn are_for(&self, address: &Url) -> bool {
        let set = |proxy: &Option<Url>| proxy.as_ref().map(ToString::to_string).unwrap_or_default();
        let matcher =
            Matcher::builder().http(set(&self.settings.http)).https(set(&self.settings.https)).no(&*self.none);
        let address = address.as_str().parse::<Uri>();
        address.is_ok_and(|address| matcher.build().intercept(&address).is_some())
    }

    /// Gives them to a client, which then reads no variables by itself.
    ///
    /// # Errors
    /// When an address is not a proxy's.
    pub fn given_to(&self, client: ClientBuilder) -> Result<ClientBuilder, reqwest::Error> {
        let mut client = client.no_proxy();
        let proxies = [self.settings.http.clone().map(Proxy::http), self.settings.https.clone().map(Proxy::https)];
        for proxy in proxies.into_iter().flatten() {
            client = client.proxy(proxy?.no_proxy(NoProxy::from_string(&self.none)));
        }
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_what_is_named_are_reached_without_a_proxy() {
        let url = |text: &str| Url::parse(text).expect("a URL");
        let https = Some(url("http://proxy:3128"));
        let proxies = Proxies::new(ProxySettings { http: None, https, none: "example.org, 10.0.0.0/8".to_owned() });
        for (address, by_proxy) in [
            ("https://project.supabase.co/rest/v1/rpc", true),
            ("https://example.com", true),
            ("http://example.com", false),
            ("https://example.org", false),
            ("https://db.example.org:8443", false),
            ("https://notexample.org", true),
            ("https://10.1.2.3", false),
            ("https://11.1.2.3", true),
            ("https://localhost:8000", false),
            ("https://127.0.0.1:8000", false),
            ("https://127.1.2.3", false),
            ("https://[::1]:8000", false),
            ("https://[2001:db8::1]", true),
        ] {
            assert_eq!(proxies.are_for(&url(address)), by_proxy, "{address}");
        }
        assert!(!Proxies::new(ProxySettings::default()).are_for(&url("https://example.com")));
    }
}
