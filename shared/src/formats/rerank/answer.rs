//! What is read of a ranking: its searches and tokens, and which documents the client gets with it.

use bytes::Bytes;
use serde_json::json;
use serde_json::value::RawValue;

use crate::credits::usage::Usage;
use crate::formats::openai::usage::figure;
use crate::formats::whole::Shape;
use crate::formats::{Bill, Report};
use crate::object::Object;

/// With which documents a ranking is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Documents {
    /// As the provider does.
    AsTheyCome,
    /// With none.
    Left,
    /// Each with its own.
    Put,
}

impl Documents {
    /// What `return_documents` asks for.
    pub const fn asked(return_documents: Option<bool>) -> Self {
        match return_documents {
            None => Self::AsTheyCome,
            Some(false) => Self::Left,
            Some(true) => Self::Put,
        }
    }
}

/// The inside of a ranking.
pub struct Ranking {
    /// With which documents it is given.
    pub documents: Documents,
    /// The request, which has them.
    pub request: Bytes,
    /// The searches that its query and documents are at most.
    pub searches: u64,
}

impl Ranking {
    /// What is said of it: by Cohere under `meta`, by Jina and OpenRouter under `usage`.
    fn figure(answer: &Object<'_>, names: &[&str]) -> Option<u64> {
        let usage: Option<Object<'_>> = answer.read("usage").ok().flatten();
        let meta: Option<Object<'_>> = answer.read("meta").ok().flatten();
        let of_meta = |name| meta.as_ref().and_then(|meta| meta.read::<Object<'_>>(name).ok().flatten());
        let said = [usage, of_meta("billed_units"), of_meta("tokens")];
        said.iter().flatten().filter_map(|said| figure(said, names)).max()
    }
}

impl Shape for Ranking {
    const MEMBER: &'static str = "results";

    fn report(&self, answer: &Object<'_>) -> Option<Report> {
        let tokens = Self::figure(answer, &["total_tokens", "prompt_tokens", "input_tokens"]);
        let searches = Self::figure(answer, &["search_units"]);
        if tokens.or(searches).unwrap_or_default() == 0 {
            return None;
        }
        // Who says the tokens only has searched all the same.
        let searches = searches.unwrap_or(self.searches);
        Some(Report::of(Usage { prompt: tokens.unwrap_or_default(), searches, ..Usage::default() }))
    }

    fn shown(&self, answer: &Object<'_>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
        let mut shown = Object::default();
        if let Some(reported) = answer.read::<Object<'_>>("usage").ok().flatten().filter(|_| !bill.estimated) {
            shown.supersede(reported);
        }
        shown.set("search_units", &bill.usage.searches)?;
        shown.set("total_tokens", &bill.usage.prompt)?;
        if bill.estimated {
            shown.set("estimated", &true)?;
        }
        Ok(shown)
    }

    fn finish(&self, answer: &mut Object<'_>) -> serde_json::Result<()> {
        if self.documents == Documents::AsTheyCome {
            return Ok(());
        }
        let results = answer.get("results").unwrap_or("[]").to_owned();
        let mut results: Vec<Object<'_>> = serde_json::from_str(&results)?;
        let request: Object<'_> = serde_json::from_slice(&self.request)?;
        let documents: Vec<&RawValue> = serde_json::from_str(request.get("documents").unwrap_or("[]"))?;
        for result in &mut results {
            if self.documents == Documents::Left {
                result.remove("document");
                continue;
            }
            let index: usize = result.read("index")?.unwrap_or_default();
            let Some(document) = documents.get(index).filter(|_| result.get("document").is_none()) else { continue };
            if document.get().starts_with('"') {
                result.set("document", &json!({ "text": document }))?;
            } else {
                result.set("document", document)?;
            }
        }
        answer.set("results", &results)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::formats::whole::WholeAnswer;
    use crate::formats::{Answer as _, Broken, Target};
    use crate::money::Nanos;
    use crate::providers::table::PROVIDERS;

    fn answer(documents: Documents) -> WholeAnswer<Ranking> {
        let request = Bytes::from(r#"{"query":"q","documents":["a",{"text":"b","x":1.0}]}"#);
        let target = Target::of(&PROVIDERS[0]);
        WholeAnswer::of(&target, Ranking { documents, request, searches: 2 })
    }

    fn given(documents: Documents, body: &str) -> Value {
        let mut answer = answer(documents);
        answer.whole(Bytes::from(body.to_owned()), None).expect("a ranking");
        let usage = answer.report().map(|report| report.usage).unwrap_or_default();
        let bill = Bill { cost: Nanos(2), provider: "openrouter", ..Bill::of(usage) };
        serde_json::from_slice(&answer.plain(&bill).expect("json")).expect("json")
    }

    #[test]
    fn documents_are_given_as_the_client_asked() {
        let body = r#"{"results":[{"index":1,"relevance_score":0.90},{"index":0,"relevance_score":0.1,"document":{"text":"theirs"}}],"usage":{"search_units":1}}"#;
        let documents = |asked| {
            let given = given(asked, body);
            let results = given["results"].as_array().expect("results").clone();
            results.iter().map(|result| result["document"].clone()).collect::<Vec<_>>()
        };
        let theirs = json!({"text": "theirs"});
        assert_eq!(documents(Documents::AsTheyCome), [Value::Null, theirs.clone()]);
        assert_eq!(documents(Documents::Left), [Value::Null, Value::Null]);
        assert_eq!(documents(Documents::Put), [json!({"text": "b", "x": 1.0}), theirs]);
    }

    #[test]
    fn searches_and_tokens_are_read_wherever_they_stand() {
        for (usage, tokens, searches) in [
            (r#""usage":{"search_units":3,"total_tokens":150}"#, 150, 3),
            (r#""usage":{"total_tokens":150}"#, 150, 2),
            (r#""meta":{"billed_units":{"search_units":1.0}}"#, 0, 1),
            (r#""meta":{"tokens":{"input_tokens":9},"billed_units":{"search_units":1}}"#, 9, 1),
        ] {
            let told = given(Documents::AsTheyCome, &format!(r#"{{"results":[],{usage}}}"#));
            let told = &told["usage"];
            assert_eq!(
                (told["total_tokens"].as_u64(), told["search_units"].as_u64()),
                (Some(tokens), Some(searches)),
                "{usage}"
            );
        }
        let mut silent = answer(Documents::AsTheyCome);
        silent.whole(Bytes::from(r#"{"results":[],"usage":{"search_units":0}}"#), None).expect("a ranking");
        assert_eq!(silent.report(), None);
        assert_eq!(answer(Documents::Put).whole(Bytes::from(r#"{"data":[]}"#), None), Err(Broken::Garbled));
    }
}
