//! The limits, one a line: all that Rust and the scripts know of them. A limit is known by its name, which is also its
//! name in the database (`gateway.limit_names()`), in requests and in answers.

/// A limit of a key or of an account.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Its name.
    pub name: &'static str,
    /// What it limits.
    pub of: Limited,
}

/// What a limit limits.
#[derive(Clone, Copy, Debug)]
pub enum Limited {
    /// Requests within a window.
    Requests(Window),
    /// Prompt and completion tokens within a window.
    Tokens(Window),
    /// Calls that run at the same time.
    Running,
}

/// A sliding window.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The field that counts it, in the hash of a key or of an account in Redis.
    pub field: &'static str,
    /// Its length in ms.
    pub length: u64,
    /// What there were too many of, in the words of the refusal.
    pub wording: &'static str,
}

const DAY: u64 = 86_400_000;

impl Window {
    /// Whether a retry is hopeless: an SDK's patience does not last for a day.
    #[must_use]
    pub const fn outlasts_retries(&self) -> bool {
        self.length >= DAY
    }
}

impl Limit {
    /// The limit of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        LIMITS.iter().find(|limit| limit.name == name)
    }

    /// Its window; calls that run have none.
    #[must_use]
    pub const fn window(&self) -> Option<&Window> {
        match &self.of {
            Limited::Requests(window) | Limited::Tokens(window) => Some(window),
            Limited::Running => None,
        }
    }
}

const fn requests(field: &'static str, length: u64, wording: &'static str) -> Limited {
    Limited::Requests(Window { field, length, wording })
}

const fn tokens(field: &'static str, length: u64, wording: &'static str) -> Limited {
    Limited::Tokens(Window { field, length, wording })
}

/// THE table: hands every limit, with what it is, to a macro. Whoever declares one member a limit does it by this.
macro_rules! every_limit {
    ($macro:ident) => {
        $macro! {
            /// Requests within a minute.
            requests_per_minute: requests("rm", 60_000, "requests per minute"),
            /// Requests within ten seconds.
            burst: requests("rb", 10_000, "requests within 10 seconds"),
            /// Requests within an hour.
            requests_per_hour: requests("rh", 3_600_000, "requests per hour"),
            /// Requests within a day.
            requests_per_day: requests("rd", DAY, "requests per day"),
            /// Tokens within a minute.
            tokens_per_minute: tokens("tm", 60_000, "tokens per minute"),
            /// Tokens within a day.
            tokens_per_day: tokens("td", DAY, "tokens per day"),
            /// Requests at a time.
            concurrency: Limited::Running,
        }
    };
}
pub(crate) use every_limit;

macro_rules! limits {
    ($($(#[doc = $what:literal])+ $name:ident: $of:expr,)+) => {
        /// Every limit that the limiter knows.
        pub const LIMITS: &[Limit] = &[$(Limit { name: stringify!($name), of: $of }),+];
    };
}
every_limit!(limits);

/// The table as the scripts read it.
pub(super) fn lua() -> String {
    let mut lua = String::from("local WINDOWS, CONCURRENCY = {");
    for limit in LIMITS {
        if let Some(Window { field, length, .. }) = limit.window() {
            let (name, tokens) = (limit.name, matches!(limit.of, Limited::Tokens(_)));
            lua += &format!("\n  {{ name = '{name}', field = '{field}', length = {length}, tokens = {tokens} }},");
        }
    }
    let running = LIMITS.iter().find(|limit| limit.window().is_none()).map_or("", |limit| limit.name);
    lua + &format!("\n}}, '{running}'\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_windows_share_a_name_or_a_field() {
        let windows: Vec<_> = LIMITS.iter().filter_map(Limit::window).collect();
        assert_eq!(LIMITS.len() - windows.len(), 1, "one limit is of calls that run");
        let fields: BTreeSet<_> = windows.iter().map(|window| window.field).collect();
        assert_eq!(fields.len(), windows.len());
        let names: BTreeSet<_> = LIMITS.iter().map(|limit| limit.name).collect();
        assert_eq!(names.len(), LIMITS.len());
    }

    #[test]
    fn only_a_window_of_a_day_outlasts_retries() {
        let outlasts = |limit: &&Limit| limit.window().is_some_and(Window::outlasts_retries);
        let too_long: Vec<_> = LIMITS.iter().filter(outlasts).map(|limit| limit.name).collect();
        assert_eq!(too_long, ["requests_per_day", "tokens_per_day"]);
    }
}
