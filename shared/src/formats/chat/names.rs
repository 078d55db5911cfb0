//! Names of tools: other formats take 128 characters, chat 64. A longer one is cut, with a hash of the whole behind it.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

/// The longest name of a function in a chat.
const LONGEST: usize = 64;
/// What is kept of a longer one: with an underscore and eight digits it is as long as a name may be.
const KEPT: usize = 55;

/// Names that were cut, and what they were.
#[derive(Clone, Debug)]
pub struct Names {
    cut: HashMap<String, String>,
    longest: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self { cut: HashMap::new(), longest: LONGEST }
    }
}

impl Names {
    /// Names that stay as they are.
    pub fn uncut() -> Self {
        Self { longest: usize::MAX, ..Self::default() }
    }

    /// The name as chat takes it.
    pub fn short(&mut self, name: &str) -> String {
        if name.len() <= self.longest {
            return name.to_owned();
        }
        let kept: String = name.chars().take(KEPT).collect();
        let hash = Sha256::digest(name);
        let short = format!("{kept}_{}", hex::encode(&hash[..4]));
        self.cut.insert(short.clone(), name.to_owned());
        short
    }

    /// The name as the client knows it.
    #[must_use]
    pub fn own<'a>(&'a self, short: &'a str) -> &'a str {
        self.cut.get(short).map_or(short, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_comes_back_as_it_was() {
        let mut names = Names::default();
        let long = format!("mcp__{}", "x".repeat(100));
        let short = names.short(&long);
        assert_eq!((short.len(), names.own(&short)), (64, long.as_str()));
        assert_ne!(names.short(&format!("{long}y")), short);
        assert_eq!((names.short("short").as_str(), names.own("short")), ("short", "short"));
    }
}
