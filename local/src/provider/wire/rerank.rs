//! A ranking: the documents that share most words with the query first.

use serde_json::{Value, json};

use super::{Envelope, Reporting};
use crate::provider::{
    answer::{Answer, Given},
    vendor::Vendor,
};

pub(super) fn plain(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Value {
    let Given::Ranking { query, documents, top_n } = &answer.given else { return Value::Null };
    let score = |document: &str| {
        let shared = query.split_whitespace().filter(|word| document.contains(word)).count();
        let words = query.split_whitespace().count().max(1);
        f64::from(u32::try_from(shared * 1000 / words).unwrap_or_default()) / 1000.0
    };
    let mut ranked: Vec<_> = documents.iter().map(|document| score(document)).enumerate().collect();
    ranked.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    ranked.truncate(top_n.and_then(|top_n| usize::try_from(top_n).ok()).unwrap_or(usize::MAX));
    let (tokens, searches) = (answer.usage.prompt, documents.len().div_ceil(100));
    let is_openrouter = envelope.vendor == Vendor::OpenRouter;
    let result = |(index, score): &(usize, f64)| {
        let mut result = json!({"index": index, "relevance_score": score});
        if is_openrouter {
            result["document"] = json!({"text": documents[*index]});
        }
        result
    };
    let results: Vec<_> = ranked.iter().map(result).collect();
    let mut body = json!({"id": envelope.id(), "results": results});
    let reports = reporting != Reporting::Never;
    if is_openrouter {
        body["model"] = json!(answer.model);
        body["provider"] = json!("Cohere");
        if reports {
            body["usage"] = json!({"search_units": searches, "total_tokens": tokens, "cost": 0.002});
        }
    } else {
        // As Cohere itself says it.
        body["meta"] = json!({"api_version": {"version": "2"}});
        if reports {
            body["meta"]["billed_units"] = json!({"search_units": searches});
        }
    }
    body
}
