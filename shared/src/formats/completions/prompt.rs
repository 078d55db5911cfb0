//! The prompts of a text completion: texts or token ids, one or many.

use serde::Deserialize;

use crate::error::Error;
use crate::formats::PromptSize;
use crate::object::Object;

/// Prompts of one call at most; each is answered by itself.
const MOST_PROMPTS: usize = 128;

/// `prompt` in its four forms.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Prompt {
    /// A text.
    Text(String),
    /// A prompt by its tokens.
    Tokens(Vec<u64>),
    /// Several texts.
    Texts(Vec<String>),
    /// Several prompts by their tokens.
    TokenLists(Vec<Vec<u64>>),
}

impl Prompt {
    /// Reads `prompt`.
    ///
    /// # Errors
    /// 400 that names it.
    pub fn read(request: &Object<'_>) -> Result<Self, Error> {
        const SHAPE: &str = "`prompt` is a text, an array of texts, an array of token ids or an array of such arrays.";
        let prompt: Self = request
            .read("prompt")
            .map_err(|_| Error::invalid("prompt", SHAPE))?
            .ok_or_else(|| Error::invalid("prompt", "`prompt` is missing: the text to be completed."))?;
        let empty = match &prompt {
            Self::Text(_) => false,
            Self::Tokens(tokens) => tokens.is_empty(),
            Self::Texts(texts) => texts.is_empty(),
            Self::TokenLists(lists) => lists.is_empty() || lists.iter().any(Vec::is_empty),
        };
        if empty {
            return Err(Error::invalid("prompt", "`prompt` holds at least one text or token id."));
        }
        if prompt.count() > MOST_PROMPTS as u64 {
            return Err(Error::invalid("prompt", format!("`prompt` holds at most {MOST_PROMPTS} prompts.")));
        }
        Ok(prompt)
    }

    /// How many prompts there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        match self {
            Self::Text(_) | Self::Tokens(_) => 1,
            Self::Texts(texts) => texts.len() as u64,
            Self::TokenLists(lists) => lists.len() as u64,
        }
    }

    /// The one text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Texts(texts) => match &texts[..] {
                [text] => Some(text),
                _ => None,
            },
            Self::Tokens(_) | Self::TokenLists(_) => None,
        }
    }

    /// The tokens at most: a text's bytes, or as many ids as there are. Over chat each prompt is a turn.
    #[must_use]
    pub fn size(&self, further_text: usize) -> PromptSize {
        let tokens = match self {
            Self::Text(text) => text.len(),
            Self::Texts(texts) => texts.iter().map(String::len).sum(),
            Self::Tokens(tokens) => tokens.len(),
            Self::TokenLists(lists) => lists.iter().map(Vec::len).sum(),
        };
        let turns = self.count();
        let bound = (tokens + further_text) as u64 + turns * crate::credits::tokens::PER_TURN;
        PromptSize { bound, turns, member: "prompt", is_several: self.count() > 1, ..PromptSize::default() }
    }

    /// All text, for a real count; a token id stands for a text of one token.
    #[must_use]
    pub fn text(&self) -> String {
        let ids = |tokens: &[u64]| " a".repeat(tokens.len());
        match self {
            Self::Text(text) => text.clone(),
            Self::Texts(texts) => texts.join("\n"),
            Self::Tokens(tokens) => ids(tokens),
            Self::TokenLists(lists) => lists.iter().map(|tokens| ids(tokens)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(prompt: &str) -> Result<Prompt, Error> {
        Prompt::read(&serde_json::from_str(&format!(r#"{{"prompt":{prompt}}}"#)).expect("an object"))
    }

    #[test]
    fn every_form_is_measured() {
        let per_turn = crate::credits::tokens::PER_TURN;
        for (prompt, tokens, count) in
            [("\"héy\"", 4, 1), ("[\"ab\",\"c\"]", 3, 2), ("[1,2,3]", 3, 1), ("[[1],[2,3]]", 3, 2), ("\"\"", 0, 1)]
        {
            let read = read(prompt).expect(prompt);
            assert_eq!((read.size(0).bound, read.count()), (tokens + count * per_turn, count), "{prompt}");
        }
        assert_eq!(crate::credits::tokens::count(&read("[7,8,9]").expect("ids").text()), 3);
    }

    #[test]
    fn what_is_no_prompt_is_refused() {
        let many = format!("[{}]", vec!["\"x\""; 129].join(","));
        for prompt in ["null", "1", "{}", "[]", "[[]]", "[\"a\",1]", "[-1]", "[1.5]", &many] {
            assert_eq!(read(prompt).expect_err(prompt).param.as_deref(), Some("prompt"), "{prompt}");
        }
    }
}
