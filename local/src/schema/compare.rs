//! What two catalogs differ in.
use super::{Catalog, Object};
use std::{collections::BTreeSet, fmt};

/// A thing that is not the same in two databases.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The thing.
    pub object: Object,
    /// Its definition in the one, if it is there.
    pub before: Option<String>,
    /// Its definition in the other.
    pub after: Option<String>,
}

/// The differences between two databases, by kind and name.
#[must_use]
pub fn compare(before: &Catalog, after: &Catalog) -> Vec<Difference> {
    let objects: BTreeSet<&Object> = before.0.keys().chain(after.0.keys()).collect();
    let of = |catalog: &Catalog, object: &Object| catalog.0.get(object).cloned();
    let all = objects.into_iter().map(|object| Difference {
        object: object.clone(),
        before: of(before, object),
        after: of(after, object),
    });
    all.filter(|difference| difference.before != difference.after).collect()
}

impl fmt::Display for Difference {
    /// The thing, and the lines that only the one has, after `-`, or only the other, after `+`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |side: &Option<String>| -> Vec<String> {
            let text = side.as_deref().map(|text| if text.is_empty() { "(is there)" } else { text });
            text.map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default()
        };
        write!(f, "{}", self.object)?;
        let (before, after) = (lines(&self.before), lines(&self.after));
        for (sign, line) in changed_lines(&before, &after) {
            write!(f, "\n  {sign} {line}")?;
        }
        Ok(())
    }
}

/// The lines outside of a longest common subsequence.
fn changed_lines<'a>(before: &'a [String], after: &'a [String]) -> Vec<(char, &'a str)> {
    // common[i][j]: how many lines before[i..] and after[j..] have in common, in order.
    let mut common = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i][j] =
                if before[i] == after[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut changed) = (0, 0, Vec::new());
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || i < before.len() && common[i + 1][j] >= common[i][j + 1] {
            changed.push(('-', before[i].as_str()));
            i += 1;
        } else {
            changed.push(('+', after[j].as_str()));
            j += 1;
        }
    }
    changed
}
