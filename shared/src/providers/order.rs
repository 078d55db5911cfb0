//! Which provider is asked first.

use super::candidate::Candidate;
use super::routing::Routing;
use crate::config::ProviderSettings;

/// Orders a hold's candidates, which come cheapest first: the request's own order, then those whose breaker is
/// closed. An open breaker's provider is kept as the last resort. Without fallbacks only the first remains.
#[must_use]
pub fn order(mut candidates: Vec<Candidate>, routing: &Routing, avoid: &[String]) -> Vec<Candidate> {
    candidates.sort_by_key(|candidate| {
        let wished = routing.order.iter().position(|name| *name == candidate.provider).unwrap_or(usize::MAX);
        (wished, avoid.contains(&candidate.provider))
    });
    if !routing.fallbacks {
        candidates.truncate(1);
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
    use super::*;
    use crate::credits::price::Price;

    fn candidates(names: &[&str]) -> Vec<Candidate> {
        names
            .iter()
            .map(|name| Candidate {
                provider: (*name).to_owned(),
                model: "m".to_owned(),
                own_key: false,
                price: Price::default(),
            })
            .collect()
    }

    fn names(ordered: &[Candidate]) -> Vec<&str> {
        ordered.iter().map(|candidate| candidate.provider.as_str()).collect()
    }

    #[test]
    fn wishes_go_before_health_and_health_before_price() {
        let none = Routing { allowed: vec![], order: vec![], fallbacks: true };
        let avoid = ["a".to_owned()];
        assert_eq!(names(&order(candidates(&["a", "b", "c"]), &none, &avoid)), ["b", "c", "a"]);
        let wish = Routing { order: vec!["c"], ..none.clone() };
        assert_eq!(names(&order(candidates(&["a", "b", "c"]), &wish, &avoid)), ["c", "b", "a"]);
        let only_one = Routing { fallbacks: false, ..none };
        assert_eq!(names(&order(candidates(&["a", "b"]), &only_one, &[])), ["a"]);
    }
}
