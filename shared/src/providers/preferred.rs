//! How fast a provider should be, as OpenRouter's clients say it in `provider.preferred_max_latency` (seconds to the first byte) and
//! `preferred_min_throughput` (tokens in a second): one that was slower lately is asked behind those that were not.

use crate::error::Error;
use crate::limits::Measured;
use crate::object::Object;

/// The percentiles for which a threshold can be given. A number alone is the median's.
const PERCENTILES: [(&str, u64); 4] = [("p50", 50), ("p75", 75), ("p90", 90), ("p99", 99)];

/// Beyond this, in seconds or tokens a second, nobody is slow or fast.
const MOST: f64 = 1_000_000.0;

/// The thresholds: each of so many answers in a hundred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferred {
    /// Milliseconds to the first byte that are not to be exceeded.
    latency: Vec<(u64, u64)>,
    /// Tokens in a second that are to be reached.
    throughput: Vec<(u64, u64)>,
}

impl Preferred {
    /// Reads those of a request's `provider` object.
    ///
    /// # Errors
    /// 400 that names `provider`.
    pub fn read(wishes: &Object<'_>) -> Result<Self, Error> {
        Ok(Self {
            latency: thresholds(wishes, "preferred_max_latency", "seconds", 1000.0)?,
            throughput: thresholds(wishes, "preferred_min_throughput", "tokens a second", 1.0)?,
        })
    }

    /// Whether there are none, so that nobody need know how fast providers are.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.latency.is_empty() && self.throughput.is_empty()
    }

    /// Whether a route was slower lately than it should be. Of one that was not measured nobody says so.
    #[must_use]
    pub fn is_missed_by(&self, measured: &Measured) -> bool {
        let too_late =
            |(percent, most): &(u64, u64)| measured.first_ms.percentile(*percent).is_some_and(|ms| ms > *most);
        // So many in a hundred are at least as fast as the figure that the rest does not exceed.
        let too_slow = |(percent, least): &(u64, u64)| {
            measured.per_second.percentile((100 - percent).max(1)).is_some_and(|rate| rate < *least)
        };
        self.latency.iter().any(too_late) || self.throughput.iter().any(too_slow)
    }
}

/// A number, or an object with one for each percentile.
fn thresholds(wishes: &Object<'_>, name: &str, unit: &str, factor: f64) -> Result<Vec<(u64, u64)>, Error> {
    let wrong = || {
        let shape = "a number up to a million, or an object with one in `p50`, `p75`, `p90` or `p99`";
        Error::invalid("provider", format!("`{name}` of `provider` is in {unit}: {shape}."))
    };
    let figure = |value: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within its bounds")]
        let whole = (0.0..=MOST).contains(&value).then(|| (value * factor).ceil() as u64);
        whole.ok_or_else(wrong)
    };
    let Some(given) = wishes.get(name).filter(|given| *given != "null") else { return Ok(Vec::new()) };
    if !given.starts_with('{') {
        let value: f64 = serde_json::from_str(given).map_err(|_| wrong())?;
        return Ok(vec![(50, figure(value)?)]);
    }
    let given: Object<'_> = serde_json::from_str(given).map_err(|_| wrong())?;
    let mut thresholds = Vec::new();
    for (name, value) in given.iter().filter(|(_, value)| *value != "null") {
        let (_, percent) = PERCENTILES.iter().find(|(known, _)| *known == name).ok_or_else(wrong)?;
        thresholds.push((*percent, figure(serde_json::from_str(value).map_err(|_| wrong())?)?));
    }
    Ok(thresholds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Speed;

    fn read(provider: &str) -> Result<Preferred, Error> {
        Preferred::read(&serde_json::from_str(provider).expect("an object"))
    }

    #[test]
    fn a_threshold_is_a_number_or_one_for_each_percentile() {
        for (given, is_missed) in [
            (r"{}", false),
            (r#"{"preferred_max_latency":null,"preferred_min_throughput":{}}"#, false),
            (r#"{"preferred_max_latency":1}"#, false),
            (r#"{"preferred_max_latency":0.1}"#, true),
            (r#"{"preferred_max_latency":{"p50":1,"p99":0.1}}"#, true),
            (r#"{"preferred_max_latency":{"p90":1,"p75":null}}"#, false),
            (r#"{"preferred_min_throughput":30}"#, false),
            (r#"{"preferred_min_throughput":90}"#, true),
            (r#"{"preferred_max_latency":1,"preferred_min_throughput":{"p90":90}}"#, true),
        ] {
            let preferred = read(given).expect("thresholds");
            assert_eq!(
                preferred.is_missed_by(&Measured::of(Speed { first_ms: 500, per_second: 50 })),
                is_missed,
                "{given}"
            );
            assert!(!preferred.is_missed_by(&Measured::default()), "{given}");
        }
    }

    #[test]
    fn what_is_no_threshold_is_refused_by_its_name() {
        for (name, value) in [
            ("preferred_max_latency", r#""1""#),
            ("preferred_max_latency", "-1"),
            ("preferred_max_latency", "1e99"),
            ("preferred_max_latency", r#"{"p10":1}"#),
            ("preferred_min_throughput", r#"{"p50":"much"}"#),
            ("preferred_min_throughput", "[1]"),
            ("preferred_min_throughput", "true"),
        ] {
            let error = read(&format!(r#"{{"{name}":{value}}}"#)).expect_err(value);
            assert_eq!(error.param.as_deref(), Some("provider"));
            assert!(error.message.contains(name), "{value}");
        }
    }
}
