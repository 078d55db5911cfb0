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
mod tests;
