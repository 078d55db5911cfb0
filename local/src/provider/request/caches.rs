//! What a message writes into prompt caches: all before a mark, `cache_control`, for as long as the mark says
//! (<https://platform.claude.com/docs/en/build-with-claude/prompt-caching>). Nothing is ever read from one, so each request
//! writes anew.

use serde_json::Value;

use crate::provider::tokens;

/// The least tokens that are worth a cache.
const LEAST: u64 = 1024;

/// Tokens of a prompt that are written into caches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::provider) struct Caches {
    /// All of them.
    pub(in crate::provider) written: u64,
    /// Those that are kept for an hour.
    pub(in crate::provider) written_long: u64,
}

/// The marks of a request, as it is read.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// How many texts of the conversation are before each mark, and whether it is one of an hour.
    marks: Vec<(usize, bool)>,
}

impl Marks {
    /// Takes the mark of a block or a tool, if it has one, behind so many texts; `None` where it is none that is known.
    pub(super) fn take(&mut self, holder: &Value, texts: usize) -> Option<()> {
        let Some(cache) = holder.get("cache_control").filter(|cache| !cache.is_null()) else { return Some(()) };
        let ttl = cache["ttl"].as_str();
        self.marks.push((texts, ttl == Some("1h")));
        (cache["type"] == "ephemeral" && matches!(ttl, None | Some("5m" | "1h"))).then_some(())
    }

    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    /// What is written of a prompt that begins with these definitions of tools: those of an hour come first.
    pub(super) fn caches(&self, definitions: Option<&Value>, texts: &[String]) -> Caches {
        let before = |mark: Option<usize>| {
            let texts = &texts[..mark?];
            let definitions = definitions.map_or(0, |tools| tokens::count(&tools.to_string()));
            Some(definitions + texts.iter().map(|text| tokens::count(text)).sum::<u64>())
                .filter(|count| *count >= LEAST)
        };
        let long = before(self.marks.iter().filter(|(_, long)| *long).map(|(texts, _)| *texts).max()).unwrap_or(0);
        let all = before(self.marks.iter().map(|(texts, _)| *texts).max()).unwrap_or(0);
        Caches { written: all, written_long: long }
    }
}
