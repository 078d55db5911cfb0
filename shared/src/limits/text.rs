//! The text in which the database says which limits are in force.

use std::time::Duration;

/// A limit that nobody reaches.
const WIDE: u64 = 1_000_000_000;

/// A limits text with the same requests a minute, in which nothing else holds anybody up.
pub fn of_requests_a_minute(limits: &str) -> String {
    let wide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if !["account", "key", "plan", "requests_per_minute"].contains(&name) => {
            format!("{name}={WIDE}/{WIDE}")
        }
        _ => pair.to_owned(),
    };
    limits.split(' ').map(wide).collect::<Vec<_>>().join(" ")
}

/// A limit in a limits text: the key's and the account's.
pub fn limit(limits: &str, name: &str) -> Option<(u64, u64)> {
    let (key, account) = value(limits, name)?.split_once('/')?;
    Some((key.parse().ok()?, account.parse().ok()?))
}

/// The account in a limits text.
pub fn account_of(limits: &str) -> &str {
    value(limits, "account").unwrap_or_default()
}

/// The key in a limits text.
pub fn key_of(limits: &str) -> &str {
    value(limits, "key").unwrap_or_default()
}

/// For how long the answers to the key's calls are kept where they do not say, in a limits text.
pub fn cache_life_of(limits: &str) -> Option<Duration> {
    value(limits, "cache")?.parse().ok().map(Duration::from_secs)
}

/// The plan in force in a limits text.
pub fn plan_of(limits: &str) -> &str {
    value(limits, "plan").unwrap_or_default()
}

/// The key's requests a minute in a limits text.
pub fn key_requests_per_minute(limits: &str) -> u64 {
    let of_both = value(limits, "requests_per_minute").and_then(|figures| figures.split_once('/'));
    of_both.and_then(|(of_key, _)| of_key.parse().ok()).unwrap_or(1)
}

/// A limits text, made by `gateway.limits` in the database, is `account=ID key=ID plan=ID`, then `NAME=OF_KEY/OF_ACCOUNT` for
/// each limit, and `cache=SECONDS` where the key has answers kept.
fn value<'a>(limits: &'a str, name: &str) -> Option<&'a str> {
    limits.split(' ').filter_map(|pair| pair.split_once('=')).find(|(named, _)| *named == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_counted_apart_only_the_minute_holds_anybody_up() {
        let limits = "account=a key=k plan=p burst=5/6 requests_per_minute=30/60 concurrency=1/1";
        let wide = "account=a key=k plan=p burst=1000000000/1000000000 requests_per_minute=30/60 \
                    concurrency=1000000000/1000000000";
        assert_eq!(of_requests_a_minute(limits), wide);
    }

    #[test]
    fn a_limits_text_is_read_by_name() {
        assert_eq!(cache_life_of("account=a burst=5/6 cache=60"), Some(Duration::from_secs(60)));
        assert_eq!(cache_life_of("account=a cached=60"), None);
        let limits = "account=a key=k burst=5/6 requests_per_minute=30/60";
        assert_eq!((account_of(limits), key_of(limits), key_requests_per_minute(limits)), ("a", "k", 30));
        for other in ["", "a,k,60,20,500", "key requests_per_minute=60", "requests_per_minute=x/60"] {
            assert_eq!((account_of(other), key_of(other), key_requests_per_minute(other)), ("", "", 1), "{other}");
        }
    }
}
