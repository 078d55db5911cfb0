//! A response as the client asks for it, and as it goes to a provider: natively, or over chat.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::head::{Head, Name, Own, id_of};
use super::native::ResponseAnswer;
use super::over_chat::{OverChat, sealed_by_us, to_chat};
use super::tools::{Tools, is_search};
use super::{items, members, prompt, references, wire};
use crate::credits::units::Units;
use crate::error::{Code, Error};
use crate::formats::charged;
use crate::formats::chat::pictures;
use crate::formats::events::{KEEP_ALIVE, event_of};
use crate::formats::openai::{body, parameters};
use crate::formats::{Conversation, Demand, Format, Kind, Labels, Request, Storable, Target, Upstream};
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// Asks for what a model has thought as it takes it back.
const SEALED_THOUGHTS: &str = "reasoning.encrypted_content";

/// A client's request, checked as far as money and routing need it.
#[derive(Clone, Debug)]
pub struct ResponsesRequest {
    pub(super) body: Bytes,
    demand: Demand,
    pub(super) tools: Tools,
    pub(super) name: Name,
    /// Whether the response is to be stored.
    pub(super) stored: bool,
    /// The stored response that it goes on from.
    pub(super) previous: Option<Uuid>,
    /// The items of stored responses to which the input refers.
    pub(super) refers: Vec<String>,
}

impl ResponsesRequest {
    /// Reads and checks a request body.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(body: Bytes, rows: Rows) -> Result<Self, Error> {
        Self::read(body, Name::new(), rows)
    }

    /// The same request as a turn of a chat that is kept, which keeps what is said in it: nothing is stored besides.
    ///
    /// # Errors
    /// 400 when it goes on from a stored response, or refers to its items: what came before would be said twice.
    pub fn in_session(self) -> Result<Self, Error> {
        if self.previous.is_some() {
            let message = "A turn of a chat session goes on from what was said there; leave out `previous_response_id`, or the session.";
            return Err(Error::invalid("previous_response_id", message));
        }
        if !self.refers.is_empty() {
            let message = "A turn of a chat session goes on from what was said there; leave out what refers to it, or the session.";
            return Err(Error::invalid("input", message));
        }
        Ok(Self { stored: false, ..self })
    }

    /// The items of the input; a text is one.
    pub(super) fn input(&self) -> Result<Vec<Box<RawValue>>, Error> {
        let request = body::parse_again(&self.body)?;
        let items = || -> serde_json::Result<Vec<Box<RawValue>>> {
            let input = request.get("input").unwrap_or("[]");
            if input.starts_with('[') {
                return serde_json::from_str(input);
            }
            let text: &RawValue = serde_json::from_str(input)?;
            let content = [json!({ "type": "input_text", "text": text })];
            Ok(vec![to_raw_value(&json!({ "type": "message", "role": "user", "content": content }))?])
        };
        items().map_err(|error| body::unwritable(&error))
    }

    /// The same request with this input, checked anew as a whole.
    pub(super) fn with_input(&self, items: &[Box<RawValue>]) -> Result<Self, Error> {
        let mut request = body::parse_again(&self.body)?;
        request.set("input", items).map_err(|error| body::unwritable(&error))?;
        let body = serde_json::to_vec(&request).map_err(|error| body::unwritable(&error))?;
        Self::read(body.into(), self.name.clone(), self.demand.routing.rows)
    }

    /// The same request, whose answer is stored, or is not.
    pub(super) fn storing(self, stored: bool) -> Self {
        Self { stored, ..self }
    }

    /// Reads the request of the response of this name.
    fn read(body: Bytes, name: Name, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&body)?;
        let (pinned, model) = body::model(&request, rows)?;
        members::check(&request)?;
        parameters::check_sampling(&request)?;
        let (stream, _) = body::streaming(&request)?;
        let draws = pictures::are_asked(&request)?;
        let demand = Demand {
            model,
            stream,
            choices: 1,
            output_limit: body::whole_number(&request, "max_output_tokens", body::MOST_OUTPUT)?,
            routing: Routing::read(&request, pinned, rows)?,
            prompt: prompt::measure(&request)?,
            // Of a picture that is not there yet nobody sees how much of it is made.
            comes_whole: draws,
            kind: Kind::Chat,
            units: Units { outputs: if draws { vec!["image"] } else { Vec::new() }, ..Units::default() },
            labels: Labels::of_responses(&request),
        };
        // As at OpenAI, where nothing is said.
        let stored = request.read("store").ok().flatten().unwrap_or(true);
        let previous: Option<String> = request.read("previous_response_id").ok().flatten();
        let previous = previous.map(|name| id_of(&name));
        let refers = references::read(&request)?;
        let tools = Tools::read(&whole(&body)?)?;
        Ok(Self { demand, tools, name, stored, previous, refers, body })
    }

    fn head(&self, request: &Map<String, Value>, model: &str) -> Head {
        Head::of(request, model, self.name.clone(), self.stored)
    }

    fn native(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        let asked: Object<'_> = body::parse_again(&self.body)?;
        let include: Vec<String> = asked.read("include").ok().flatten().unwrap_or_default();
        let hides_thoughts = self.stored && target.reasoning && !include.iter().any(|wanted| wanted == SEALED_THOUGHTS);
        let build = || -> serde_json::Result<Vec<u8>> {
            let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
            request.remove("provider");
            charged::leave_out(&mut request);
            // It asks for nothing, however it says so.
            request.remove("background");
            // Text is what it is asked for here: pictures come by way of a chat.
            request.remove_all(&["modalities", "image_config"]);
            // What was said before is in the input by now.
            request.remove("previous_response_id");
            let options: Option<Object<'_>> = request.read("stream_options")?;
            let obfuscates: Option<bool> =
                options.and_then(|options| options.read("include_obfuscation").ok().flatten());
            request.remove("stream_options");
            if let Some(obfuscates) = obfuscates.filter(|_| self.demand.stream) {
                // All else belongs to chat.
                request.set("stream_options", &json!({ "include_obfuscation": obfuscates }))?;
            }
            // What says nothing here may be unknown there.
            let empty = |(name, value): (&str, &str)| (value == "null").then(|| name.to_owned());
            let empty: Vec<String> = request.iter().filter_map(empty).collect();
            empty.iter().for_each(|name| request.remove(name));
            request.set("model", target.model)?;
            request.set("max_output_tokens", &target.output_limit)?;
            request.set("stream", &true)?;
            // Whoever uses the gateway's account could read what is kept there.
            request.set("store", &false)?;
            if hides_thoughts {
                // By which a model goes on where it was: who goes on from the response need not have asked for them.
                let include: Vec<&str> = include.iter().map(String::as_str).chain([SEALED_THOUGHTS]).collect();
                request.set("include", &include)?;
            }
            if let Some(input) = kept_items(&request)? {
                request.set("input", &input)?;
            }
            if let Some(tools) = kept_tools(&request)? {
                request.set("tools", &tools)?;
            }
            serde_json::to_vec(&request)
        };
        let body = build().map_err(|error| body::unwritable(&error))?.into();
        let limit = asked.read("max_output_tokens").ok().flatten().unwrap_or(Value::Null);
        let previous = asked.read("previous_response_id").ok().flatten().unwrap_or(Value::Null);
        let (model, id) = (target.id.to_owned(), self.name.of_response());
        let credit_limited = target.credit_limited;
        let own = Own { model, limit, id, stored: self.stored, previous, hides_thoughts, credit_limited };
        let answer = Box::new(ResponseAnswer::new(own));
        Ok(Upstream {
            format: Format::Responses,
            headers: HeaderMap::new(),
            body,
            streamed: true,
            repeatable: true,
            answer,
        })
    }

    fn over_chat(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        let request = whole(&self.body)?;
        let head = self.head(&request, target.id);
        let (chat, reading) = to_chat(&request, &self.tools, head, target);
        let body = Value::Object(chat).to_string().into();
        let answer = Box::new(OverChat::new(reading));
        Ok(Upstream {
            format: Format::Chat,
            headers: HeaderMap::new(),
            body,
            streamed: true,
            // A second picture would be paid for as the first.
            repeatable: !self.demand.comes_whole,
            answer,
        })
    }
}

/// The body as values. It was read member by member before, and may hold a text that is none: half a surrogate pair, say.
pub(super) fn whole(body: &Bytes) -> Result<Map<String, Value>, Error> {
    serde_json::from_slice(body).map_err(|_| {
        Error::new(Code::InvalidJson)
            .with_message("The body holds a text that is no Unicode, or a number that is too large.")
    })
}

/// The items that go on where some stay here: those whose tools ran at a provider, thoughts that another provider has sealed, and
/// thoughts that a provider would have to know by their names, since it keeps none.
fn kept_items(request: &Object<'_>) -> serde_json::Result<Option<Vec<Box<RawValue>>>> {
    let input = request.get("input").unwrap_or("null");
    if !input.starts_with('[') {
        return Ok(None);
    }
    let items: Vec<&RawValue> = serde_json::from_str(input)?;
    let stays = |item: &RawValue| {
        let item: Object<'_> = serde_json::from_str(item.get()).unwrap_or_default();
        let kind: String = item.read("type").ok().flatten().unwrap_or_default();
        let sealed = item.get("encrypted_content").filter(|sealed| *sealed != "null");
        let says_nothing = || item.get("content").is_none_or(|content| matches!(content, "null" | "[]"));
        prompt::LEFT_OUT.contains(&kind.as_str())
            || (kind == "reasoning" && (sealed_by_us(sealed) || (sealed.is_none() && says_nothing())))
    };
    Ok(without(&items, stays))
}

/// The tools that go on where a search of the web stays here.
fn kept_tools(request: &Object<'_>) -> serde_json::Result<Option<Vec<Box<RawValue>>>> {
    let Some(tools) = request.read::<Vec<&RawValue>>("tools")? else { return Ok(None) };
    let searches = |tool: &RawValue| {
        let tool: Object<'_> = serde_json::from_str(tool.get()).unwrap_or_default();
        tool.read::<String>("type").ok().flatten().is_some_and(|kind| is_search(&kind))
    };
    Ok(without(&tools, searches))
}

/// The list without those that stay here; none where all go on.
fn without(list: &[&RawValue], stays: impl Fn(&RawValue) -> bool) -> Option<Vec<Box<RawValue>>> {
    let kept = list.iter().filter(|one| !stays(one));
    let kept: Vec<Box<RawValue>> = kept.map(|one| (*one).to_owned()).collect();
    (kept.len() < list.len()).then_some(kept)
}

impl Request for ResponsesRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    fn prompt_text(&self) -> String {
        body::parse_again(&self.body).map(|request| prompt::text(&request)).unwrap_or_default()
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        match target.is_native(Format::Responses) {
            // Only a chat has a place for pictures upstream: another provider may draw them.
            true if self.demand.comes_whole => Err(Error::new(Code::NoProvider)),
            true => self.native(target),
            false => self.over_chat(target),
        }
    }

    /// The SDKs take no other event for the first one than `response.created`.
    fn failure_event(&self, error: &Error) -> Bytes {
        // Of a response that nobody has begun nothing is stored.
        let request = whole(&self.body).unwrap_or_default();
        let head = Head::of(&request, &self.demand.model, self.name.clone(), false);
        let mut writer = items::Writer::default();
        writer.begin(&head.response("in_progress", Vec::new()));
        let mut response = head.response("failed", Vec::new());
        response.insert("error".to_owned(), wire::failure(error));
        writer.event("response.failed", json!({ "response": response }));
        writer.take().iter().flat_map(event_of).collect()
    }

    fn keep_alive(&self, begun: bool) -> &'static [u8] {
        if begun { wire::KEEP_ALIVE } else { KEEP_ALIVE }
    }

    fn conversation(&self) -> Option<&dyn Conversation> {
        Some(self)
    }

    fn storable(&self) -> Option<&dyn Storable> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;
