//! Which providers may serve a request, and in which order: OpenRouter's `provider` object, and a `provider:model` id.

use std::collections::HashSet;

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
}

impl Routing {
    /// Reads the request's `provider` object. `pinned` is the provider that the model's id names.
    ///
    /// # Errors
    /// 400 that names `provider`.
    pub fn read(request: &Object<'_>, pinned: Option<&'static str>) -> Result<Self, Error> {
        const SHAPE: &str = "`provider` is an object with `order`, `only`, `ignore` and `allow_fallbacks`.";
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
        let allowed = PROVIDERS
            .iter()
            .map(|row| row.name)
            .filter(|name| pinned.is_none_or(|pinned| pinned == *name))
            .filter(|name| only.is_empty() || only.contains(name))
            .filter(|name| !ignore.contains(name))
            .collect();
        Ok(Self { allowed, order, fallbacks })
    }
}

/// `chutes:deepseek/deepseek-r1` names its provider; `deepseek/deepseek-r1:free` is just an id.
#[must_use]
pub fn pinned(model: &str) -> (Option<&'static str>, &str) {
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
        let routing =
            read(r#"{"order":["Chutes","chutes"],"ignore":["portkey"],"allow_fallbacks":false}"#).expect("valid");
        assert_eq!((routing.order, routing.fallbacks), (vec!["chutes"], false));
        assert!(!routing.allowed.contains(&"portkey") && routing.allowed.contains(&"openrouter"));
    }

    #[test]
    fn wishes_that_cannot_be_read_name_their_member() {
        for wishes in [r#"{"only":["nobody"]}"#, r#"[["chutes"]]"#, r#"{"order":"chutes"}"#, r#"{"allow_fallbacks":1}"#]
        {
            assert_eq!(read(wishes).expect_err(wishes).param.as_deref(), Some("provider"));
        }
    }
}
