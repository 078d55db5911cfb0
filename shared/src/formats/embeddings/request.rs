//! Texts to be embedded, as the client sends them and as they go to a provider.

use bytes::Bytes;
use http::HeaderMap;

use super::answer::Embeddings;
use crate::credits::tokens;
use crate::error::Error;
use crate::formats::openai::body;
use crate::formats::openai::members::{self, Members};
use crate::formats::openai::texts::{Member, Texts};
use crate::formats::whole::WholeAnswer;
use crate::formats::{Demand, Format, Kind, Labels, PromptSize, Request, Target, Units, Upstream};
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// As many as at OpenAI.
const INPUT: Member = Member { name: "input", plural: "inputs", purpose: "embedded", most: 2048 };
/// The longest vector that anybody makes is a tenth of this.
const MOST_DIMENSIONS: u64 = 65_536;

/// What embeddings have besides, and the names that other APIs have for it.
const MEMBERS: Members = Members {
    known: &["input", "dimensions", "encoding_format", "user", "input_type"],
    instead: &[
        ("inputs", "input"),
        ("prompt", "input"),
        ("text", "input"),
        ("texts", "input"),
        ("messages", "input"),
        ("output_dimension", "dimensions"),
        ("output_dimensionality", "dimensions"),
    ],
    client_tools: &[],
    long_cache: false,
};

/// A client's request, checked as far as money and routing need it.
#[derive(Clone, Debug)]
pub struct EmbeddingRequest {
    body: Bytes,
    demand: Demand,
    input: Texts,
}

impl EmbeddingRequest {
    /// Reads and checks a request body.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(body: Bytes, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&body)?;
        let (pinned, model) = body::model(&request, rows)?;
        members::check(&request, &MEMBERS)?;
        if body::read(&request, "stream", "`stream` is true or false.")? == Some(true) {
            return Err(Error::invalid("stream", "Embeddings are not streamed; leave out `stream`."));
        }
        let input = Texts::read(&request, &INPUT)?;
        body::whole_number(&request, "dimensions", MOST_DIMENSIONS)?;
        let _: Option<String> = body::read(&request, "encoding_format", "`encoding_format` is float or base64.")?;
        let routing = Routing::read(&request, pinned, rows)?;
        let demand = Demand {
            model,
            kind: Kind::Embedding,
            stream: false,
            choices: 1,
            // A vector is no text, and has no tokens.
            output_limit: Some(1),
            routing,
            prompt: size(&input),
            units: Units::default(),
            comes_whole: false,
            labels: Labels::of_openai(&request),
        };
        Ok(Self { body, demand, input })
    }

    fn upstream_body(&self, target: &Target<'_>) -> serde_json::Result<Bytes> {
        let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
        request.remove("provider");
        request.remove("stream");
        request.set("model", target.model)?;
        serde_json::to_vec(&request).map(Bytes::from)
    }
}

/// The tokens at most, with what a model puts around an input.
fn size(input: &Texts) -> PromptSize {
    let added = input.count() * tokens::PER_TURN;
    let bound = input.tokens() + added;
    PromptSize { bound, added, member: INPUT.name, is_several: input.count() > 1, ..PromptSize::default() }
}

impl Request for EmbeddingRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    fn prompt_text(&self) -> String {
        self.input.text()
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        target.speaks(Format::Embeddings)?;
        let body = self.upstream_body(target).map_err(|error| body::unwritable(&error))?;
        let answer = Box::new(WholeAnswer::of(target, Embeddings));
        // What a second one costs is next to nothing.
        Ok(Upstream {
            format: Format::Embeddings,
            headers: HeaderMap::new(),
            body,
            streamed: false,
            repeatable: true,
            answer,
        })
    }

    /// There are none.
    fn failure_event(&self, _: &Error) -> Bytes {
        Bytes::new()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::providers::table::PROVIDERS;

    fn parse(body: Value) -> Result<EmbeddingRequest, Error> {
        EmbeddingRequest::parse(Bytes::from(body.to_string()), Rows::TABLE)
    }

    fn target(name: &str) -> Target<'static> {
        let provider = PROVIDERS.iter().find(|row| row.name == name).expect("a row");
        Target::of(provider)
    }

    #[test]
    fn every_form_is_measured_and_goes_on_as_it_came() {
        for (input, tokens, count, counted) in [
            (json!("héy"), 4, 1, 2),
            (json!(["ab", "c"]), 3, 2, 3),
            (json!([1, 2, 3]), 3, 1, 3),
            (json!([[1], [2, 3]]), 3, 2, 3),
            (json!(""), 0, 1, 0),
        ] {
            let request = parse(json!({"model": "m", "input": input, "dimensions": 256, "encoding_format": "base64",
                "user": "u", "x": 1.0, "provider": {"only": ["openrouter"]}}))
            .expect("valid");
            let prompt = &request.demand().prompt;
            assert_eq!(prompt.bound, tokens + count * tokens::PER_TURN, "{input}");
            assert_eq!(prompt.counted(&request.prompt_text(), 0), counted, "{input}");
            let sent = request.for_provider(&target("openrouter")).expect("a body");
            let sent: Value = serde_json::from_slice(&sent.body).expect("json");
            assert_eq!(
                sent,
                json!({"model": "up", "input": input, "dimensions": 256, "encoding_format": "base64", "user": "u", "x": 1.0})
            );
        }
    }

    #[test]
    fn who_does_not_make_vectors_is_not_asked() {
        let request = parse(json!({"model": "m", "input": "a"})).expect("valid");
        assert!(request.for_provider(&target("anthropic")).is_err());
    }

    #[test]
    fn wrong_members_are_named() {
        for (member, value) in [
            ("input", Value::Null),
            ("input", json!(1)),
            ("input", json!([])),
            ("input", json!([[]])),
            ("input", json!(["a", 1])),
            ("input", json!([{"content": []}])),
            ("input", json!(vec!["x"; 2049])),
            ("dimensions", json!(0)),
            ("dimensions", json!("9")),
            ("encoding_format", json!(1)),
            ("stream", json!(true)),
            ("texts", json!(["a"])),
            ("service_tier", json!("fast")),
            ("Dimensions", json!(9)),
        ] {
            let mut body = json!({"model": "m", "input": "a"});
            body[member] = value;
            let error = parse(body).expect_err(member);
            assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(member)));
        }
    }
}
