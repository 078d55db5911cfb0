//! What a request asks of the cache, and by what it is told to be the same as another.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sha2::{Digest, Sha256};

use crate::dialect::Dialect;
use crate::error::Error;

/// The headers that ask for it, ours and OpenRouter's (openrouter.ai/docs, "Response caching").
const WISHES: [&str; 2] = ["x-gateway-cache", "x-openrouter-cache"];
/// The headers that say for how many seconds.
const LIVES: [&str; 2] = ["x-gateway-cache-ttl", "x-openrouter-cache-ttl"];
/// For how long an answer is kept where nothing is said, in seconds.
const USUAL_LIFE: u64 = 300;
/// For how long at most, in seconds.
pub const LONGEST_LIFE: i64 = 86_400;
/// Headers that decide about an answer begin so: versions and trials of Anthropic's API.
const DECISIVE: &str = "anthropic-";

/// What a request asks of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How long its answer is kept.
    pub life: Duration,
    /// Whether it is asked for even if the request comes with tools, whose calls may do something each time.
    pub with_tools: bool,
    /// The hash of the request, whatever its model.
    digest: [u8; 32],
}

impl Asked {
    /// By what a call of this model is told to be the same as another of its account, in hex.
    #[must_use]
    pub fn fingerprint(&self, model: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.digest);
        hash.update(model);
        hex::encode(hash.finalize())
    }
}

/// A wish on its way to the call, or that there is none: the extractor of the caller finds it, that of the body adds what it stands for.
#[derive(Clone, Debug)]
pub struct Presented(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    wish: Result<Wish, Error>,
    /// What decides about an answer besides the body: the path, the dialect and headers.
    path: String,
    dialect: Dialect,
    decisive: Vec<(HeaderName, HeaderValue)>,
    body: OnceLock<Bytes>,
}

/// What the headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Nothing: the key decides.
    Unsaid,
    /// That none is to be kept, or given.
    No,
    /// That one is to be kept for so long, and whether also where the request comes with tools.
    Yes(Duration, bool),
}

impl Presented {
    /// What a request with a body asks.
    #[must_use]
    pub fn of(parts: &Parts) -> Option<Self> {
        (parts.method == Method::POST).then(|| {
            let of_it = |(name, _): &(&HeaderName, &HeaderValue)| name.as_str().starts_with(DECISIVE);
            let decisive = parts.headers.iter().filter(of_it).map(|(name, value)| (name.clone(), value.clone()));
            Self(Arc::new(Shown {
                wish: wish(&parts.headers),
                path: parts.uri.path().to_owned(),
                dialect: parts.extensions.get::<Dialect>().copied().unwrap_or_default(),
                decisive: decisive.collect(),
                body: OnceLock::new(),
            }))
        })
    }

    /// Notes the body that it stands for.
    pub fn stands_for(&self, body: &Bytes) {
        self.0.body.get_or_init(|| body.clone());
    }

    /// The wish; none for a body that is not read as a whole, such as a form.
    ///
    /// # Errors
    /// 400 when it is none.
    pub fn read(&self) -> Result<Option<Asked>, Error> {
        Ok(match self.0.wish.clone()? {
            Wish::Yes(life, with_tools) => self.asked(life, with_tools),
            Wish::No | Wish::Unsaid => None,
        })
    }

    /// What is asked where the headers say nothing of it, of a key that has answers kept for so long.
    #[must_use]
    pub fn by_default(&self, life: Duration) -> Option<Asked> {
        if matches!(self.0.wish, Ok(Wish::Unsaid)) { self.asked(life, false) } else { None }
    }

    fn asked(&self, life: Duration, with_tools: bool) -> Option<Asked> {
        let Shown { path, dialect, decisive, body, .. } = &*self.0;
        let digest = head(path, *dialect, decisive).chain_update(body.get()?).finalize().into();
        Some(Asked { life, with_tools, digest })
    }
}

/// How long an answer is to be kept, and whether also of a request with tools.
fn wish(headers: &HeaderMap) -> Result<Wish, Error> {
    let named = |names: [&'static str; 2]| {
        names.into_iter().find_map(|name| headers.get(name).map(|value| (name, value.to_str().unwrap_or_default())))
    };
    let life = named(LIVES).map(|(name, text)| {
        let seconds = text.parse().ok().filter(|seconds| (1..=LONGEST_LIFE).contains(seconds));
        seconds
            .map(i64::unsigned_abs)
            .ok_or_else(|| Error::invalid(name, format!("`{name}` is a number of seconds from 1 to {LONGEST_LIFE}.")))
    });
    let with_tools = match named(WISHES) {
        Some((_, "false")) => return Ok(Wish::No),
        Some((_, "true")) => false,
        Some((_, "all")) => true,
        Some((name, _)) => {
            let told = format!("`{name}` is true, false, or all, which keeps the answers to requests with tools, too.");
            return Err(Error::invalid(name, told));
        }
        None if life.is_none() => return Ok(Wish::Unsaid),
        None => false,
    };
    Ok(Wish::Yes(Duration::from_secs(life.transpose()?.unwrap_or(USUAL_LIFE)), with_tools))
}

/// What decides about an answer besides the body. Each part says how long it is, so that no two heads run together as the same bytes.
fn head(path: &str, dialect: Dialect, decisive: &[(HeaderName, HeaderValue)]) -> Sha256 {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    // Another version of the gateway may write another answer.
    part(env!("CARGO_PKG_VERSION").as_bytes());
    part(path.strip_prefix("/api").unwrap_or(path).as_bytes());
    part(format!("{dialect:?}").as_bytes());
    let mut decisive: Vec<(&str, &[u8])> =
        decisive.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    decisive.sort_unstable();
    part(&(decisive.len() as u64).to_be_bytes());
    for (name, value) in decisive {
        part(name.as_bytes());
        part(value);
    }
    hash
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn presented(
        path: &str,
        dialect: Dialect,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Result<Option<Asked>, Error> {
        let mut request = http::Request::post(path).body(()).expect("a request");
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        let mut parts = request.into_parts().0;
        parts.extensions.insert(dialect);
        let Some(presented) = Presented::of(&parts) else { return Ok(None) };
        presented.stands_for(&Bytes::copy_from_slice(body));
        presented.read()
    }

    #[test]
    fn a_keys_default_holds_only_where_the_headers_say_nothing() {
        let life = Duration::from_secs(60);
        for (headers, holds) in [
            (&[][..], true),
            (&[("x-gateway-cache", "false")], false),
            (&[("x-openrouter-cache", "true")], false),
            (&[("x-gateway-cache-ttl", "9")], false),
            (&[("x-gateway-cache", "wrong")], false),
        ] {
            let mut request = http::Request::post("/v1/chat/completions").body(()).expect("a request");
            for (name, value) in headers {
                request.headers_mut().append(*name, HeaderValue::from_static(value));
            }
            let presented = Presented::of(&request.into_parts().0).expect("a request with a body");
            assert_eq!(presented.by_default(life), None, "no body is read as a whole");
            presented.stands_for(&Bytes::from_static(b"{}"));
            assert_eq!(presented.by_default(life).is_some(), holds, "{headers:?}");
        }
        // The same request by default and by its header is the same one.
        let told = presented("/v1/chat/completions", Dialect::OpenAi, &[("x-gateway-cache-ttl", "60")], b"{}");
        let unsaid =
            Presented::of(&http::Request::post("/v1/chat/completions").body(()).expect("a request").into_parts().0);
        let unsaid = unsaid.expect("a request with a body");
        unsaid.stands_for(&Bytes::from_static(b"{}"));
        let told = told.expect("a wish").expect("one that asks");
        assert_eq!(unsaid.by_default(life).map(|asked| asked.fingerprint("a/b")), Some(told.fingerprint("a/b")));
    }

    #[test]
    fn a_wish_says_for_how_long_and_whether_with_tools() {
        let read = |headers: &[(&'static str, &str)]| {
            let asked = presented("/v1/chat/completions", Dialect::OpenAi, headers, b"{}");
            asked.map(|asked| asked.map(|asked| (asked.life.as_secs(), asked.with_tools))).map_err(|error| error.param)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("x-gateway-cache", "false"), ("x-gateway-cache-ttl", "9")]), Ok(None));
        assert_eq!(read(&[("x-gateway-cache", "true")]), Ok(Some((300, false))));
        assert_eq!(
            read(&[("x-openrouter-cache", "true"), ("x-openrouter-cache-ttl", "86400")]),
            Ok(Some((86_400, false)))
        );
        assert_eq!(read(&[("x-openrouter-cache-ttl", "1")]), Ok(Some((1, false))));
        assert_eq!(read(&[("x-gateway-cache", "all")]), Ok(Some((300, true))));
        for (name, value) in [
            ("x-gateway-cache", "yes"),
            ("x-openrouter-cache", ""),
            ("x-gateway-cache-ttl", "0"),
            ("x-gateway-cache-ttl", "86401"),
            ("x-openrouter-cache-ttl", "-1"),
            ("x-openrouter-cache-ttl", "1.5"),
        ] {
            assert_eq!(read(&[(name, value)]), Err(Some(name.into())), "{name}: {value}");
        }
    }

    /// A generator of numbers (SplitMix64) that needs no crate.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed ^ (mixed >> 31)) % end
        }
    }

    #[test]
    fn a_hundred_thousand_requests_have_the_same_fingerprint_only_if_they_are_the_same() {
        let mut numbers = Numbers(17);
        let (paths, models) =
            (["/v1/chat/completions", "/v1/messages", "/v1/completions"], ["a/b", "a/bb", "a", "b/a"]);
        let versions = ["", "2023-06-01", "2024-01-01"];
        // Parts that run together as the same bytes where nobody says how long each is.
        let pieces = ["a", "b", "aa", "/", "{}", "2023-06-01", "anthropic-beta"];
        let mut known: HashMap<String, String> = HashMap::new();
        let mut repeated = 0;
        for _ in 0..100_000 {
            let mut pick = |of: &[&'static str]| of[usize::try_from(numbers.below(of.len() as u64)).expect("an index")];
            let (path, model, version, beta) = (pick(&paths), pick(&models), pick(&versions), pick(&pieces));
            let mut body = String::new();
            for _ in 0..3 {
                body.push_str(pick(&pieces));
            }
            let dialect = if pick(&["", "/api"]).is_empty() { Dialect::OpenAi } else { Dialect::OpenRouter };
            let mut headers = vec![("x-gateway-cache", "true"), ("anthropic-beta", beta)];
            if !version.is_empty() {
                headers.push(("anthropic-version", version));
            }
            let asked = presented(path, dialect, &headers, body.as_bytes()).expect("a wish").expect("a wish");
            let fingerprint = asked.fingerprint(model);
            let request = format!("{:?}", (path, model, version, beta, dialect, &body));
            match known.get(&fingerprint) {
                Some(earlier) => {
                    assert_eq!(*earlier, request, "a wrong hit");
                    repeated += 1;
                }
                None => drop(known.insert(fingerprint, request)),
            }
        }
        assert!(repeated > 10_000 && known.len() > 10_000, "{repeated} {}", known.len());
    }

    #[test]
    fn what_does_not_decide_makes_no_other_request() {
        let of = |path, headers: &[(&'static str, &str)]| {
            let headers = [&[("x-gateway-cache", "true")], headers].concat();
            presented(path, Dialect::OpenAi, &headers, b"{}").expect("a wish").expect("a wish").fingerprint("m")
        };
        let one = of("/v1/messages", &[("anthropic-version", "1"), ("x-title", "app"), ("user-agent", "a")]);
        assert_eq!(one, of("/api/v1/messages", &[("anthropic-version", "1")]));
        assert_ne!(one, of("/v1/messages", &[]));
        let [version, beta] = [("anthropic-version", "1"), ("anthropic-beta", "b")];
        assert_eq!(of("/v1/messages", &[version, beta]), of("/v1/messages", &[beta, version]));
    }
}
