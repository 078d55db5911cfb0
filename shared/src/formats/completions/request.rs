//! A text completion as the client asks for it, and as it goes to a provider: natively, or over chat.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::json;

use super::Completions;
use super::over_chat::OverChat;
use super::prompt;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::formats::charged;
use crate::formats::openai::answer::OpenAiAnswer;
use crate::formats::openai::body;
use crate::formats::openai::last_events::error_event;
use crate::formats::openai::members::{self, Members, reaches_prompt};
use crate::formats::openai::named::Named;
use crate::formats::openai::parameters;
use crate::formats::openai::texts::Texts;
use crate::formats::{Demand, Format, Kind, Labels, Request, Target, Units, Upstream};
use crate::integer::Integer;
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// Output tokens where the client says nothing, as at OpenAI.
const USUAL_OUTPUT: u64 = 16;
/// Members that mean the same in a chat completion.
const SAME_IN_CHAT: [&str; 8] =
    ["temperature", "top_p", "stop", "presence_penalty", "frequency_penalty", "logit_bias", "seed", "user"];

/// What text completions have besides, and what a provider that takes chat at the same address would read there.
const MEMBERS: Members = Members {
    known: &["prompt", "best_of", "suffix"],
    instead: &[
        ("max_completion_tokens", "max_tokens"),
        ("messages", "prompt"),
        ("input", "prompt"),
        ("tools", "POST /v1/chat/completions"),
        ("functions", "POST /v1/chat/completions"),
    ],
    client_tools: &[],
    long_cache: false,
};

/// A client's request, checked as far as money and routing need it.
#[derive(Clone, Debug)]
pub struct CompletionRequest {
    body: Bytes,
    demand: Demand,
    prompt: Texts,
    /// How many completions of a prompt the client gets.
    wanted: u64,
    /// How many are written of which the best are given. A provider cannot stream those.
    best_of: u64,
    include_usage: bool,
}

impl CompletionRequest {
    /// Reads and checks a request body.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(body: Bytes, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&body)?;
        let (pinned, model) = body::model(&request, rows)?;
        members::check(&request, &MEMBERS)?;
        parameters::check_sampling(&request)?;
        let (stream, include_usage) = body::streaming(&request)?;
        let prompt = prompt::read(&request)?;
        let wanted = body::whole_number(&request, "n", body::MOST_CHOICES)?.unwrap_or(1);
        let best_of = body::whole_number(&request, "best_of", body::MOST_CHOICES)?.unwrap_or(wanted);
        if best_of < wanted {
            return Err(Error::invalid("best_of", "`best_of` is at least `n`."));
        }
        if stream && best_of > wanted {
            return Err(Error::invalid("best_of", "`best_of` greater than `n` cannot be streamed."));
        }
        let logprobs: Option<Integer> = body::read(&request, "logprobs", "`logprobs` is a whole number from 0 to 20.")?;
        if logprobs.is_some_and(|Integer(wanted)| !(0..=20).contains(&wanted)) {
            return Err(Error::invalid("logprobs", "`logprobs` is a whole number from 0 to 20."));
        }
        let suffix: Option<String> = body::read(&request, "suffix", "`suffix` is a text.")?;
        let limit = body::whole_number(&request, "max_tokens", body::MOST_OUTPUT)?.unwrap_or(USUAL_OUTPUT);
        let demand = Demand {
            model,
            kind: Kind::Chat,
            stream,
            choices: best_of * prompt.count(),
            output_limit: Some(limit),
            routing: Routing::read(&request, pinned, rows)?,
            prompt: prompt::size(
                &prompt,
                suffix.map_or(0, |suffix| suffix.len()) + besides(&request).map(str::len).sum::<usize>(),
            ),
            units: Units::default(),
            // Which are the best is known when all are written.
            comes_whole: best_of > wanted,
            labels: Labels::of_openai(&request),
        };
        Ok(Self { demand, prompt, wanted, best_of, include_usage, body })
    }

    fn native(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        let streamed = !self.demand.comes_whole;
        let build = || -> serde_json::Result<Vec<u8>> {
            let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
            request.remove("provider");
            charged::leave_out(&mut request);
            request.set("model", target.model)?;
            request.set("max_tokens", &target.output_limit)?;
            body::ask_for_stream(&mut request, streamed)?;
            serde_json::to_vec(&request)
        };
        let body = build().map_err(|error| body::unwritable(&error))?.into();
        let answer = Named::over(
            OpenAiAnswer::<Completions>::new(self.include_usage, self.wanted * self.prompt.count()),
            target,
            self.demand.stream,
        );
        let answer = answer.map_err(|error| body::unwritable(&error))?;
        Ok(Upstream {
            format: Format::Completions,
            headers: HeaderMap::new(),
            body,
            streamed,
            repeatable: streamed,
            answer,
        })
    }

    fn over_chat(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        let request: Object<'_> = body::parse_again(&self.body)?;
        let text = self.chat_prompt(&request)?;
        let build = || -> serde_json::Result<Vec<u8>> {
            let mut chat = Object::default();
            chat.set("model", target.model)?;
            chat.set("messages", &json!([{ "role": "user", "content": text }]))?;
            chat.set(target.chat_limit(), &target.output_limit)?;
            if target.draws {
                chat.set("modalities", &["text"])?;
            }
            if self.wanted > 1 {
                chat.set("n", &self.wanted)?;
            }
            for name in SAME_IN_CHAT {
                if let Some(value) = request.get(name).filter(|value| *value != "null") {
                    chat.set(name, &serde_json::from_str::<&serde_json::value::RawValue>(value)?)?;
                }
            }
            if let Some(Integer(most)) = request.read::<Integer>("logprobs")? {
                chat.set("logprobs", &true)?;
                chat.set("top_logprobs", &most)?;
            }
            body::ask_for_stream(&mut chat, true)?;
            serde_json::to_vec(&chat)
        };
        let body = build().map_err(|error| body::unwritable(&error))?.into();
        let answer = Named::over(OverChat::new(self.include_usage, self.wanted), target, self.demand.stream);
        let answer = answer.map_err(|error| body::unwritable(&error))?;
        Ok(Upstream { format: Format::Chat, headers: HeaderMap::new(), body, streamed: true, repeatable: true, answer })
    }

    /// The prompt as a message, where the request asks for nothing that a chat model cannot do.
    fn chat_prompt(&self, request: &Object<'_>) -> Result<&str, Error> {
        let refuse = |name: &'static str, what: &str| {
            Error::invalid(name, format!("This model is served as a chat model here, {what}."))
        };
        let asks = |name: &str| request.get(name).is_some_and(|value| !matches!(value, "null" | "false" | "\"\""));
        if asks("suffix") {
            return Err(refuse("suffix", "which cannot fill in text before a `suffix`; leave it out"));
        }
        if asks("echo") {
            return Err(refuse("echo", "which cannot repeat the prompt; leave out `echo`"));
        }
        if self.best_of > self.wanted {
            return Err(refuse("best_of", "which cannot choose the best of several; leave out `best_of`"));
        }
        self.prompt.as_text().ok_or_else(|| refuse("prompt", "which takes one text at a time and no token ids"))
    }
}

/// What a provider may put into the prompt besides prompt and suffix, names and values.
fn besides<'a>(request: &'a Object<'_>) -> impl Iterator<Item = &'a str> {
    let besides = |name: &str| reaches_prompt(name) && !matches!(name, "prompt" | "suffix");
    request.iter().filter(move |(name, _)| besides(name)).flat_map(|(name, value)| [name, value])
}

impl Request for CompletionRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    fn prompt_text(&self) -> String {
        let mut text = self.prompt.text();
        if let Ok(request) = body::parse_again(&self.body) {
            text += &request.read::<String>("suffix").ok().flatten().unwrap_or_default();
            besides(&request).for_each(|member| text += member);
        }
        text
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        if target.is_native(Format::Completions) { self.native(target) } else { self.over_chat(target) }
    }

    fn failure_event(&self, error: &Error) -> Bytes {
        error_event::<Completions>(None, error, Dialect::OpenAi)
    }
}

#[cfg(test)]
mod tests;
