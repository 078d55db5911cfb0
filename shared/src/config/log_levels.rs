//! How much is logged, from `RUST_LOG`.

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// The level of everything, and further ones of parts: `info,shared::call=debug`, as everywhere. Without the filters on
/// spans and fields, whose regexes weigh a megabyte.
#[derive(Clone, Debug)]
pub struct LogLevels(pub Targets);

impl Default for LogLevels {
    fn default() -> Self {
        Self(Targets::new().with_default(Level::INFO))
    }
}

impl LogLevels {
    /// Reads the levels. A bare word that is no level is refused. Elsewhere it means a target of which everything is logged, but
    /// here it would be a misspelled level, and nothing else would be logged any more.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let directives = || text.split(',').map(str::trim).filter(|directive| !directive.is_empty());
        let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
        let is_sound = |directive: &str| match directive.split_once('=') {
            Some((target, level)) => !target.is_empty() && is_level(level),
            None => is_level(directive),
        };
        if directives().next().is_none() || !directives().all(is_sound) {
            return None;
        }
        let targets: Targets = directives().collect::<Vec<_>>().join(",").parse().ok()?;
        // A level for one target leaves the errors of all others on.
        let has_default = directives().any(|directive| !directive.contains('='));
        Some(Self(if has_default { targets } else { targets.with_default(Level::ERROR) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_level_is_refused_and_errors_are_always_heard() {
        for text in ["loud", "info,loud", "shared::call", "=debug", "shared=loud", ",", "shared=debug=info"] {
            assert!(LogLevels::parse(text).is_none(), "{text}");
        }
        for (text, info, error) in [
            ("info", true, true),
            ("WARN", false, true),
            ("shared=debug", false, true),
            ("off", false, false),
            ("warn, hyper=trace", false, true),
        ] {
            let LogLevels(targets) = LogLevels::parse(text).expect(text);
            assert_eq!(targets.would_enable("tower", &Level::INFO), info, "{text}");
            assert_eq!(targets.would_enable("tower", &Level::ERROR), error, "{text}");
        }
    }
}
