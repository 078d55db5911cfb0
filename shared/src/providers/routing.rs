//! Which providers may serve a request, and in which order: OpenRouter's `provider` object, and a `provider:model` id.

use std::collections::HashSet;

use super::parameters;
use super::preferred::Preferred;
use super::rows::Rows;
use super::wishes::Wishes;
use crate::error::Error;
use crate::object::Object;

/// The request's wishes about providers (OpenRouter's `provider` object, and a `provider:model` id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// Those that the deployment knows.
    pub rows: Rows,
    /// The providers that may serve it.
    pub allowed: Vec<&'static str>,
    /// Those to be tried first.
    pub order: Vec<&'static str>,
    /// Whether a second provider may be asked when the first one fails.
    pub fallbacks: bool,
    /// What a route must be like.
    pub wishes: Wishes,
    /// By what those come that are not wished for by name.
    pub sort: Option<Sort>,
    /// How fast they should be.
    pub preferred: Preferred,
    /// After how many milliseconds without output another provider is asked besides.
    pub hedge_ms: Option<u64>,
    /// Of which session the request says that it is a part: its prompt is likely to go on from one before it.
    pub session_id: Option<String>,
    /// What else of the request tells that.
    pub session: Option<String>,
}

impl Routing {
    /// The providers that may serve it, unless all may.
    #[must_use]
    pub fn allowed_unless_all(&self) -> Option<&[&'static str]> {
        (self.allowed.len() != self.rows.count()).then_some(&self.allowed)
    }

    /// Whether it must be known how fast providers were lately.
    #[must_use]
    pub fn goes_by_speed(&self) -> bool {
        self.sort.is_some_and(Sort::goes_by_speed) || !self.preferred.is_none()
    }
}

/// By what providers are to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The cheapest first, as they are without a wish.
    Price,
    /// Those first whose first byte came soonest lately.
    Latency,
    /// Those first that wrote fastest lately.
    Throughput,
}

impl Sort {
    /// The sort of this name.
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "price" => Self::Price,
            "latency" => Self::Latency,
            "throughput" => Self::Throughput,
            _ => return None,
        })
    }

    /// Whether it must be known how fast providers are.
    #[must_use]
    pub fn goes_by_speed(self) -> bool {
        self != Self::Price
    }

    /// Reads the wish: a name, or an object with one in `by`. Without it the ending of the model's id counts.
    fn read(request: &Object<'_>, wishes: &Object<'_>) -> Result<Option<Self>, Error> {
        let wrong = || Error::invalid("provider", "`sort` of `provider` is price, throughput or latency.");
        let name: Option<String> = match wishes.get("sort") {
            Some(sort) if sort.starts_with('{') => {
                let sort: Object<'_> = serde_json::from_str(sort).map_err(|_| wrong())?;
                sort.read("by").map_err(|_| wrong())?
            }
            _ => wishes.read("sort").map_err(|_| wrong())?,
        };
        if let Some(name) = name {
            return Self::parse(&name).map(Some).ok_or_else(wrong);
        }
        let model: String = request.read("model").ok().flatten().unwrap_or_default();
        Ok(SORTS.iter().find(|(ending, _)| model.ends_with(ending)).map(|(_, sort)| *sort))
    }
}

impl Routing {
    /// Reads the request's `provider` object. `pinned` is the provider that the model's id names.
    ///
    /// # Errors
    /// 400 that names `provider`.
    pub fn read(request: &Object<'_>, pinned: Option<&'static str>, rows: Rows) -> Result<Self, Error> {
        const SHAPE: &str = "`provider` is an object with `order`, `only`, `ignore`, `allow_fallbacks`, `sort`, `max_price`, \
             `preferred_max_latency`, `preferred_min_throughput`, `require_parameters`, `quantizations`, `data_collection` and `zdr`.";
        let wishes: Object<'_> =
            request.read("provider").map_err(|_| Error::invalid("provider", SHAPE))?.unwrap_or_default();
        let named = |wish: &str| -> Result<Vec<&'static str>, Error> {
            let names: Option<Vec<String>> = wishes.read(wish).map_err(|_| Error::invalid("provider", SHAPE))?;
            let mut seen = HashSet::new();
            let mut providers = Vec::new();
            for name in names.unwrap_or_default() {
                let provider = provider_named(&name, rows)
                    .ok_or_else(|| Error::invalid("provider", "`provider` names a provider that is not known here."))?;
                if seen.insert(provider) {
                    providers.push(provider);
                }
            }
            Ok(providers)
        };
        let (order, only, ignore) = (named("order")?, named("only")?, named("ignore")?);
        let fallbacks = wishes.read("allow_fallbacks").map_err(|_| Error::invalid("provider", SHAPE))?.unwrap_or(true);
        let required = Wishes::read(request, &wishes)?;
        let allowed = rows
            .iter()
            .filter(|row| required.parameters().iter().all(|parameter| parameters::reaches(row, parameter)))
            .map(|row| row.name)
            .filter(|name| pinned.is_none_or(|pinned| pinned == *name))
            .filter(|name| only.is_empty() || only.contains(name))
            .filter(|name| !ignore.contains(name))
            .collect();
        let sort = Sort::read(request, &wishes)?;
        Ok(Self {
            rows,
            allowed,
            order,
            fallbacks,
            wishes: required,
            sort,
            preferred: Preferred::read(&wishes)?,
            hedge_ms: hedge(&wishes)?,
            session_id: text(request, "session_id").filter(|named| is_session(named)),
            session: session(request),
        })
    }
}

/// After how long a second provider is asked: at once where it is 0.
fn hedge(wishes: &Object<'_>) -> Result<Option<u64>, Error> {
    const LONGEST: u64 = 60_000;
    let wrong = || {
        Error::invalid(
            "provider",
            format!("`hedge_ms` of `provider` is a whole number of milliseconds up to {LONGEST}."),
        )
    };
    let hedge: Option<u64> = wishes.read("hedge_ms").map_err(|_| wrong())?;
    if hedge.is_some_and(|hedge| hedge > LONGEST) { Err(wrong()) } else { Ok(hedge) }
}

/// The members that tell of which session a request is a part where it does not say so in `session_id`, the narrowest first; and
/// `metadata.user_id` of a message.
const SESSIONS: [&str; 2] = ["prompt_cache_key", "user"];

/// The longest name of a session, in bytes.
const LONGEST_SESSION: usize = 256;

/// Whether this can be the name of a session. What cannot says nothing.
#[must_use]
pub fn is_session(named: &str) -> bool {
    (1..=LONGEST_SESSION).contains(&named.len())
}

fn text(object: &Object<'_>, name: &str) -> Option<String> {
    object.read(name).ok().flatten()
}

/// Of which session a request is likely to be a part.
fn session(request: &Object<'_>) -> Option<String> {
    let user_id = || text(&request.read("metadata").ok().flatten()?, "user_id");
    let named = SESSIONS.iter().find_map(|name| text(request, name).filter(|named| !named.is_empty()));
    named.or_else(user_id).filter(|named| is_session(named))
}

/// Endings of a model's id by which OpenRouter's clients ask for the cheapest or the fastest of its providers.
const SORTS: [(&str, Sort); 2] = [(":floor", Sort::Price), (":nitro", Sort::Throughput)];

/// `chutes:deepseek/deepseek-r1` names its provider; `deepseek/deepseek-r1:free` is just an id. What asks for an order of providers
/// is no part of it.
#[must_use]
pub fn pinned(model: &str, rows: Rows) -> (Option<&'static str>, &str) {
    let model = SORTS.iter().find_map(|(ending, _)| model.strip_suffix(ending)).unwrap_or(model);
    model
        .split_once(':')
        .and_then(|(name, rest)| Some((provider_named(name, rows)?, rest)))
        .map_or((None, model), |(provider, rest)| (Some(provider), rest))
}

fn provider_named(name: &str, rows: Rows) -> Option<&'static str> {
    rows.iter().map(|row| row.name).find(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests;
