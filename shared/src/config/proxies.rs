//! The proxies between this process and the servers that it asks, by the variables that curl and most others read.
//!
//! Source: curl.se/docs/manpage.html, "ENVIRONMENT".

use reqwest::Url;

use super::read::Reader;
use super::variables::{self, Variable};
use super::{Misconfigured, Setting};

/// The variables as programs that came before this one write them.
pub const IN_LOWER_CASE: [&str; 4] = ["https_proxy", "http_proxy", "all_proxy", "no_proxy"];

/// By which proxies servers are reached.
#[derive(Clone, Debug, Default)]
pub struct ProxySettings {
    /// Those with an http address.
    pub http: Option<Url>,
    /// Those with an https address.
    pub https: Option<Url>,
    /// Which are reached without: hosts, addresses and networks with commas between them.
    pub none: String,
}

impl ProxySettings {
    /// Whether no server is reached by a proxy.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }
}

/// Reads them. A proxy that cannot be used keeps no call from being served that needs none.
pub(super) fn proxies<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<ProxySettings> {
    let all = proxy(reader, &variables::ALL_PROXY);
    let http = proxy(reader, &variables::HTTP_PROXY)?;
    let https = proxy(reader, &variables::HTTPS_PROXY)?;
    // Often a SOCKS proxy, beside one for HTTP: then that one serves.
    let all = if http.is_some() || https.is_some() { all.unwrap_or_default() } else { all? };
    let none = text(reader, &variables::NO_PROXY).unwrap_or_default();
    Ok(ProxySettings { http: http.or_else(|| all.clone()), https: https.or(all), none })
}

/// A variable in either case.
fn text<F: Fn(&str) -> Option<String>>(reader: &Reader<F>, variable: &Variable) -> Option<String> {
    reader.text(variable).or_else(|| reader.named(&variable.name.to_ascii_lowercase()))
}

/// What is wrong with it is said without it, since it may hold a password.
fn proxy<F: Fn(&str) -> Option<String>>(reader: &Reader<F>, variable: &Variable) -> Setting<Option<Url>> {
    let Some(text) = text(reader, variable) else { return Ok(None) };
    let address = if text.contains("://") { text } else { format!("http://{text}") };
    let url = Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(Some).ok_or_else(|| {
        Misconfigured::malformed(
            variable.name,
            "is not the address of an HTTP proxy, so servers are asked without one",
            "write it as http://proxy.example.com:3128, with user:password@ before the host where the proxy wants them",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::variables::Group;

    fn read(set: &[(&str, &str)]) -> Setting<ProxySettings> {
        let value = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        proxies(&Reader::new(value))
    }

    fn addresses(set: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let read = read(set).expect("proxies");
        (read.http.map(String::from), read.https.map(String::from))
    }

    #[test]
    fn each_scheme_has_its_proxy_or_that_of_all() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(addresses(&[]), (None, None));
        assert!(read(&[("NO_PROXY", "x")]).expect("proxies").is_empty());
        assert_eq!(addresses(&[("https_proxy", "http://a:1")]), (None, some("http://a:1/")));
        assert_eq!(addresses(&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:1")]).1, some("http://a:1/"));
        let all = [("ALL_PROXY", "https://u:p@c:2"), ("HTTP_PROXY", "a:1")];
        assert_eq!(addresses(&all), (some("http://a:1/"), some("https://u:p@c:2/")));
        let beside_socks = [("ALL_PROXY", "socks5://c:2"), ("HTTPS_PROXY", "http://a:1")];
        assert_eq!(addresses(&beside_socks), (None, some("http://a:1/")));
        assert!(read(&beside_socks[..1]).is_err());
    }

    #[test]
    fn the_names_in_lower_case_are_those_of_the_list() {
        let network = variables::all().filter(|variable| variable.group == Group::Network);
        assert!(network.map(|variable| variable.name.to_ascii_lowercase()).eq(IN_LOWER_CASE));
    }

    #[test]
    fn a_proxy_of_another_kind_is_named_without_its_password() {
        for wrong in ["socks5://u:secret@a:1", "http://", "http://u:secret@"] {
            let told = read(&[("HTTPS_PROXY", wrong)]).expect_err("malformed").to_string();
            assert!(told.contains("HTTPS_PROXY") && !told.contains("secret"), "{told}");
        }
    }
}
