//! Which provider is asked first.

use super::candidate::Candidate;
use super::routing::{Routing, Sort};
use crate::config::ProviderSettings;
use crate::limits::Speed;

/// Orders a hold's candidates, which come cheapest first, or as the caller's own keys are ordered: those keys before our account, then
/// the request's own order, then those whose breaker is closed, then as the request sorts them; of whom nobody knows how fast they are
/// come last. An open breaker's provider is kept as the last resort. Without fallbacks only the first remains, with all of the caller's
/// keys there.
#[must_use]
pub fn order(
    mut candidates: Vec<Candidate>,
    routing: &Routing,
    avoid: &[String],
    speeds: &[(String, Speed)],
) -> Vec<Candidate> {
    let place = |provider: &str| {
        let speed = speeds.iter().find(|(known, _)| known == provider).map(|(_, speed)| *speed);
        match routing.sort {
            Some(Sort::Latency) => speed.map_or(u64::MAX, |speed| speed.first_ms),
            Some(Sort::Throughput) => speed.map_or(u64::MAX, |speed| u64::MAX - 1 - speed.per_second),
            Some(Sort::Price) | None => 0,
        }
    };
    candidates.sort_by_key(|candidate| {
        let wished = routing.order.iter().position(|name| *name == candidate.provider).unwrap_or(usize::MAX);
        (candidate.own_key.is_none(), wished, avoid.contains(&candidate.provider), place(&candidate.provider))
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::credits::price::Price;

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
        let none = Routing { allowed: vec![], order: vec![], fallbacks: true, max_price: None, sort: None };
        let avoid = ["a".to_owned()];
        assert_eq!(names(&order(candidates(&["a", "b", "c"]), &none, &avoid, &[])), ["b", "c", "a"]);
        let wish = Routing { order: vec!["c"], ..none.clone() };
        assert_eq!(names(&order(candidates(&["a", "b", "c"]), &wish, &avoid, &[])), ["c", "b", "a"]);
        let only_one = Routing { fallbacks: false, ..none.clone() };
        assert_eq!(names(&order(candidates(&["a", "b"]), &only_one, &[], &[])), ["a"]);
        // The caller's own keys go before our account, whatever it is that the request wishes; and without fallbacks all at the first.
        let own = |name: &str| Candidate { own_key: Some(Uuid::now_v7()), ..candidates(&[name]).remove(0) };
        let with_own = || vec![own("b"), own("b"), own("a"), candidates(&["c"]).remove(0)];
        assert_eq!(names(&order(with_own(), &wish, &avoid, &[])), ["b", "b", "a", "c"]);
        assert_eq!(names(&order(with_own(), &only_one, &[], &[])), ["b", "b"]);
        // Of `d` nobody knows anything; an open breaker outweighs any speed.
        let speed = |name: &str, first_ms, per_second| (name.to_owned(), Speed { first_ms, per_second });
        let speeds = [speed("a", 1, 900), speed("b", 300, 50), speed("c", 200, 20)];
        for (sort, wanted) in [
            (Sort::Price, ["b", "c", "d", "a"]),
            (Sort::Latency, ["c", "b", "d", "a"]),
            (Sort::Throughput, ["b", "c", "d", "a"]),
        ] {
            let sorted = Routing { sort: Some(sort), ..none.clone() };
            assert_eq!(names(&order(candidates(&["a", "b", "c", "d"]), &sorted, &avoid, &speeds)), wanted, "{sort:?}");
        }
    }
}
