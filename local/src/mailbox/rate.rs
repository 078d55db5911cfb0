//! Resend's limit on requests (<https://resend.com/docs/api-reference/rate-limit>): so many a second, of all of a team, which each
//! answer's headers tell of.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The limit of a team that has not asked for more.
pub const REQUESTS_A_SECOND: u32 = 5;

const SECOND: Duration = Duration::from_secs(1);

/// A second, and what of its limit is used up.
#[derive(Debug)]
pub(super) struct Window {
    most: u32,
    began: Instant,
    used: u32,
}

/// What a request hears of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    most: u32,
    left: u32,
    /// Whether the request is within it.
    pub admitted: bool,
}

impl Window {
    pub(super) fn new(most: u32, now: Instant) -> Self {
        Self { most, began: now, used: 0 }
    }

    /// Counts a request.
    pub(super) fn admit(&mut self, now: Instant) -> Standing {
        if now.saturating_duration_since(self.began) >= SECOND {
            *self = Self::new(self.most, now);
        }
        let admitted = self.used < self.most;
        self.used += u32::from(admitted);
        Standing { most: self.most, left: self.most - self.used, admitted }
    }
}

impl Standing {
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let mut tell = |name: &'static str, value: u32| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        };
        tell("ratelimit-limit", self.most);
        tell("ratelimit-remaining", self.left);
        tell("ratelimit-reset", 1);
        if !self.admitted {
            tell("retry-after", 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_limit_and_the_next_one_has_it_again() {
        let now = Instant::now();
        let mut window = Window::new(2, now);
        let standing = |left, admitted| Standing { most: 2, left, admitted };
        assert_eq!([(); 3].map(|()| window.admit(now)), [standing(1, true), standing(0, true), standing(0, false)]);
        assert_eq!(window.admit(now + SECOND), standing(1, true));
    }
}
