//! A chat completion as the client asks for it, and as it goes to a provider.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::value::RawValue;

use super::{Chat, pictures, prompt, strict};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::formats::charged;
use crate::formats::conversation::{Conversation, instructs};
use crate::formats::openai::answer::OpenAiAnswer;
use crate::formats::openai::body;
use crate::formats::openai::last_events::error_event;
use crate::formats::openai::members::{self, Members};
use crate::formats::openai::named::Named;
use crate::formats::openai::parameters;
use crate::formats::{Demand, Format, Kind, Labels, Request, Target, Units, Upstream, long_cache};
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// What chat has besides, and what providers of other formats would read there.
const MEMBERS: Members = Members {
    known: &["messages", "max_completion_tokens", "modalities", "image_config"],
    // Providers that take these besides `n` write, and charge for, more answers than they give.
    instead: &[("best_of", "n"), ("prompt", "messages")],
    client_tools: &[],
    long_cache: true,
};

/// A client's request, checked as far as money and routing need it. Everything else is passed on.
#[derive(Clone, Debug)]
pub struct ChatRequest {
    body: Bytes,
    demand: Demand,
    /// Whether the client wants the usage at a stream's end.
    include_usage: bool,
    /// In which the client is answered.
    dialect: Dialect,
}

impl ChatRequest {
    /// Reads and checks a request body.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(body: Bytes, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&body)?;
        let (pinned, model) = body::model(&request, rows)?;
        members::check(&request, &MEMBERS)?;
        parameters::check_sampling(&request)?;
        parameters::check_chat(&request)?;
        let (stream, include_usage) = body::streaming(&request)?;
        let choices = body::whole_number(&request, "n", body::MOST_CHOICES)?.unwrap_or(1);
        // The newer name wins, as at OpenAI.
        let newer = body::whole_number(&request, "max_completion_tokens", body::MOST_OUTPUT)?;
        let older = body::whole_number(&request, "max_tokens", body::MOST_OUTPUT)?;
        let routing = Routing::read(&request, pinned, rows)?;
        let prompt = prompt::measure(&request)?;
        let draws = pictures::are_asked(&request)?;
        let demand = Demand {
            model,
            kind: Kind::Chat,
            stream,
            choices,
            output_limit: newer.or(older),
            routing,
            prompt,
            units: Units {
                outputs: if draws { vec!["image"] } else { Vec::new() },
                long_cache: long_cache::is_long(&request),
                ..Units::default()
            },
            // Of a picture that is not there yet nobody sees how much of it is made.
            comes_whole: draws,
            labels: Labels::of_openai(&request),
        };
        Ok(Self { demand, include_usage, dialect: Dialect::OpenAi, body })
    }

    /// The request of a client that speaks this dialect: in OpenRouter's the usage comes unasked.
    #[must_use]
    pub fn spoken_in(self, dialect: Dialect) -> Self {
        let include_usage = self.include_usage || dialect == Dialect::OpenRouter;
        Self { include_usage, dialect, ..self }
    }

    /// The body for a provider: its own name of the model, the output limit that the hold covers, usage always asked
    /// for, and without what only concerns us.
    fn upstream_body(&self, target: &Target<'_>) -> serde_json::Result<Bytes> {
        let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
        // Of the usage every answer tells; no prompt is cut.
        request.remove_all(&["provider", "usage", "transforms"]);
        charged::leave_out(&mut request);
        request.set("model", target.model)?;
        if is_set(&request, "n") {
            // As a provider reads it that knows no 1.0.
            request.set("n", &self.demand.choices)?;
        }
        // In the client's own name, where the provider knows it.
        let mut limits = ["max_tokens", "max_completion_tokens"].to_vec();
        limits.retain(|name| is_set(&request, name));
        if limits.is_empty() || target.provider.quirks.strict {
            limits = vec![target.chat_limit()];
        }
        request.remove_all(&["max_tokens", "max_completion_tokens"]);
        for name in limits {
            request.set(name, &target.output_limit)?;
        }
        // A chat reports what is written into caches in one figure, however long they live; a message tells them apart.
        let tells_apart = target.long_cache && target.provider.path(Format::Chat).is_none();
        if self.demand.units.long_cache && !tells_apart {
            long_cache::shorten(&mut request)?;
        }
        if target.provider.quirks.strict {
            strict::leave_out(&mut request)?;
        }
        body::ask_for_stream(&mut request, true)?;
        serde_json::to_vec(&request).map(Bytes::from)
    }
}

impl Request for ChatRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    fn prompt_text(&self) -> String {
        body::parse_again(&self.body).map(|request| prompt::text(&request)).unwrap_or_default()
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        let body = self.upstream_body(target).map_err(|error| body::unwritable(&error))?;
        let streams = self.demand.stream;
        let answer = OpenAiAnswer::<Chat>::new(self.include_usage, self.demand.choices);
        let answer = answer.spoken_in(self.dialect, streams);
        let answer = Named::over(answer, target, streams).map_err(|error| body::unwritable(&error))?;
        Ok(Upstream {
            format: Format::Chat,
            headers: HeaderMap::new(),
            body,
            streamed: true,
            // A second picture would be paid for as the first, and the first is long in the making.
            repeatable: !self.demand.comes_whole,
            answer,
        })
    }

    fn failure_event(&self, error: &Error) -> Bytes {
        error_event::<Chat>(None, error, self.dialect)
    }

    fn conversation(&self) -> Option<&dyn Conversation> {
        Some(self)
    }
}

impl Conversation for ChatRequest {
    fn messages(&self) -> Result<Vec<Box<RawValue>>, Error> {
        let request = body::parse_again(&self.body)?;
        let messages = request.read("messages").map_err(|error| body::unwritable(&error))?;
        Ok(messages.unwrap_or_default())
    }

    fn with_history(&self, history: &[Box<RawValue>]) -> Result<Arc<dyn Request>, Error> {
        let own = self.messages()?;
        let instructions = own.iter().take_while(|message| instructs(prompt::role(message).as_deref())).count();
        let (instructions, said) = own.split_at(instructions);
        let all: Vec<&RawValue> = instructions.iter().chain(history).chain(said).map(AsRef::as_ref).collect();
        let mut request = body::parse_again(&self.body)?;
        request.set("messages", &all).map_err(|error| body::unwritable(&error))?;
        let body = serde_json::to_vec(&request).map_err(|error| body::unwritable(&error))?;
        // Checked anew as a whole: what was put into the history by hand must not say more than was measured.
        Ok(Arc::new(Self::parse(body.into(), self.demand.routing.rows)?.spoken_in(self.dialect)))
    }
}

fn is_set(request: &Object<'_>, name: &str) -> bool {
    request.get(name).is_some_and(|value| value != "null")
}

#[cfg(test)]
mod tests;
