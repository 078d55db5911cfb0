//! When two answers count as the same.

use super::generate::Command;
use crate::upstash::reply::Reply;

/// How far the clocks of the two engines may have read apart, in ms or s.
const CLOCK_TOLERANCE: u64 = 10_000;
/// From this length on a score is a double in the 17 digits of Redis before 7.2, which later ones and we write shorter.
const LONG_SCORE: usize = 17;

/// What the answers to a command may differ in.
pub(super) struct Comparison {
    /// They are times to live.
    timed: bool,
    /// They are the fields of a hash, of which the order is no one's business.
    unordered: bool,
}

impl Comparison {
    pub(super) fn of(command: &Command) -> Self {
        // The command may also be an argument of a script that runs it.
        let mentions = |name: &str| command.iter().any(|word| word.eq_ignore_ascii_case(name));
        Self { timed: mentions("TTL") || mentions("PTTL"), unordered: mentions("HGETALL") }
    }

    pub(super) fn holds(&self, ours: &Reply, theirs: &Reply) -> bool {
        match (ours, theirs) {
            (Reply::Integer(ours), Reply::Integer(theirs)) if self.timed && *ours > 0 => {
                ours.abs_diff(*theirs) <= CLOCK_TOLERANCE
            }
            (Reply::Bulk(ours), Reply::Bulk(theirs)) => ours == theirs || same_score(ours, theirs),
            // A script may have put the fields into an array of its own, beside something else.
            (Reply::Array(ours), Reply::Array(theirs)) => {
                (self.unordered && pairs(ours) == pairs(theirs))
                    || (ours.len() == theirs.len()
                        && ours.iter().zip(theirs).all(|(ours, theirs)| self.holds(ours, theirs)))
            }
            _ => ours == theirs,
        }
    }
}

fn same_score(ours: &[u8], theirs: &[u8]) -> bool {
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<f64>().ok();
    theirs.len() >= LONG_SCORE && number(ours).is_some() && number(ours) == number(theirs)
}

fn pairs(items: &[Reply]) -> Vec<String> {
    let mut pairs: Vec<String> = items.chunks(2).map(|pair| format!("{pair:?}")).collect();
    pairs.sort();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_no_order_wherever_a_script_puts_them() {
        let bulk = |text: &str| Reply::Bulk(text.into());
        let hash = |texts: [&str; 4]| Reply::Array(texts.map(bulk).into());
        let script = |fields| Reply::Array(vec![bulk("true"), bulk("table"), fields]);
        let (ours, theirs, others) = (["f", "v", "g", "0"], ["g", "0", "f", "v"], ["f", "0", "g", "v"]);
        let comparison = Comparison::of(&["EVAL", "…", "HGETALL", "a"].map(str::to_owned).to_vec());
        assert!(comparison.holds(&hash(ours), &hash(theirs)));
        assert!(comparison.holds(&script(hash(ours)), &script(hash(theirs))));
        assert!(!comparison.holds(&script(hash(ours)), &script(hash(others))));
        let ordered = Comparison::of(&["LRANGE", "a"].map(str::to_owned).to_vec());
        assert!(!ordered.holds(&hash(ours), &hash(theirs)));
    }
}
