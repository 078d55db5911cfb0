//! A chat completion as the client asks for it, and as it goes to a provider.

use std::collections::HashSet;

use bytes::Bytes;
use serde::Deserialize;

use super::prompt::Prompt;
use crate::error::{Code, Error};
use crate::object::Object;
use crate::providers::table::PROVIDERS;
use crate::whole::Whole;

/// The most choices of one call, as at OpenAI.
const MOST_CHOICES: u64 = 128;
/// Beyond this no model writes; it keeps sums of limits far from any overflow.
const MOST_OUTPUT: u64 = 10_000_000;

/// Members with which a provider would do, and charge for, something that is not priced here.
const NOT_PRICED: [(&str, &str); 5] = [
    ("models", "`models` would let the provider choose; name one model in `model`, fallbacks are automatic."),
    ("route", "`route` would let the provider choose; fallbacks are automatic."),
    ("plugins", "`plugins` are charged apart by the provider and are not offered here."),
    ("web_search_options", "Web search is charged apart by the provider and is not offered here."),
    ("preset", "`preset` would let the provider choose; say in the request what you want."),
];

/// A client's request, checked as far as money and routing need it. Everything else is passed on.
#[derive(Clone, Debug)]
pub struct ChatRequest {
    body: Bytes,
    /// The model's id in the catalog.
    pub model: String,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// Whether the client wants the usage at a stream's end.
    pub include_usage: bool,
    /// `n`.
    pub choices: u64,
    /// The client's own limit of a choice, in tokens.
    pub output_limit: Option<u64>,
    /// Which providers, in which order.
    pub routing: Routing,
    /// The prompt's measure.
    pub prompt: Prompt,
}

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

impl ChatRequest {
    /// Reads and checks a request body.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(body: Bytes) -> Result<Self, Error> {
        let request: Object<'_> = parse_object(&body)?;
        let model: String = read(&request, "model", "`model` is a text.")?
            .ok_or_else(|| Error::new(Code::MissingModel).with_param("model"))?;
        if model.is_empty() || model.len() > 256 || model.chars().any(char::is_control) {
            return Err(Error::new(Code::MissingModel).with_param("model"));
        }
        for (member, message) in NOT_PRICED {
            if request.get(member).is_some_and(|value| value != "null") {
                return Err(Error::invalid(member, message));
            }
        }
        // Read as a text: escapes in it would be read by the provider, too.
        let tier: Option<String> = read(&request, "service_tier", "`service_tier` is a text.")?;
        if tier.is_some_and(|tier| tier.to_ascii_lowercase().contains("priority")) {
            return Err(Error::invalid("service_tier", "The priority tier is charged apart and is not offered here."));
        }
        let stream = read(&request, "stream", "`stream` is true or false.")?.unwrap_or(false);
        let options: Option<Object<'_>> = read(&request, "stream_options", "`stream_options` is an object.")?;
        let include_usage = options.as_ref().map_or(Ok(None), |options| options.read("include_usage"));
        let include_usage: Option<bool> =
            include_usage.map_err(|_| Error::invalid("stream_options", "`include_usage` is true or false."))?;
        if options.is_some() && !stream {
            return Err(Error::invalid("stream_options", "`stream_options` goes with `stream: true` only."));
        }
        let choices = whole_number(&request, "n", MOST_CHOICES)?.unwrap_or(1);
        // The newer name wins, as at OpenAI.
        let newer = whole_number(&request, "max_completion_tokens", MOST_OUTPUT)?;
        let older = whole_number(&request, "max_tokens", MOST_OUTPUT)?;
        let output_limit = newer.or(older);
        let (pinned, model) = pinned(&model);
        let model = model.to_owned();
        let routing = routing(&request, pinned)?;
        let prompt = Prompt::measure(&request)?;
        Ok(Self {
            model,
            stream,
            include_usage: include_usage.unwrap_or(false),
            choices,
            output_limit,
            routing,
            prompt,
            body,
        })
    }

    /// The body for a provider: its own name of the model, the output limit that the hold covers, usage always asked
    /// for, and without what only concerns us.
    ///
    /// # Errors
    /// `internal_error`, should what was read before not be readable now.
    pub fn upstream_body(&self, model: &str, output_limit: u64, reasoning: bool) -> Result<Bytes, Error> {
        let build = || -> serde_json::Result<Vec<u8>> {
            let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
            request.keep_last_of_each();
            request.remove("provider");
            request.set("model", model)?;
            if request.get("n").is_some_and(|value| value != "null") {
                // As a provider reads it that knows no 1.0.
                request.set("n", &self.choices)?;
            }
            let old = request.get("max_tokens").is_some_and(|value| value != "null");
            let new = request.get("max_completion_tokens").is_some_and(|value| value != "null");
            request.remove("max_tokens");
            request.remove("max_completion_tokens");
            // In the client's own name; unasked, reasoning models know only the newer one.
            if old || !(new || reasoning) {
                request.set("max_tokens", &output_limit)?;
            }
            if new || (reasoning && !old) {
                request.set("max_completion_tokens", &output_limit)?;
            }
            if self.stream {
                let given = request.get("stream_options").unwrap_or("{}").to_owned();
                let mut options: Object<'_> =
                    if given == "null" { Object::default() } else { serde_json::from_str(&given)? };
                options.set("include_usage", &true)?;
                request.set("stream_options", &options)?;
            } else {
                request.remove("stream_options");
            }
            serde_json::to_vec(&request)
        };
        build().map(Bytes::from).map_err(|error| {
            tracing::error!(%error, "a request that was read before cannot be read again");
            Error::new(Code::InternalError)
        })
    }

    /// All text of the prompt, for a real count.
    #[must_use]
    pub fn prompt_text(&self) -> String {
        parse_object(&self.body).map(|request| Prompt::text(&request)).unwrap_or_default()
    }

    /// What the call takes from the token limits until its real tokens are known: about four bytes a token, and the
    /// client's output limit or a usual answer.
    #[must_use]
    pub fn token_estimate(&self) -> u64 {
        const USUAL_ANSWER: u64 = 1024;
        const USUAL_IMAGE: u64 = 1000;
        let output = self.output_limit.map_or(USUAL_ANSWER, |limit| limit.min(4 * USUAL_ANSWER));
        self.prompt.bound / 4 + self.prompt.images * USUAL_IMAGE + output * self.choices
    }
}

fn parse_object(body: &Bytes) -> Result<Object<'_>, Error> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("The body is not a JSON object: {}.", describe(&error));
        Error::new(Code::InvalidJson).with_message(message)
    })
}

/// Where JSON goes wrong, without quoting what is there.
fn describe(error: &serde_json::Error) -> String {
    let what = if error.is_eof() { "it ends too early" } else { "something is wrong" };
    format!("{what} at line {}, column {}", error.line(), error.column())
}

fn read<'s, T: Deserialize<'s>>(
    request: &'s Object<'_>,
    name: &'static str,
    message: &'static str,
) -> Result<Option<T>, Error> {
    request.read(name).map_err(|_| Error::invalid(name, message))
}

/// A whole number from 1 to `most`.
fn whole_number(request: &Object<'_>, name: &'static str, most: u64) -> Result<Option<u64>, Error> {
    let out_of_range = || Error::invalid(name, format!("`{name}` is a whole number from 1 to {most}."));
    let number = request.read::<Whole>(name).map_err(|_| out_of_range())?;
    let in_range = |Whole(number)| u64::try_from(number).ok().filter(|number| (1..=most).contains(number));
    number.map(|number| in_range(number).ok_or_else(out_of_range)).transpose()
}

/// `chutes:deepseek/deepseek-r1` names its provider; `deepseek/deepseek-r1:free` is just an id.
fn pinned(model: &str) -> (Option<&'static str>, &str) {
    model
        .split_once(':')
        .and_then(|(name, rest)| Some((provider_named(name)?, rest)))
        .map_or((None, model), |(provider, rest)| (Some(provider), rest))
}

fn provider_named(name: &str) -> Option<&'static str> {
    PROVIDERS.iter().map(|row| row.name).find(|known| known.eq_ignore_ascii_case(name))
}

fn routing(request: &Object<'_>, pinned: Option<&'static str>) -> Result<Routing, Error> {
    const SHAPE: &str = "`provider` is an object with `order`, `only`, `ignore` and `allow_fallbacks`.";
    let wishes: Object<'_> = read(request, "provider", SHAPE)?.unwrap_or_default();
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
    Ok(Routing { allowed, order, fallbacks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn parse(body: &Value) -> Result<ChatRequest, Error> {
        ChatRequest::parse(Bytes::from(body.to_string()))
    }

    fn with(extra: Value) -> Value {
        let mut body = json!({"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "hi"}]});
        body.as_object_mut().expect("object").extend(extra.as_object().expect("object").clone());
        body
    }

    fn upstream(body: Value) -> Value {
        let sent = parse(&body).expect("valid").upstream_body("up", 77, false).expect("a body");
        serde_json::from_slice(&sent).expect("json")
    }

    #[test]
    fn the_holds_limit_goes_upstream_in_the_clients_own_name() {
        assert_eq!(upstream(with(json!({})))["max_tokens"], 77);
        let new = upstream(with(json!({"max_completion_tokens": 5000})));
        assert_eq!((&new["max_completion_tokens"], &new["max_tokens"]), (&json!(77), &Value::Null));
        let both = upstream(with(json!({"max_completion_tokens": 5, "max_tokens": 9})));
        assert_eq!((&both["max_completion_tokens"], &both["max_tokens"]), (&json!(77), &json!(77)));
        assert_eq!(upstream(with(json!({"max_tokens": null})))["max_tokens"], 77);
    }

    #[test]
    fn usage_is_always_asked_for_and_unknown_members_are_passed_on() {
        let sent = upstream(with(json!({"stream": true, "stream_options": {"x": 1}, "reasoning_effort": "low",
                                        "provider": {"only": ["chutes"]}})));
        assert_eq!(sent["stream_options"], json!({"x": 1, "include_usage": true}));
        assert_eq!(sent["reasoning_effort"], "low");
        assert!(sent.get("provider").is_none());
        assert_eq!(sent["model"], "up");
    }

    #[test]
    fn a_provider_can_be_pinned_wished_for_or_ignored() {
        let pinned = parse(&with(json!({"model": "chutes:deepseek/r1:free"}))).expect("valid");
        assert_eq!((pinned.model.as_str(), pinned.routing.allowed), ("deepseek/r1:free", vec!["chutes"]));
        let free = parse(&with(json!({"model": "deepseek/r1:free"}))).expect("valid");
        assert_eq!((free.model.as_str(), free.routing.allowed.len()), ("deepseek/r1:free", PROVIDERS.len()));
        let wishes = json!({"provider": {"order": ["Chutes"], "ignore": ["portkey"], "allow_fallbacks": false}});
        let routing = parse(&with(wishes)).expect("valid").routing;
        assert_eq!((routing.order, routing.fallbacks), (vec!["chutes"], false));
        assert!(!routing.allowed.contains(&"portkey"));
    }

    #[test]
    fn wrong_members_are_named() {
        for (extra, param) in [
            (json!({"n": 0}), "n"),
            (json!({"n": 129}), "n"),
            (json!({"n": 1.5}), "n"),
            (json!({"max_tokens": -1}), "max_tokens"),
            (json!({"max_tokens": 1e40}), "max_tokens"),
            (json!({"max_completion_tokens": "9"}), "max_completion_tokens"),
            (json!({"stream": "yes"}), "stream"),
            (json!({"stream_options": {"include_usage": true}}), "stream_options"),
            (json!({"model": ["a"]}), "model"),
            (json!({"model": ""}), "model"),
            (json!({"messages": "hi"}), "messages"),
            (json!({"provider": {"only": ["nobody"]}}), "provider"),
            (json!({"models": ["dearer"]}), "models"),
            (json!({"plugins": [{"id": "web"}]}), "plugins"),
            (json!({"service_tier": "priority"}), "service_tier"),
            (json!({"stream": true, "stream_options": [true]}), "stream_options"),
            (json!({"provider": [["chutes"]]}), "provider"),
        ] {
            let error = parse(&with(extra.clone())).expect_err(&extra.to_string());
            assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)), "{extra}");
        }
    }

    #[test]
    fn a_repeated_member_cannot_say_two_things() {
        let body =
            r#"{"model":"a","messages":[{"role":"user","content":"x"}],"max_tokens":1,"max_tokens":9000,"n":1,"n":3}"#;
        let request = ChatRequest::parse(Bytes::from(body)).expect("valid");
        assert_eq!((request.output_limit, request.choices), (Some(9000), 3));
        let sent = request.upstream_body("up", 77, false).expect("a body");
        assert_eq!(String::from_utf8_lossy(&sent).matches("max_tokens").count(), 1);
    }

    proptest! {
        #[test]
        fn no_body_makes_the_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = ChatRequest::parse(Bytes::from(body));
        }

        #[test]
        fn no_json_makes_the_parser_panic(text in r#"\{("(model|messages|n|stream)":("x"|\[\{"role":"u","content":("y"|\[\]|null)\}\]|-?[0-9]{1,30}|true|null|\{\}),?){0,5}\}"#) {
            if let Err(error) = ChatRequest::parse(Bytes::from(text)) {
                prop_assert_eq!(error.http_status().as_u16(), 400);
            }
        }
    }
}
