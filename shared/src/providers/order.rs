//! Which provider is asked first.

use super::candidate::Candidate;
use super::routing::{Routing, Sort};
use crate::config::ProviderSettings;
use crate::limits::Measured;

/// What the limiter knows of the providers of a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Those whose breaker is open.
    pub avoid: &'a [String],
    /// The one that has the session's prompt in a cache.
    pub cached_at: Option<&'a str>,
    /// How fast they were lately.
    pub speeds: &'a [(String, Measured)],
}

/// Orders a hold's candidates, which come cheapest first, or as the caller's own keys are ordered: those keys before our account, then
/// the request's own order, then those whose breaker is closed, then those that were as fast as the request prefers, of them the one that has the prompt in a cache, then as the request
/// sorts them; of whom nobody knows how fast they are come last. An open breaker's provider is kept as the last resort. Without
/// fallbacks only the first remains, with all of the caller's keys there.
#[must_use]
pub fn order(mut candidates: Vec<Candidate>, routing: &Routing, known: Known<'_>) -> Vec<Candidate> {
    let Known { avoid, cached_at, speeds } = known;
    let known = |provider: &str| speeds.iter().find(|(known, _)| known == provider).map(|(_, measured)| measured);
    let place = |provider: &str| {
        let speed = known(provider).filter(|_| routing.sort.is_some_and(Sort::goes_by_speed)).and_then(Measured::speed);
        match routing.sort {
            Some(Sort::Latency) => speed.map_or(u64::MAX, |speed| speed.first_ms),
            Some(Sort::Throughput) => speed.map_or(u64::MAX, |speed| u64::MAX - 1 - speed.per_second),
            Some(Sort::Price) | None => 0,
        }
    };
    candidates.sort_by_key(|candidate| {
        let wished = routing.order.iter().position(|name| *name == candidate.provider).unwrap_or(usize::MAX);
        let is_elsewhere = cached_at.is_some_and(|provider| provider != candidate.provider);
        let avoided = avoid.contains(&candidate.provider);
        (
            candidate.own_key.is_none(),
            wished,
            avoided,
            known(&candidate.provider).is_some_and(|measured| routing.preferred.is_missed_by(measured)),
            is_elsewhere && candidate.own_key.is_none(),
            place(&candidate.provider),
        )
    });
    if !routing.fallbacks {
        let first = candidates.first().map(|first| (first.provider.clone(), first.own_key.is_some()));
        candidates.retain(|next| {
            first
                .as_ref()
                .is_some_and(|(provider, is_own)| *provider == next.provider && *is_own == next.own_key.is_some())
        });
    }
    candidates
}

/// The providers of `routing` that this deployment can use.
#[must_use]
pub fn usable(routing: &Routing, settings: &[ProviderSettings]) -> Vec<&'static str> {
    let names = settings.iter().filter(|settings| settings.is_usable()).map(|settings| settings.provider.name);
    names.filter(|name| routing.allowed.contains(name)).collect()
}

/// The names of our keys at those of them at which we have several.
#[must_use]
pub fn names_of_keys<'a>(providers: &[&'static str], settings: &'a [ProviderSettings]) -> Vec<&'a str> {
    let known = settings.iter().filter(|settings| providers.contains(&settings.provider.name));
    known.flat_map(|settings| &settings.key_names).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::credits::price::Price;
    use crate::limits::Speed;
    use crate::providers::Rows;
    use crate::providers::preferred::Preferred;
    use crate::providers::wishes::Wishes;

    fn candidates(names: &[&str]) -> Vec<Candidate> {
        names
            .iter()
            .map(|name| Candidate {
                provider: (*name).to_owned(),
                model: "m".to_owned(),
                own_key: None,
                markup: None,
                ceiling: None,
                price: Price::default(),
            })
            .collect()
    }

    fn names(ordered: &[Candidate]) -> Vec<&str> {
        ordered.iter().map(|candidate| candidate.provider.as_str()).collect()
    }

    #[test]
    fn wishes_go_before_health_and_health_before_price() {
        let none = Routing {
            rows: Rows::TABLE,
            allowed: vec![],
            order: vec![],
            fallbacks: true,
            wishes: Wishes::default(),
            sort: None,
            preferred: Preferred::default(),
            hedge_ms: None,
            session_id: None,
            session: None,
        };
        let avoid = ["a".to_owned()];
        let avoiding = Known { avoid: &avoid, ..Known::default() };
        assert_eq!(names(&order(candidates(&["a", "b", "c"]), &none, avoiding)), ["b", "c", "a"]);
        let wish = Routing { order: vec!["c"], ..none.clone() };
        assert_eq!(names(&order(candidates(&["a", "b", "c"]), &wish, avoiding)), ["c", "b", "a"]);
        let only_one = Routing { fallbacks: false, ..none.clone() };
        assert_eq!(names(&order(candidates(&["a", "b"]), &only_one, Known::default())), ["a"]);
        // The caller's own keys go before our account, whatever it is that the request wishes, and as they are ordered, wherever a
        // prompt is in a cache of our account; and without fallbacks all at the first.
        let own = |name: &str| Candidate { own_key: Some(Uuid::now_v7()), ..candidates(&[name]).remove(0) };
        let with_own = || vec![own("b"), own("b"), own("a"), candidates(&["c"]).remove(0)];
        let elsewhere = Known { cached_at: Some("a"), ..Known::default() };
        assert_eq!(names(&order(with_own(), &wish, avoiding)), ["b", "b", "a", "c"]);
        assert_eq!(names(&order(with_own(), &only_one, elsewhere)), ["b", "b"]);
        let beside_ours = vec![own("b"), candidates(&["b"]).remove(0)];
        let left = order(beside_ours, &only_one, Known::default());
        assert!(left.len() == 1 && left[0].own_key.is_some(), "our account is no part of the first");
        // Of `d` nobody knows anything; an open breaker outweighs any speed.
        let speed = |name: &str, first_ms, per_second| (name.to_owned(), Measured::of(Speed { first_ms, per_second }));
        let speeds = [speed("a", 1, 900), speed("b", 300, 50), speed("c", 200, 20)];
        for (sort, wanted) in [
            (Sort::Price, ["b", "c", "d", "a"]),
            (Sort::Latency, ["c", "b", "d", "a"]),
            (Sort::Throughput, ["b", "c", "d", "a"]),
        ] {
            let sorted = Routing { sort: Some(sort), ..none.clone() };
            let known = Known { speeds: &speeds, ..avoiding };
            assert_eq!(names(&order(candidates(&["a", "b", "c", "d"]), &sorted, known)), wanted, "{sort:?}");
            // Where the prompt is in a cache comes before the sort, and behind whoever is wished for by name.
            let known = Known { cached_at: Some("d"), ..known };
            assert_eq!(order(candidates(&["a", "b", "c", "d"]), &sorted, known)[0].provider, "d", "{sort:?}");
            let wished = Routing { order: vec!["c"], ..sorted };
            assert_eq!(names(&order(candidates(&["a", "b", "c", "d"]), &wished, known))[..2], ["c", "d"], "{sort:?}");
        }
        // Whoever was slower than is preferred comes behind the others, and before whoever fails; of `d` nobody knows that it was.
        for (preferred, wanted) in [
            (r#"{"preferred_max_latency":0.25}"#, ["c", "d", "b", "a"]),
            (r#"{"preferred_min_throughput":{"p50":30}}"#, ["b", "d", "c", "a"]),
            (r#"{"preferred_min_throughput":30,"preferred_max_latency":0.25}"#, ["d", "b", "c", "a"]),
            (r#"{"preferred_max_latency":9}"#, ["b", "c", "d", "a"]),
        ] {
            let preferred = Preferred::read(&serde_json::from_str(preferred).expect("an object")).expect("thresholds");
            let known = Known { speeds: &speeds, ..avoiding };
            let prefers = Routing { preferred, ..none.clone() };
            assert_eq!(names(&order(candidates(&["a", "b", "c", "d"]), &prefers, known)), wanted);
        }
        // A cache at a provider that fails is worth nothing.
        let known = Known { cached_at: Some("a"), ..avoiding };
        assert_eq!(names(&order(candidates(&["a", "b", "c"]), &none, known)), ["b", "c", "a"]);
    }
}
