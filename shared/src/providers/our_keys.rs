//! Several keys of ours at one provider: calls are spread over them, those of a session stay at one, since caches belong to accounts,
//! and one that the provider refuses rests.

use sha2::{Digest, Sha256};

use crate::config::ProviderSettings;

/// The places of our keys in the order in which a call tries them. `by` is what tells the session apart, or the call where it has
/// none; `avoid` names those that rest (see [`crate::config::key_name`]), which are tried only where all of them do.
///
/// Each key is weighed by itself (rendezvous hashing), so that one more key, or one less, moves only the sessions that it must.
#[must_use]
pub fn in_turn(settings: &ProviderSettings, by: &str, avoid: &[String]) -> Vec<usize> {
    let rests = |place: &usize| settings.key_names.get(*place).is_some_and(|name| avoid.contains(name));
    let mut places: Vec<usize> = (0..settings.keys.len().max(1)).collect();
    if places.len() == 1 {
        return places;
    }
    if !places.iter().all(rests) {
        places.retain(|place| !rests(place));
    }
    places.sort_by_cached_key(|place| weight(by, *place));
    places
}

/// Whether all of our several keys there rest.
#[must_use]
pub fn all_rest(settings: &ProviderSettings, avoid: &[String]) -> bool {
    !settings.key_names.is_empty() && settings.key_names.iter().all(|name| avoid.contains(name))
}

fn weight(by: &str, place: usize) -> [u8; 32] {
    Sha256::new().chain_update(by).chain_update([0]).chain_update(place.to_be_bytes()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn settings(keys: &'static str) -> ProviderSettings {
        let config = Config::from_lookup(|name| (name == "OPENAI_API_KEY").then(|| keys.to_owned()));
        config.providers.into_iter().find(|settings| settings.provider.name == "openai").expect("a row")
    }

    #[test]
    fn calls_are_spread_and_a_session_stays_where_it_is() {
        let three = settings("a, b,,c,a");
        assert_eq!(
            (three.keys.join(" "), three.key_names.join(" ")),
            ("a b c".into(), "openai#1 openai#2 openai#3".into())
        );
        let mut first = [0; 3];
        for session in 0..300 {
            let by = session.to_string();
            let turn = in_turn(&three, &by, &[]);
            first[turn[0]] += 1;
            assert_eq!(turn, in_turn(&three, &by, &[]));
            // One that rests is left out, and the others keep their order.
            let rested = in_turn(&three, &by, &[three.key_names[turn[0]].clone()]);
            assert_eq!(rested, turn[1..]);
        }
        assert!(first.iter().all(|number| (60..=140).contains(number)), "{first:?}");
        assert_eq!(
            in_turn(&three, "x", &three.key_names).len(),
            3,
            "all rest, so one of them is asked as the last resort"
        );
        assert!(all_rest(&three, &three.key_names) && !all_rest(&three, &three.key_names[1..]));
    }

    #[test]
    fn one_key_has_no_name_of_its_own() {
        for (keys, number) in [("a", 1), ("", 0), (" , ", 0), ("a,a", 1)] {
            let settings = settings(keys);
            assert_eq!((settings.keys.len(), settings.key_names.len()), (number, 0), "{keys}");
            assert_eq!((in_turn(&settings, "x", &[]), all_rest(&settings, &[])), (vec![0], false));
        }
    }
}
