//! The body of a request for a ranking (<https://openrouter.ai/docs/api/api-reference/rerank/create-rerank>,
//! <https://docs.cohere.com/reference/rerank>).

use serde_json::{Map, Value};

use super::{Given, Request, field, integer, message::Prompt, model};
use crate::provider::error::ApiError;

pub(super) fn parse(body: &Map<String, Value>) -> Result<Request, ApiError> {
    let model = model(body)?;
    let query = match field(body, "query") {
        None => return Err(ApiError::missing("query")),
        Some(Value::String(query)) if !query.is_empty() => query.clone(),
        Some(_) => return Err(ApiError::wrong_type("query", "a non-empty string")),
    };
    let wrong = || ApiError::wrong_type("documents", "a non-empty array of strings or of objects with a text");
    let documents = match field(body, "documents") {
        None => return Err(ApiError::missing("documents")),
        Some(Value::Array(documents)) if !documents.is_empty() => documents,
        Some(_) => return Err(wrong()),
    };
    let text = |document: &Value| document.as_str().or_else(|| document["text"].as_str()).map(str::to_owned);
    let documents = documents.iter().map(text).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    let top_n = integer(body, "top_n", 1, u64::from(u32::MAX))?;
    if field(body, "return_documents").is_some() {
        return Err(ApiError::unsupported("return_documents"));
    }
    // The query is read with every document.
    let texts = documents.iter().flat_map(|document| [query.clone(), document.clone()]).collect();
    let (prompt, _) = Prompt::of_texts(texts);
    Ok(Request { given: Given::Ranking { query, top_n }, questions: documents, ..Request::of(model, prompt) })
}
