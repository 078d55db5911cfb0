//! Reads variables as the list says what they may be.

use std::cell::RefCell;

use reqwest::Url;

use super::misconfigured::Misconfigured;
use super::variables::{Kind, Presence, REFUSED, Variable};
use super::{LogLevels, Setting};

/// A source of variables, and what is wrong with those that every endpoint depends on.
pub(super) struct Reader<F> {
    lookup: F,
    malformed: RefCell<Vec<Misconfigured>>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    /// Reads from `lookup`.
    pub fn new(lookup: F) -> Self {
        Self { lookup, malformed: RefCell::default() }
    }

    /// The text of a variable; an empty one counts as missing.
    pub fn named(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The text of a variable, where it is set.
    pub fn text(&self, variable: &Variable) -> Option<String> {
        self.named(variable.name)
    }

    /// The text of a variable, or what holds without it.
    pub fn text_or_default(&self, variable: &Variable) -> String {
        self.text(variable).unwrap_or_else(|| default(variable).to_owned())
    }

    /// A number within its bounds.
    pub fn number(&self, variable: &Variable) -> Setting<u64> {
        let text = self.text_or_default(variable);
        let Kind::Number { unit, least, most } = variable.kind else {
            return Err(refusal(variable, &text, "must be a number".to_owned()));
        };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number
            .ok_or_else(|| refusal(variable, &text, format!("must be a whole number of {unit} from {least} to {most}")))
    }

    /// A percentage on top of the whole, as basis points with the whole: `5` is 10 500.
    pub fn basis_points(&self, variable: &Variable) -> Setting<u32> {
        let text = self.text_or_default(variable);
        let Kind::Percent { most } = variable.kind else {
            return Err(refusal(variable, &text, "must be a percentage".to_owned()));
        };
        let hundredths = || {
            // A percentage in nano-units: two decimals are ten million of them.
            let nanos = crate::money::Nanos::from_dollars(&text).ok()?.0;
            (nanos >= 0 && nanos % 10_000_000 == 0).then(|| u64::try_from(nanos / 10_000_000).ok())?
        };
        let basis_points = hundredths().filter(|points| *points <= most * 100);
        basis_points.and_then(|points| u32::try_from(10_000 + points).ok()).ok_or_else(|| {
            refusal(variable, &text, format!("must be a number of percent from 0 to {most} with at most two decimals"))
        })
    }

    /// An http or https URL, without a slash at its end.
    pub fn url(&self, variable: &Variable) -> Setting<String> {
        let url = self.text_or_default(variable);
        let parsed = Url::parse(&url);
        if parsed.is_ok_and(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host()) {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        Err(refusal(variable, &url, "must be an http(s) URL, such as https://example.com".to_owned()))
    }

    /// One of the variable's words.
    pub fn choice(&self, variable: &Variable) -> Setting<String> {
        let word = self.text_or_default(variable);
        match variable.kind {
            Kind::Choice(words) if !words.contains(&word.as_str()) => {
                Err(refusal(variable, &word, format!("must be one of {}", words.join(", "))))
            }
            _ => Ok(word),
        }
    }

    /// The log's levels.
    pub fn log_levels(&self, variable: &Variable) -> Setting<LogLevels> {
        let text = self.text_or_default(variable);
        LogLevels::parse(&text).ok_or_else(|| {
            let allowed = "must be a level (error, warn, info, debug, trace, off), or levels of parts such as \
                           `info,shared::call=debug`";
            refusal(variable, &text, allowed.to_owned())
        })
    }

    /// A variable that every endpoint depends on: if it is malformed that is noted, since the process must not start, and
    /// `otherwise` stands in its place.
    pub fn needed<T>(&self, read: Setting<T>, otherwise: T) -> T {
        read.unwrap_or_else(|misconfigured| {
            self.malformed.borrow_mut().push(misconfigured);
            otherwise
        })
    }

    /// What was noted as malformed, and the variables that are refused wherever they are set.
    pub fn malformed(self) -> Vec<Misconfigured> {
        let refused = REFUSED.iter().filter(|(name, ..)| self.named(name).is_some());
        let refused: Vec<_> =
            refused.map(|(name, problem, remedy)| Misconfigured::malformed(name, *problem, *remedy)).collect();
        let mut malformed = self.malformed.into_inner();
        malformed.extend(refused);
        malformed
    }
}

/// What holds without a variable; nothing for one that has no default.
const fn default(variable: &Variable) -> &'static str {
    match variable.presence {
        Presence::Default(value) => value,
        Presence::Required | Presence::Optional => "",
    }
}

/// A value that the variable may not have. A secret is not repeated.
fn refusal(variable: &Variable, value: &str, allowed: String) -> Misconfigured {
    let problem = if variable.kind.is_secret() { "is malformed".to_owned() } else { format!("is `{value}`") };
    let remedy = match variable.presence {
        Presence::Default(usual) => format!("it {allowed}; without it {usual} holds"),
        Presence::Required | Presence::Optional => format!("it {allowed}"),
    };
    Misconfigured::malformed(variable.name, problem, remedy)
}
