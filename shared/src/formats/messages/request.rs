//! A message as the client asks for it, and as it goes to a provider: natively, or over chat.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::for_chat::FromChat;
use super::native::MessageAnswer;
use super::over_chat::{OverChat, kept_messages, to_chat};
use super::{betas, members, prompt, wire};
use crate::error::Error;
use crate::formats::charged;
use crate::formats::openai::body;
use crate::formats::{Conversation, Demand, Format, Kind, Labels, Request, Target, Units, Upstream, long_cache};
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// The least tokens that a model may think with, as at Anthropic.
const LEAST_BUDGET: u64 = 1024;

/// A client's request, checked as far as money and routing need it. Everything else is passed on.
#[derive(Clone, Debug)]
pub struct MessagesRequest {
    body: Bytes,
    demand: Demand,
    betas: Option<HeaderValue>,
}

impl MessagesRequest {
    /// Reads and checks a request body; of the headers those that say which of Anthropic's betas are used.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(body: Bytes, headers: &HeaderMap, rows: Rows) -> Result<Self, Error> {
        Self::read(body, betas::passed_on(headers), rows)
    }

    fn read(body: Bytes, betas: Option<HeaderValue>, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&body)?;
        let (pinned, model) = body::model(&request, rows)?;
        members::check(&request)?;
        let stream = body::read(&request, "stream", "`stream` is true or false.")?.unwrap_or(false);
        let limit = body::whole_number(&request, "max_tokens", body::MOST_OUTPUT)?;
        let limit = limit.ok_or_else(|| {
            Error::invalid("max_tokens", "`max_tokens` is missing: the most tokens that the model may write.")
        })?;
        let prompt = prompt::measure(&request)?;
        let long_cache = long_cache::is_long(&request);
        let demand = Demand {
            model,
            kind: Kind::Chat,
            stream,
            choices: 1,
            output_limit: Some(limit),
            routing: Routing::read(&request, pinned, rows)?,
            prompt,
            units: Units { long_cache, ..Units::default() },
            comes_whole: false,
            labels: Labels::of_anthropic(&request),
        };
        Ok(Self { demand, betas, body })
    }

    fn native(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        let build = || -> serde_json::Result<Vec<u8>> {
            let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
            request.remove("provider");
            charged::leave_out(&mut request);
            // What says nothing here may be unknown there.
            let empty = |(name, value): (&str, &str)| matches!(value, "null" | "[]").then(|| name.to_owned());
            let empty: Vec<String> = request.iter().filter_map(empty).collect();
            empty.iter().for_each(|name| request.remove(name));
            request.set("model", target.model)?;
            request.set("max_tokens", &target.output_limit)?;
            request.set("stream", &true)?;
            if self.demand.units.long_cache && !target.long_cache {
                long_cache::shorten(&mut request)?;
            }
            if request.get("service_tier").is_some() {
                // What `auto` would choose is charged apart.
                request.set("service_tier", "standard_only")?;
            }
            if let Some(thinking) = request.read::<Map<String, Value>>("thinking").ok().flatten()
                && let Some(thinking) = within(thinking, target.output_limit)
            {
                request.set("thinking", &thinking)?;
            }
            serde_json::to_vec(&request)
        };
        let body = build().map_err(|error| body::unwritable(&error))?.into();
        let mut headers = wire::headers();
        if let Some(betas) = &self.betas {
            headers.insert(betas::HEADER, betas.clone());
        }
        let answer = Box::new(MessageAnswer::named(target.id));
        Ok(Upstream { format: Format::Messages, headers, body, streamed: true, repeatable: true, answer })
    }

    fn over_chat(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        let request = serde_json::from_slice(&self.body).map_err(|error| wire::no_text(&error))?;
        let (chat, reading) = to_chat(request, target)?;
        let body = Value::Object(chat).to_string().into();
        let answer = Box::new(OverChat::new(reading));
        Ok(Upstream { format: Format::Chat, headers: HeaderMap::new(), body, streamed: true, repeatable: true, answer })
    }
}

impl Request for MessagesRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    fn prompt_text(&self) -> String {
        body::parse_again(&self.body).map(|request| prompt::text(&request)).unwrap_or_default()
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        if target.is_native(Format::Messages) { self.native(target) } else { self.over_chat(target) }
    }

    fn failure_event(&self, error: &Error) -> Bytes {
        wire::error_event(error)
    }

    fn keep_alive(&self, _begun: bool) -> &'static [u8] {
        wire::PING
    }

    fn conversation(&self) -> Option<&dyn Conversation> {
        Some(self)
    }
}

impl Conversation for MessagesRequest {
    fn messages(&self) -> Result<Vec<Box<RawValue>>, Error> {
        let request: Map<String, Value> = serde_json::from_slice(&self.body).map_err(|error| wire::no_text(&error))?;
        let raw = |message| to_raw_value(&message).map_err(|error| body::unwritable(&error));
        kept_messages(&request)?.into_iter().map(raw).collect()
    }

    fn with_history(&self, history: &[Box<RawValue>]) -> Result<Arc<dyn Request>, Error> {
        let mut before = FromChat::default();
        for (place, message) in history.iter().enumerate() {
            let message = serde_json::from_str(message.get()).map_err(|error| wire::no_text(&error))?;
            before.take(&message, place)?;
        }
        let join = || -> serde_json::Result<Vec<u8>> {
            let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
            if !before.system.is_empty() {
                request.set("system", &before.system)?;
            }
            let said: Vec<&RawValue> = request.read("messages")?.unwrap_or_default();
            let before = before.messages.iter().map(to_raw_value).collect::<serde_json::Result<Vec<_>>>()?;
            let all: Vec<Box<RawValue>> = before.into_iter().chain(said.into_iter().map(ToOwned::to_owned)).collect();
            request.set("messages", &all)?;
            serde_json::to_vec(&request)
        };
        let body = join().map_err(|error| body::unwritable(&error))?;
        Ok(Arc::new(Self::read(body.into(), self.betas.clone(), self.demand.routing.rows)?))
    }
}

/// A budget for thinking lies below the limit of the answer, which may be less here than the client has asked for: the
/// thinking that goes upstream where it must be another.
fn within(mut thinking: Map<String, Value>, limit: u64) -> Option<Map<String, Value>> {
    let budget = thinking.get("budget_tokens").and_then(Value::as_u64)?;
    if budget < limit {
        return None;
    }
    if limit <= LEAST_BUDGET {
        return Some(Map::from_iter([("type".to_owned(), json!("disabled"))]));
    }
    thinking.insert("budget_tokens".to_owned(), json!(limit - 1));
    Some(thinking)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::Provider;
    use crate::providers::table::PROVIDERS;
    use proptest::prelude::*;

    fn target(name: &str) -> Target<'static> {
        let provider: &'static Provider = PROVIDERS.iter().find(|row| row.name == name).expect("a row");
        Target { id: "m", output_limit: 2000, long_cache: true, ..Target::of(provider) }
    }

    fn parse(body: &Value) -> Result<MessagesRequest, Error> {
        MessagesRequest::parse(Bytes::from(body.to_string()), &HeaderMap::new(), Rows::TABLE)
    }

    fn with(extra: Value) -> Value {
        let mut body =
            json!({"model": "anthropic/claude", "max_tokens": 9000, "messages": [{"role": "user", "content": "hi"}]});
        body.as_object_mut().expect("object").extend(extra.as_object().expect("object").clone());
        body
    }

    fn native(body: &Value) -> Value {
        let sent = parse(body).expect("valid").for_provider(&target("anthropic")).expect("a body");
        assert_eq!((sent.format, sent.headers.get("anthropic-version").is_some()), (Format::Messages, true));
        serde_json::from_slice(&sent.body).expect("json")
    }

    #[test]
    fn a_provider_that_speaks_it_gets_it_as_it_came() {
        let body = with(json!({"system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
            "thinking": {"type": "adaptive"}, "unknown": 1.50, "provider": {"only": ["anthropic"]}}));
        let mut expected = body.clone();
        expected.as_object_mut().expect("object").remove("provider");
        for (name, value) in [("model", json!("up")), ("max_tokens", json!(2000)), ("stream", json!(true))] {
            expected[name] = value;
        }
        assert_eq!(native(&body), expected);
        assert_eq!(native(&with(json!({"service_tier": "auto"})))["service_tier"], "standard_only");
    }

    #[test]
    fn a_cache_of_an_hour_goes_on_where_it_has_a_price_and_is_a_short_one_elsewhere() {
        let hour = json!({"type": "ephemeral", "ttl": "1h"});
        let body = with(json!({"system": [{"type": "text", "text": "s", "cache_control": hour}]}));
        let request = parse(&body).expect("valid");
        assert!(request.demand().units.long_cache);
        assert!(!parse(&with(json!({}))).expect("valid").demand().units.long_cache);
        for (long_cache, ttl) in [(true, "1h"), (false, "5m")] {
            let target = Target { long_cache, ..target("anthropic") };
            let sent = request.for_provider(&target).expect("a body");
            let sent: Value = serde_json::from_slice(&sent.body).expect("json");
            assert_eq!(sent["system"][0]["cache_control"]["ttl"], ttl);
        }
    }

    #[test]
    fn a_budget_for_thinking_stays_below_what_the_hold_covers() {
        let thinking = |budget: u64| native(&with(json!({"thinking": {"type": "enabled", "budget_tokens": budget}})));
        assert_eq!(thinking(8000)["thinking"], json!({"type": "enabled", "budget_tokens": 1999}));
        assert_eq!(thinking(1500)["thinking"], json!({"type": "enabled", "budget_tokens": 1500}));
        let little = within(Map::from_iter([("budget_tokens".to_owned(), json!(8000))]), 100);
        assert_eq!(little.map(Value::Object), Some(json!({"type": "disabled"})));
    }

    #[test]
    fn wrong_members_are_named() {
        for (extra, param) in [
            (json!({"max_tokens": null}), "max_tokens"),
            (json!({"max_tokens": 0}), "max_tokens"),
            (json!({"max_tokens": "9"}), "max_tokens"),
            (json!({"stream": "yes"}), "stream"),
            (json!({"model": ["a"]}), "model"),
            (json!({"model": ""}), "model"),
            (json!({"messages": "hi"}), "messages"),
            (json!({"system": 1}), "system"),
            (json!({"provider": {"only": ["nobody"]}}), "provider"),
            (json!({"service_tier": "priority"}), "service_tier"),
            (json!({"speed": "fast"}), "speed"),
        ] {
            let error = parse(&with(extra.clone())).expect_err(&extra.to_string());
            assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)), "{extra}");
        }
    }

    #[test]
    fn the_betas_that_are_free_go_on() {
        let headers =
            HeaderMap::from_iter([(betas::HEADER, HeaderValue::from_static("effort-2025-11-24,files-api-2025-04-14"))]);
        let request =
            MessagesRequest::parse(Bytes::from(with(json!({})).to_string()), &headers, Rows::TABLE).expect("valid");
        let sent = request.for_provider(&target("openrouter")).expect("a body");
        assert_eq!(sent.headers[betas::HEADER], "effort-2025-11-24");
    }

    proptest! {
        #[test]
        fn no_body_makes_the_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = MessagesRequest::parse(Bytes::from(body), &HeaderMap::new(), Rows::TABLE);
        }

        #[test]
        fn no_json_makes_the_parser_panic(text in r#"\{("(model|messages|system|stream|tools|max_tokens|thinking)":("x"|\[\{"role":"u","content":("y"|\[\]|null)\}\]|-?[0-9]{1,30}|true|null|\{\}),?){0,5}\}"#) {
            match MessagesRequest::parse(Bytes::from(text), &HeaderMap::new(), Rows::TABLE) {
                Err(error) => prop_assert_eq!(error.http_status().as_u16(), 400),
                Ok(request) => for provider in ["anthropic", "portkey"] {
                    let _ = request.for_provider(&target(provider));
                },
            }
        }
    }
}
