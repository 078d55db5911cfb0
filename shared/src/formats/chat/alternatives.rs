//! `models`, as OpenRouter's clients write it: other models to be asked, in this order, where one cannot answer
//! (openrouter.ai/docs, "Model fallbacks").

use bytes::Bytes;

use super::ChatRequest;
use crate::error::Error;
use crate::formats::openai::body;
use crate::providers::Rows;

/// Models of one request at most.
const MOST: usize = 8;

impl ChatRequest {
    /// Reads a body that may name several models: a request for each, all of them checked.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse_alternatives(body: Bytes, rows: Rows) -> Result<Vec<Self>, Error> {
        const MODELS: &str = "`models` is a list of models' ids, eight at most with the one in `model`.";
        let mut request = body::parse(&body)?;
        let route: Option<String> = body::read(&request, "route", "`route` is fallback, or is left out.")?;
        if route.is_some_and(|route| route != "fallback") {
            return Err(Error::invalid("route", "`route` is fallback, or is left out."));
        }
        let further: Option<Vec<String>> = body::read(&request, "models", MODELS)?;
        let Some(further) = further.filter(|further| !further.is_empty()) else {
            request.remove("route");
            let alone = serde_json::to_vec(&request).map_err(|error| body::unwritable(&error))?;
            return Ok(vec![Self::parse(alone.into(), rows)?]);
        };
        let first: Option<String> = body::read(&request, "model", "`model` is a text.")?;
        let mut models: Vec<String> = Vec::new();
        for model in first.into_iter().chain(further) {
            if !models.contains(&model) {
                models.push(model);
            }
        }
        if models.len() > MOST {
            return Err(Error::invalid("models", MODELS));
        }
        request.remove_all(&["models", "route"]);
        let of_model = |model: &String| {
            let mut request = request.clone();
            request.set("model", model).map_err(|error| body::unwritable(&error))?;
            Self::parse(serde_json::to_vec(&request).map_err(|error| body::unwritable(&error))?.into(), rows)
        };
        models.iter().map(of_model).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::formats::Request as _;

    fn parse(further: Value) -> Result<Vec<String>, Error> {
        let mut body = json!({ "messages": [{ "role": "user", "content": "hi" }] });
        body.as_object_mut().expect("an object").extend(further.as_object().expect("an object").clone());
        let requests = ChatRequest::parse_alternatives(Bytes::from(body.to_string()), Rows::TABLE)?;
        Ok(requests.iter().map(|request| request.demand().model.clone()).collect())
    }

    #[test]
    fn each_model_is_a_request_in_the_order_in_which_they_are_named() {
        for (named, models) in [
            (json!({ "model": "a/b" }), vec!["a/b"]),
            (json!({ "model": "a/b", "models": [], "route": "fallback" }), vec!["a/b"]),
            (
                json!({ "model": "a/b", "models": ["c/d", "a/b", "e/f"], "route": "fallback" }),
                vec!["a/b", "c/d", "e/f"],
            ),
            (json!({ "models": ["c/d", "e/f"] }), vec!["c/d", "e/f"]),
        ] {
            assert_eq!(parse(named.clone()).expect("requests"), models, "{named}");
        }
    }

    #[test]
    fn what_names_no_model_is_refused_by_its_name() {
        for (wrong, member) in [
            (json!({ "models": "a/b" }), "models"),
            (json!({ "models": [1] }), "models"),
            (json!({ "models": ["1", "2", "3", "4", "5", "6", "7", "8", "9"] }), "models"),
            (json!({ "model": "a/b", "route": "cheapest" }), "route"),
            (json!({ "models": ["a/b", ""] }), "model"),
            (json!({}), "model"),
            (json!({ "models": ["a/b"], "plugins": [{ "id": "web" }] }), "plugins"),
        ] {
            assert_eq!(parse(wrong.clone()).expect_err("refused").param.as_deref(), Some(member), "{wrong}");
        }
    }
}
