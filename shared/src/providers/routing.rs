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
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::providers::table::PROVIDERS;

    fn read(provider: &str) -> Result<Routing, Error> {
        let request = format!(r#"{{"provider":{provider}}}"#);
        Routing::read(&serde_json::from_str(&request).expect("an object"), None, Rows::TABLE)
    }

    #[test]
    fn a_provider_can_be_pinned_wished_for_or_ignored() {
        assert_eq!(pinned("chutes:deepseek/r1:free", Rows::TABLE), (Some("chutes"), "deepseek/r1:free"));
        assert_eq!(pinned("deepseek/r1:free", Rows::TABLE), (None, "deepseek/r1:free"));
        assert_eq!(pinned("chutes:deepseek/r1:free:floor", Rows::TABLE), (Some("chutes"), "deepseek/r1:free"));
        assert_eq!(pinned("deepseek/r1:nitro", Rows::TABLE), (None, "deepseek/r1"));
        let routing =
            read(r#"{"order":["Chutes","chutes"],"ignore":["portkey"],"allow_fallbacks":false}"#).expect("valid");
        assert_eq!((routing.order, routing.fallbacks), (vec!["chutes"], false));
        assert!(!routing.allowed.contains(&"portkey") && routing.allowed.contains(&"openrouter"));
    }

    #[test]
    fn a_request_without_wishes_lets_all_and_one_that_leaves_out_another_does_not() {
        let own = r#"[{"name":"acme","base_url":"https://acme.example"}]"#;
        let rows = Config::from_lookup(|name| (name == "PROVIDERS_JSON").then(|| own.to_owned())).rows;
        for (wishes, allowed) in [
            ("{}", None),
            (r#"{"order":["acme"]}"#, None),
            (r#"{"only":["acme"]}"#, Some(1)),
            (r#"{"ignore":["acme"]}"#, Some(PROVIDERS.len())),
        ] {
            let request = format!(r#"{{"provider":{wishes}}}"#);
            let routing =
                Routing::read(&serde_json::from_str(&request).expect("an object"), None, rows).expect("valid");
            assert_eq!(routing.allowed_unless_all().map(<[_]>::len), allowed, "{wishes}");
        }
        assert_eq!(pinned("acme:a/b", rows), (Some("acme"), "a/b"));
        assert_eq!(pinned("acme:a/b", Rows::TABLE), (None, "acme:a/b"));
    }

    #[test]
    fn nobody_is_asked_whom_a_required_parameter_does_not_reach() {
        let allowed = |seed: &str, required: bool| {
            let request = format!(r#"{{"seed":{seed},"provider":{{"require_parameters":{required}}}}}"#);
            Routing::read(&serde_json::from_str(&request).expect("an object"), None, Rows::TABLE)
                .expect("valid")
                .allowed
        };
        assert!(!allowed("1", true).contains(&"anthropic") && allowed("1", true).contains(&"openai"));
        assert!(allowed("1", false).contains(&"anthropic") && allowed("null", true).contains(&"anthropic"));
    }

    #[test]
    fn a_sort_is_a_name_or_an_object_or_the_models_ending() {
        for (request, sort) in [
            (r#"{"provider":{"sort":"latency"}}"#, Some(Sort::Latency)),
            (r#"{"provider":{"sort":{"by":"throughput","partition":"none"}}}"#, Some(Sort::Throughput)),
            (r#"{"model":"a/b:nitro"}"#, Some(Sort::Throughput)),
            (r#"{"model":"a/b:floor"}"#, Some(Sort::Price)),
            (r#"{"model":"a/b:nitro","provider":{"sort":"price"}}"#, Some(Sort::Price)),
            (r#"{"model":"a/b:free","provider":{"sort":null}}"#, None),
        ] {
            let read =
                Routing::read(&serde_json::from_str(request).expect("an object"), None, Rows::TABLE).expect("valid");
            assert_eq!(read.sort, sort, "{request}");
        }
    }

    #[test]
    fn a_session_has_the_narrowest_of_its_names() {
        for (request, session) in [
            (r"{}", None),
            (r#"{"user":"u","prompt_cache_key":"k","session_id":"s"}"#, Some("k")),
            (r#"{"user":"u","prompt_cache_key":"k","session_id":""}"#, Some("k")),
            (r#"{"user":"u","session_id":7,"metadata":{"user_id":"m"}}"#, Some("u")),
            (r#"{"metadata":{"user_id":"m"}}"#, Some("m")),
            (r#"{"metadata":"m"}"#, None),
        ] {
            let read =
                Routing::read(&serde_json::from_str(request).expect("an object"), None, Rows::TABLE).expect("valid");
            assert_eq!(read.session.as_deref(), session, "{request}");
            assert_eq!(read.session_id.as_deref(), Some("s").filter(|_| request.contains(r#":"s""#)), "{request}");
        }
        let long = format!(r#"{{"user":"{}"}}"#, "u".repeat(LONGEST_SESSION + 1));
        assert_eq!(
            Routing::read(&serde_json::from_str(&long).expect("an object"), None, Rows::TABLE).expect("valid").session,
            None
        );
    }

    #[test]
    fn wishes_that_cannot_be_read_name_their_member() {
        for wishes in [
            r#"{"zdr":"true"}"#,
            r#"{"max_price":{"prompt":"much"}}"#,
            r#"{"max_price":{"audio":1}}"#,
            r#"{"max_price":1}"#,
            r#"{"sort":"speed"}"#,
            r#"{"sort":{"by":1}}"#,
            r#"{"only":["nobody"]}"#,
            r#"[["chutes"]]"#,
            r#"{"order":"chutes"}"#,
            r#"{"allow_fallbacks":1}"#,
            r#"{"preferred_max_latency":"1"}"#,
            r#"{"hedge_ms":60001}"#,
            r#"{"hedge_ms":-1}"#,
            r#"{"hedge_ms":"5"}"#,
        ] {
            assert_eq!(read(wishes).expect_err(wishes).param.as_deref(), Some("provider"));
        }
        for wishes in [
            r#"{"data_collection":"allow","zdr":true,"quantizations":["fp8","unknown"],"require_parameters":true}"#,
            r#"{"quantizations":[],"sort":"price","max_price":null}"#,
        ] {
            assert!(read(wishes).is_ok(), "{wishes}");
        }
    }
}
