//! The inside of a text completion's choice.

use serde_json::{Map, Value, json};

use crate::formats::chat::REASONING;
use crate::formats::openai::Shape;
use crate::object::Object;

/// Text completions: a choice has a `text`, in a chunk a piece of it.
pub struct Completions;

impl Shape for Completions {
    const WHOLE: &'static str = "text_completion";
    const CHUNK: &'static str = "text_completion";
    const NO_ID: &'static str = "cmpl-unknown";

    type Mender = ();

    fn has_output(choice: &Object<'_>) -> bool {
        let says = |name: &str| choice.get(name).is_some_and(|text| !matches!(text, "null" | "\"\"" | "[]"));
        says("text") || REASONING.into_iter().any(says)
    }

    fn piece_of(_: &Object<'_>, name: &str) -> Option<&'static str> {
        ["text", "logprobs"].into_iter().find(|piece| *piece == name)
    }

    fn finish(choice: &mut Map<String, Value>) {
        choice.entry("text").or_insert_with(|| json!(""));
    }

    /// The text, and what the model has thought before it, which some give beside the text.
    fn text(choice: &Value, text: &mut String) -> bool {
        let said = |name: &str| choice.get(name).filter(|said| !said.is_null());
        let texts = said("text").into_iter().chain(REASONING.into_iter().find_map(said));
        let mut is_all = true;
        for said in texts {
            is_all &= said.is_string();
            text.push_str(said.as_str().unwrap_or_default());
        }
        is_all
    }

    fn whole_delta(_: &mut Map<String, Value>) {}

    fn last_delta(index: &Value, finish_reason: &Value) -> Value {
        json!({"index": index, "text": "", "logprobs": null, "finish_reason": finish_reason})
    }

    fn may_need_mending((): &(), _: &[u8]) -> bool {
        false
    }

    fn mend((): &mut (), _: &mut Value) -> bool {
        false
    }

    fn failed_choice() -> Value {
        json!({"index": 0, "text": "", "logprobs": null, "finish_reason": "error"})
    }
}
