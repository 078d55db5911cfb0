//! What `supabase/seeds/catalog.sql` has: of models and routes that stand there the figures change no price and no limit.

use std::collections::{BTreeMap, BTreeSet};

use shared::providers::table::PROVIDERS;

/// The tokens that a model can take and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub context: u64,
    pub max_output: u64,
}

/// Models by their ids, and the providers that each is reached by.
#[derive(Debug, Default)]
pub struct WrittenByHand {
    pub models: BTreeMap<String, Limits>,
    pub routes: BTreeSet<(String, String)>,
}

impl WrittenByHand {
    /// Reads the rows of the seed: a model's begin with its id, of which the sixth and seventh member are its limits, a route's with
    /// the model and the provider.
    pub fn read(sql: &str) -> Self {
        let mut found = Self::default();
        for row in sql.lines().filter_map(|line| line.strip_prefix("  ('")) {
            let members = members(&format!("'{row}"));
            let [id, second, ..] = &members[..] else { continue };
            if PROVIDERS.iter().any(|provider| provider.name == second) {
                found.routes.insert((id.clone(), second.clone()));
            } else if let (Some(Ok(context)), Some(Ok(max_output))) =
                (members.get(5).map(|text| text.parse()), members.get(6).map(|text| text.parse()))
            {
                found.models.insert(id.clone(), Limits { context, max_output });
            }
        }
        found
    }
}

/// The members of a row of SQL, without their quotes.
fn members(row: &str) -> Vec<String> {
    let (mut members, mut member, mut quoted) = (Vec::new(), String::new(), false);
    for letter in row.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ',' | ')' if !quoted => members.push(std::mem::take(&mut member).trim().to_owned()),
            letter => member.push(letter),
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_whatever_their_texts_hold() {
        let found = WrittenByHand::read(
            "insert into x\n  ('a/b', 'A, B', 'a', 'It''s (good), 5.', 'chat', 128000, 16384, '{text,image}'),\n  \
             ('a/b', 'openai', 'b', 150000000, null, 1);",
        );
        assert_eq!(found.models["a/b"], Limits { context: 128_000, max_output: 16_384 });
        assert!(found.routes.contains(&("a/b".to_owned(), "openai".to_owned())) && found.models.len() == 1);
    }
}
