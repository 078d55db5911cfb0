//! A query and the documents to be ranked, as the client sends them and as they go to a provider.

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;

use super::answer::{Documents, Ranking};
use super::searches::searches;
use crate::credits::tokens;
use crate::error::Error;
use crate::formats::openai::body;
use crate::formats::openai::members::{self, Members};
use crate::formats::whole::WholeAnswer;
use crate::formats::{Demand, Format, Kind, Labels, PromptSize, Request, Target, Units, Upstream};
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// Documents of one call at most, as at Cohere.
const MOST_DOCUMENTS: usize = 10_000;
/// The most tokens of a document that anybody reads.
const MOST_READ: u64 = 1_000_000;

/// What rerank has besides, and the names that other APIs have for it.
const MEMBERS: Members = Members {
    known: &["query", "documents", "top_n", "return_documents", "max_tokens_per_doc"],
    instead: &[("texts", "documents"), ("passages", "documents"), ("input", "documents"), ("top_k", "top_n")],
    client_tools: &[],
    long_cache: false,
};

/// A document: a text, or an object that has one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Document {
    Text(String),
    Of { text: String },
}

impl Document {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Of { text } => text,
        }
    }
}

/// A client's request, checked as far as money and routing need it.
#[derive(Clone, Debug)]
pub struct RerankRequest {
    body: Bytes,
    demand: Demand,
    documents: Documents,
}

impl RerankRequest {
    /// Reads and checks a request body.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(body: Bytes, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&body)?;
        let (pinned, model) = body::model(&request, rows)?;
        members::check(&request, &MEMBERS)?;
        let query: Option<String> = body::read(&request, "query", "`query` is a text.")?;
        let query = query.filter(|query| !query.is_empty());
        let query =
            query.ok_or_else(|| Error::invalid("query", "`query` is missing: what the documents are to answer."))?;
        let documents = documents(&request)?;
        body::whole_number(&request, "top_n", MOST_DOCUMENTS as u64)?;
        let returned = body::read(&request, "return_documents", "`return_documents` is true or false.")?;
        let most_read = body::whole_number(&request, "max_tokens_per_doc", MOST_READ)?;
        let routing = Routing::read(&request, pinned, rows)?;
        let lengths = || documents.iter().map(|document| document.text().len() as u64);
        // Of a text that is sold by tokens the query counts with every document.
        let text = lengths().sum::<u64>() + query.len() as u64 * documents.len() as u64;
        let added = (documents.len() as u64 + 1) * tokens::PER_TURN;
        let prompt =
            PromptSize { bound: text + added, added, member: "documents", is_several: true, ..PromptSize::default() };
        let searches = searches(query.len() as u64, lengths(), most_read);
        let demand = Demand {
            model,
            kind: Kind::Rerank,
            stream: false,
            choices: 1,
            // A ranking is no text, and has no tokens.
            output_limit: Some(1),
            routing,
            prompt,
            units: Units { searches, ..Units::default() },
            comes_whole: false,
            labels: Labels::of_openai(&request),
        };
        Ok(Self { body, demand, documents: Documents::asked(returned) })
    }

    fn upstream_body(&self, target: &Target<'_>) -> serde_json::Result<Bytes> {
        let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
        request.remove("provider");
        // We put them in ourselves, so that every provider does the same.
        request.remove("return_documents");
        request.set("model", target.model)?;
        serde_json::to_vec(&request).map(Bytes::from)
    }
}

fn documents(request: &Object<'_>) -> Result<Vec<Document>, Error> {
    const SHAPE: &str = "`documents` is an array of texts, or of objects with a `text`.";
    let documents: Option<Vec<Document>> = body::read(request, "documents", SHAPE)?;
    let documents = documents.filter(|documents| !documents.is_empty());
    let documents = documents.ok_or_else(|| Error::invalid("documents", SHAPE))?;
    if documents.len() > MOST_DOCUMENTS {
        return Err(Error::invalid("documents", format!("`documents` holds at most {MOST_DOCUMENTS} documents.")));
    }
    Ok(documents)
}

impl Request for RerankRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    /// The query with every document, as it is read.
    fn prompt_text(&self) -> String {
        let Ok(request) = body::parse_again(&self.body) else { return String::new() };
        let query: String = request.read("query").ok().flatten().unwrap_or_default();
        let documents = documents(&request).unwrap_or_default();
        documents.iter().flat_map(|document| [query.as_str(), "\n", document.text(), "\n"]).collect()
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        target.speaks(Format::Rerank)?;
        let body = self.upstream_body(target).map_err(|error| body::unwritable(&error))?;
        let searches = self.demand.units.searches;
        let ranking = Ranking { documents: self.documents, request: self.body.clone(), searches };
        // What a second one costs is next to nothing.
        Ok(Upstream {
            format: Format::Rerank,
            headers: HeaderMap::new(),
            body,
            streamed: false,
            repeatable: true,
            answer: Box::new(WholeAnswer::of(target, ranking)),
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

    fn parse(body: Value) -> Result<RerankRequest, Error> {
        RerankRequest::parse(Bytes::from(body.to_string()), Rows::TABLE)
    }

    fn target(name: &str) -> Target<'static> {
        let provider = PROVIDERS.iter().find(|row| row.name == name).expect("a row");
        Target::of(provider)
    }

    #[test]
    fn documents_are_measured_with_the_query_and_go_on_as_they_came() {
        let request = parse(json!({"model": "m", "query": "ab", "documents": ["cde", {"text": "f", "x": 1}],
            "top_n": 1, "return_documents": true, "provider": {"only": ["openrouter"]}}))
        .expect("valid");
        let demand = request.demand();
        assert_eq!(demand.prompt.bound, 3 + 1 + 2 * 2 + 3 * tokens::PER_TURN);
        assert_eq!(demand.units.searches, 1);
        assert_eq!(request.prompt_text(), "ab\ncde\nab\nf\n");
        let sent = request.for_provider(&target("openrouter")).expect("a body");
        let sent: Value = serde_json::from_slice(&sent.body).expect("json");
        assert_eq!(
            sent,
            json!({"model": "up", "query": "ab", "documents": ["cde", {"text": "f", "x": 1}], "top_n": 1})
        );
        assert!(request.for_provider(&target("chutes")).is_err());
    }

    #[test]
    fn wrong_members_are_named() {
        for (member, value) in [
            ("query", Value::Null),
            ("query", json!("")),
            ("query", json!(1)),
            ("documents", Value::Null),
            ("documents", json!([])),
            ("documents", json!("a")),
            ("documents", json!(["a", 1])),
            ("documents", json!([{"image": "https://example.com/a.png"}])),
            ("documents", json!(vec!["x"; 10_001])),
            ("top_n", json!(0)),
            ("top_n", json!("1")),
            ("return_documents", json!("yes")),
            ("max_tokens_per_doc", json!(0)),
            ("texts", json!(["a"])),
            ("Top_N", json!(1)),
        ] {
            let mut body = json!({"model": "m", "query": "a", "documents": ["b"]});
            body[member] = value;
            let error = parse(body).expect_err(member);
            assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(member)));
        }
    }
}
