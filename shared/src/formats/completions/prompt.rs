//! The prompts of a text completion: texts or token ids, one or many.

use crate::credits::tokens::PER_TURN;
use crate::error::Error;
use crate::formats::PromptSize;
use crate::formats::openai::texts::{Member, Texts};
use crate::object::Object;

/// Each prompt of a call is answered by itself.
const PROMPT: Member = Member { name: "prompt", plural: "prompts", purpose: "completed", most: 128 };

/// Reads `prompt`.
///
/// # Errors
/// 400 that names it.
pub fn read(request: &Object<'_>) -> Result<Texts, Error> {
    Texts::read(request, &PROMPT)
}

/// The tokens at most. Over chat each prompt is a turn.
#[must_use]
pub fn size(prompt: &Texts, further_text: usize) -> PromptSize {
    let turns = prompt.count();
    let bound = prompt.tokens() + further_text as u64 + turns * PER_TURN;
    PromptSize { bound, turns, member: PROMPT.name, is_several: turns > 1, ..PromptSize::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(prompt: &str) -> Result<Texts, Error> {
        read(&serde_json::from_str(&format!(r#"{{"prompt":{prompt}}}"#)).expect("an object"))
    }

    #[test]
    fn every_form_is_measured() {
        let per_turn = crate::credits::tokens::PER_TURN;
        for (prompt, tokens, count) in
            [("\"héy\"", 4, 1), ("[\"ab\",\"c\"]", 3, 2), ("[1,2,3]", 3, 1), ("[[1],[2,3]]", 3, 2), ("\"\"", 0, 1)]
        {
            let read = read_text(prompt).expect(prompt);
            assert_eq!((size(&read, 0).bound, read.count()), (tokens + count * per_turn, count), "{prompt}");
        }
        assert_eq!(crate::credits::tokens::count(&read_text("[7,8,9]").expect("ids").text()), 3);
    }

    #[test]
    fn what_is_no_prompt_is_refused() {
        let many = format!("[{}]", vec!["\"x\""; 129].join(","));
        for prompt in ["null", "1", "{}", "[]", "[[]]", "[\"a\",1]", "[-1]", "[1.5]", &many] {
            assert_eq!(read_text(prompt).expect_err(prompt).param.as_deref(), Some("prompt"), "{prompt}");
        }
    }
}
