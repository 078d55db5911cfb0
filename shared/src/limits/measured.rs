//! How routes do, as the end of each call counts it in Redis (release.lua): attempts that were answered and that failed, and of the
//! answers how soon their first byte came and how fast they were written.
//!
//! Times and speeds are counted by classes, each a fifth wider than the one before, so that an hour of any number of calls is a
//! short text, and a percentile of it is wrong by a tenth at most.

use std::collections::BTreeMap;

/// How fast a provider answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed {
    /// Milliseconds to the first byte.
    pub first_ms: u64,
    /// Tokens in a second from there on.
    pub per_second: u64,
}

/// The length of the buckets of the last half hour, and of those of the last day, in ms.
const MINUTES: i64 = 5 * 60_000;
const HOURS: i64 = 60 * 60_000;
/// By how much each class is wider than the one before.
const WIDTH: f64 = 1.2;
/// The highest class: a day in ms.
const HIGHEST: u32 = 100;

/// The class of a figure.
fn class(figure: u64) -> u32 {
    // Milliseconds and tokens in a second are far below what a double holds exactly.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small figures"
    )]
    let class = ((figure.max(1) as f64).ln() / WIDTH.ln()).round() as u32;
    class.min(HIGHEST)
}

/// The figure in the middle of a class.
fn middle(class: u32) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the highest class is below 2^27")]
    let middle = WIDTH.powi(class.min(HIGHEST).cast_signed()).round() as u64;
    middle
}

/// A speed as the script counts it: its classes.
pub(super) fn classes(speed: Speed) -> String {
    format!("{} {}", class(speed.first_ms), class(speed.per_second))
}

/// Figures by class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(BTreeMap<u32, u64>);

impl Histogram {
    /// Adds a bucket's text: `12=3,14=1`, or `-`.
    fn add(&mut self, text: &str) {
        let counts = text.split(',').filter_map(|pair| pair.split_once('='));
        for (class, count) in counts.filter_map(|(class, count)| Some((class.parse().ok()?, count.parse().ok()?))) {
            let sum: &mut u64 = self.0.entry(class).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// The figure that so many of a hundred do not exceed; `None` where there is none at all.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let wanted = self.0.values().copied().fold(0, u64::saturating_add).saturating_mul(percent).div_ceil(100);
        let mut passed = 0;
        self.0.iter().find_map(|(class, count)| {
            passed += count;
            (passed >= wanted).then(|| middle(*class))
        })
    }
}

/// Attempts at a route within a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Those that were answered.
    pub answered: u64,
    /// Those that failed.
    pub failed: u64,
}

impl Attempts {
    /// The part of them that was answered, in percent; `None` where there were none.
    #[must_use]
    pub fn uptime(self) -> Option<f64> {
        let all = self.answered.saturating_add(self.failed);
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let part = self.answered as f64 * 100.0 / all as f64;
        (all > 0).then_some((part * 1000.0).round() / 1000.0)
    }
}

/// How a route did lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// In the last five minutes.
    pub last_5m: Attempts,
    /// In the last half hour.
    pub last_30m: Attempts,
    /// In the last day.
    pub last_1d: Attempts,
    /// Milliseconds to the first byte, of the last half hour's answers.
    pub first_ms: Histogram,
    /// Tokens in a second, of the same.
    pub per_second: Histogram,
}

impl Measured {
    /// Of a route's fields and their buckets. The bucket that is being filled counts with the one before it, so that five minutes
    /// are five to ten.
    #[must_use]
    pub fn read<'a>(buckets: impl IntoIterator<Item = (&'a str, &'a str)>, now: i64) -> Self {
        let mut measured = Self::default();
        for (field, text) in buckets {
            let Some((bucket, attempts, firsts, rates)) = bucket(text) else { continue };
            let age = now / if field.starts_with('h') { HOURS } else { MINUTES } - bucket;
            let within = |last: i64| (0..=last).contains(&age);
            if field.starts_with('h') {
                if within(24) {
                    measured.last_1d.add(attempts);
                }
                continue;
            }
            if within(1) {
                measured.last_5m.add(attempts);
            }
            if within(6) {
                measured.last_30m.add(attempts);
                measured.first_ms.add(firsts);
                measured.per_second.add(rates);
            }
        }
        measured
    }

    /// Of a route of which one answer was measured.
    #[cfg(test)]
    pub(crate) fn of(speed: Speed) -> Self {
        let one = |figure| Histogram(BTreeMap::from([(class(figure), 1)]));
        Self { first_ms: one(speed.first_ms), per_second: one(speed.per_second), ..Self::default() }
    }

    /// The usual speed of the last half hour; `None` where none was measured.
    #[must_use]
    pub fn speed(&self) -> Option<Speed> {
        Some(Speed { first_ms: self.first_ms.percentile(50)?, per_second: self.per_second.percentile(50)? })
    }
}

impl Attempts {
    fn add(&mut self, more: Self) {
        self.answered = self.answered.saturating_add(more.answered);
        self.failed = self.failed.saturating_add(more.failed);
    }
}

/// A bucket's text: its number, what it counted, and the classes of both figures.
fn bucket(text: &str) -> Option<(i64, Attempts, &str, &str)> {
    let mut parts = text.split(' ');
    let mut next = || parts.next();
    let number = next()?.parse().ok()?;
    let attempts = Attempts { answered: next()?.parse().ok()?, failed: next()?.parse().ok()? };
    Some((number, attempts, next()?, next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_at_most_a_tenth_off() {
        for figure in [1, 2, 7, 99, 1_234, 60_000, 3_600_000] {
            let off = middle(class(figure)).abs_diff(figure) * 10;
            assert!(off <= figure.max(5), "{figure}: {}", middle(class(figure)));
        }
        assert_eq!((class(0), class(u64::MAX)), (0, HIGHEST));
    }

    #[test]
    fn percentiles_are_of_what_was_counted() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50), None);
        histogram.add("-");
        histogram.add("25=90,40=9,not=1");
        histogram.add("25=0,60=1");
        let percentiles = [1, 50, 90, 91, 99, 100].map(|percent| histogram.percentile(percent));
        let (usual, slow, slowest) = (Some(middle(25)), Some(middle(40)), Some(middle(60)));
        assert_eq!(percentiles, [usual, usual, usual, slow, slow, slowest]);
    }

    #[test]
    fn what_was_too_long_ago_counts_no_more() {
        let now = 1_000 * HOURS + 1;
        let fresh = now / MINUTES;
        let texts = [
            ("m0", format!("{fresh} 3 1 10=3 20=3")),
            ("m6", format!("{} 1 0 12=1 22=1", fresh - 6)),
            ("m5", format!("{} 90 0 12=90 22=90", fresh - 7)),
            ("h0", format!("{} 10 0 - -", now / HOURS)),
            ("h1", format!("{} 0 10 - -", now / HOURS - 24)),
            ("h2", format!("{} 70 0 - -", now / HOURS - 25)),
            ("m1", "garbage".to_owned()),
        ];
        let measured = Measured::read(texts.iter().map(|(field, text)| (*field, text.as_str())), now);
        let uptimes = [measured.last_5m, measured.last_30m, measured.last_1d].map(Attempts::uptime);
        assert_eq!(uptimes, [Some(75.0), Some(80.0), Some(50.0)]);
        assert_eq!(measured.speed(), Some(Speed { first_ms: middle(10), per_second: middle(20) }));
        assert_eq!((Measured::default().speed(), Attempts::default().uptime()), (None, None));
    }
}
