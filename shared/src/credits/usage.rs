//! The tokens of a call, whatever format reported them.

use serde::Serialize;

/// Tokens of one call. Cached and written tokens are part of the prompt, reasoning tokens of the completion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub prompt: u64,
    /// Prompt tokens that the provider had cached.
    pub cached: u64,
    /// Prompt tokens that the provider wrote into its cache, which some charge more for.
    pub written: u64,
    /// Tokens of all choices, reasoning included.
    pub completion: u64,
    /// Completion tokens spent on reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// What we have counted: a prompt's tokens and those of what was written.
    #[must_use]
    pub fn of(prompt: u64, output: u64) -> Self {
        Self { prompt, completion: output, ..Self::default() }
    }

    /// What was reported, completed by what we have counted: the prompt where it was not reported, and the larger of the
    /// outputs.
    #[must_use]
    pub fn completed_by(self, counted: Self) -> Self {
        Self {
            prompt: if self.prompt > 0 { self.prompt } else { counted.prompt },
            completion: self.completion.max(counted.completion),
            ..self
        }
    }

    /// Whether it says something of the prompt.
    #[must_use]
    pub const fn has_prompt(&self) -> bool {
        self.prompt > 0
    }

    /// Whether it says something of the output.
    #[must_use]
    pub const fn has_output(&self) -> bool {
        self.completion > 0
    }

    /// Prompt and completion together, for the token limits.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }
}
