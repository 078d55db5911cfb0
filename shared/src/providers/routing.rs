//! Which providers may serve a request, and in which order: OpenRouter's `provider` object, and a `provider:model` id.

use std::collections::HashSet;

use super::max_price::MaxPrice;
use super::table::PROVIDERS;
use crate::error::Error;
use crate::object::Object;

/// The request's wishes about providers (OpenRouter's `provider` object, and a `provider:model` id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// The providers that may serve it.
    pub allowed: Vec<&'static str>,
    /// Those to be tried first.
    pub order: Vec<&'static str>,
    /// Whether a second provider may be asked when the first one fails.
    pub fallbacks: bool,
    /// What a route may cost.
    pub max_price: Option<MaxPrice>,
    /// By what those come that are not wished for by name.
    pub sort: Option<Sort>,
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
    pub fn read(request: &Object<'_>, pinned: Option<&'static str>) -> Result<Self, Error> {
        const SHAPE: &str =
            "`provider` is an object with `order`, `only`, `ignore`, `allow_fallbacks`, `max_price` and `sort`.";
        let wishes: Object<'_> =
            request.read("provider").map_err(|_| Error::invalid("provider", SHAPE))?.unwrap_or_default();
        let named = |wish: &str| -> Result<Vec<&'static str>, Error> {
            let names: Option<Vec<String>> = wishes.read(wish).map_err(|_| Error::invalid("provider", SHAPE))?;
            let mut seen = HashSet::new();
            let mut providers = Vec::new();
            for name in names.unwrap_or_default() {
                let provider = provider_named(&name)
                    .ok_or_else(|| Error::invalid("provider", "`provider` names a provider that is not known here."))?;
                if seen.insert(provider) {
                    providers.push(provider);
                }
            }
            Ok(providers)
        };
        let (order, only, ignore) = (named("order")?, named("only")?, named("ignore")?);
        let fallbacks = wishes.read("allow_fallbacks").map_err(|_| Error::invalid("provider", SHAPE))?.unwrap_or(true);
        refuse_unkept(&wishes)?;
        let allowed = PROVIDERS
            .iter()
            .map(|row| row.name)
            .filter(|name| pinned.is_none_or(|pinned| pinned == *name))
            .filter(|name| only.is_empty() || only.contains(name))
            .filter(|name| !ignore.contains(name))
            .collect();
        let (max_price, sort) = (MaxPrice::read(&wishes)?, Sort::read(request, &wishes)?);
        Ok(Self { allowed, order, fallbacks, max_price, sort })
    }
}

/// Refuses what would be a promise that nobody keeps: of no route is it known whether its provider keeps what it is sent, or how
/// exact its weights are.
fn refuse_unkept(wishes: &Object<'_>) -> Result<(), Error> {
    let is = |wish: &str, value: &str| wishes.get(wish) == Some(value);
    let exactness: Vec<String> = wishes.read("quantizations").ok().flatten().unwrap_or_default();
    let message = if is("data_collection", "\"deny\"") || is("zdr", "true") {
        "Of no provider is it known here that it keeps nothing of what it is sent: leave out `data_collection` and `zdr`, and name in \
         `only` those that you trust."
    } else if !exactness.is_empty() && !exactness.iter().any(|exactness| exactness == "unknown") {
        "Of no route is it known here how its weights are quantized: leave out `quantizations`, or let it hold `unknown`."
    } else {
        return Ok(());
    };
    Err(Error::invalid("provider", message))
}

/// Endings of a model's id by which OpenRouter's clients ask for the cheapest or the fastest of its providers.
const SORTS: [(&str, Sort); 2] = [(":floor", Sort::Price), (":nitro", Sort::Throughput)];

/// `chutes:deepseek/deepseek-r1` names its provider; `deepseek/deepseek-r1:free` is just an id. What asks for an order of providers
/// is no part of it.
#[must_use]
pub fn pinned(model: &str) -> (Option<&'static str>, &str) {
    let model = SORTS.iter().find_map(|(ending, _)| model.strip_suffix(ending)).unwrap_or(model);
    model
        .split_once(':')
        .and_then(|(name, rest)| Some((provider_named(name)?, rest)))
        .map_or((None, model), |(provider, rest)| (Some(provider), rest))
}

fn provider_named(name: &str) -> Option<&'static str> {
    PROVIDERS.iter().map(|row| row.name).find(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(provider: &str) -> Result<Routing, Error> {
        let request = format!(r#"{{"provider":{provider}}}"#);
        Routing::read(&serde_json::from_str(&request).expect("an object"), None)
    }

    #[test]
    fn a_provider_can_be_pinned_wished_for_or_ignored() {
        assert_eq!(pinned("chutes:deepseek/r1:free"), (Some("chutes"), "deepseek/r1:free"));
        assert_eq!(pinned("deepseek/r1:free"), (None, "deepseek/r1:free"));
        assert_eq!(pinned("chutes:deepseek/r1:free:floor"), (Some("chutes"), "deepseek/r1:free"));
        assert_eq!(pinned("deepseek/r1:nitro"), (None, "deepseek/r1"));
        let routing =
            read(r#"{"order":["Chutes","chutes"],"ignore":["portkey"],"allow_fallbacks":false}"#).expect("valid");
        assert_eq!((routing.order, routing.fallbacks), (vec!["chutes"], false));
        assert!(!routing.allowed.contains(&"portkey") && routing.allowed.contains(&"openrouter"));
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
            let read = Routing::read(&serde_json::from_str(request).expect("an object"), None).expect("valid");
            assert_eq!(read.sort, sort, "{request}");
        }
    }

    #[test]
    fn wishes_that_cannot_be_read_name_their_member() {
        for wishes in [
            r#"{"data_collection":"deny"}"#,
            r#"{"zdr":true}"#,
            r#"{"quantizations":["fp8"]}"#,
            r#"{"max_price":{"prompt":"much"}}"#,
            r#"{"max_price":{"audio":1}}"#,
            r#"{"max_price":1}"#,
            r#"{"sort":"speed"}"#,
            r#"{"sort":{"by":1}}"#,
            r#"{"only":["nobody"]}"#,
            r#"[["chutes"]]"#,
            r#"{"order":"chutes"}"#,
            r#"{"allow_fallbacks":1}"#,
        ] {
            assert_eq!(read(wishes).expect_err(wishes).param.as_deref(), Some("provider"));
        }
        for wishes in [
            r#"{"data_collection":"allow","zdr":false,"quantizations":["fp8","unknown"],"require_parameters":true}"#,
            r#"{"quantizations":[],"sort":"price","max_price":null}"#,
        ] {
            assert!(read(wishes).is_ok(), "{wishes}");
        }
    }
}
