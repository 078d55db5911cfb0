//! A set of members in the order of their scores.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A score: any double but NaN, which the parser of arguments keeps out.
#[derive(Clone, Copy, Debug)]
struct Score(f64);

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    /// Not `total_cmp`, for which -0 is less than 0: Redis holds them equal.
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal)
    }
}

/// One end of a range of scores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) score: f64,
    pub(super) exclusive: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ScoreRange {
    pub(super) min: Bound,
    pub(super) max: Bound,
}

#[derive(Debug, Default)]
pub(super) struct SortedSet {
    scores: HashMap<Arc<[u8]>, f64>,
    /// Equal scores are ordered by member.
    order: BTreeSet<(Score, Arc<[u8]>)>,
}

impl SortedSet {
    pub(super) fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.scores.len()
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        self.scores.get(member).copied()
    }

    /// Adds the member, or changes its score.
    pub(super) fn insert(&mut self, member: &[u8], score: f64) {
        let member = match self.scores.get_key_value(member) {
            Some((member, old)) => {
                let member = Arc::clone(member);
                self.order.remove(&(Score(*old), Arc::clone(&member)));
                member
            }
            None => Arc::from(member),
        };
        self.scores.insert(Arc::clone(&member), score);
        self.order.insert((Score(score), member));
    }

    pub(super) fn remove(&mut self, member: &[u8]) -> bool {
        match self.scores.remove_entry(member) {
            Some((member, score)) => self.order.remove(&(Score(score), member)),
            None => false,
        }
    }

    /// All members with their scores, lowest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], f64)> + ExactSizeIterator {
        self.order.iter().map(|(score, member)| (member.as_ref(), score.0))
    }

    /// The members of which the score is in the range, lowest first.
    pub(super) fn between(&self, range: ScoreRange) -> impl Iterator<Item = (&[u8], f64)> {
        // The empty member sorts before every other of the same score.
        let from = (Score(range.min.score), Arc::from(&b""[..]));
        self.order
            .range(from..)
            .skip_while(move |(score, _)| range.min.exclusive && score.0 == range.min.score)
            .take_while(move |(score, _)| {
                score.0 < range.max.score || (!range.max.exclusive && score.0 == range.max.score)
            })
            .map(|(score, member)| (member.as_ref(), score.0))
    }
}
