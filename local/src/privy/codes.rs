//! The codes that Privy mails: the newest for an address opens once, for ten minutes and five tries.
//!
//! How often one may be asked for is told by a head of Privy's answers, five a window; that a window is a minute long, and the
//! bounds of a code, are what is usual where Privy does not say.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime};

use uuid::Uuid;

/// How long a code opens.
const LIFE: Duration = Duration::from_secs(10 * 60);
/// After so many wrong ones in its place a code opens nothing.
const TRIES: u32 = 5;
/// So many codes are mailed to an address within a window.
const A_WINDOW: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);
/// So many codes are remembered; the oldest go first.
const KEPT: usize = 100;

/// A code, and what has become of it.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub id: Uuid,
    pub email: String,
    pub digits: String,
    pub mailed: SystemTime,
    made: Instant,
    tries: u32,
    fate: Fate,
}

/// What a code opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Waiting,
    Used,
    Replaced,
    Expired,
    TriedTooOften,
}

impl Fate {
    /// In a word, for whoever looks.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Used => "used",
            Self::Replaced => "replaced",
            Self::Expired => "expired",
            Self::TriedTooOften => "tried too often",
        }
    }
}

/// All codes of an app.
#[derive(Debug, Default)]
pub(super) struct Codes {
    all: VecDeque<Code>,
    mailed: HashMap<String, VecDeque<Instant>>,
    /// How far this clock is ahead of the machine's.
    ahead: Duration,
}

impl Codes {
    fn now(&self) -> Instant {
        Instant::now() + self.ahead
    }

    /// Time goes by.
    pub(super) fn pass(&mut self, time: Duration) {
        self.ahead += time;
    }

    /// Mails a code, which takes the place of the one before it; not if that was too often.
    pub(super) fn mail(&mut self, email: &str) -> bool {
        let now = self.now();
        let mailed = self.mailed.entry(email.to_owned()).or_default();
        mailed.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        if mailed.len() >= A_WINDOW {
            return false;
        }
        mailed.push_back(now);
        for code in self.all.iter_mut().filter(|code| code.email == email && code.fate == Fate::Waiting) {
            code.fate = Fate::Replaced;
        }
        if self.all.len() == KEPT {
            self.all.pop_front();
        }
        self.all.push_back(Code {
            id: Uuid::new_v4(),
            email: email.to_owned(),
            digits: format!("{:06}", Uuid::new_v4().as_u128() % 1_000_000),
            mailed: SystemTime::now(),
            made: now,
            tries: 0,
            fate: Fate::Waiting,
        });
        true
    }

    /// Whether these digits open, which they do once.
    pub(super) fn open(&mut self, email: &str, digits: &str) -> bool {
        let now = self.now();
        let Some(code) = self.all.iter_mut().rev().find(|code| code.email == email) else { return false };
        code.look(now);
        if code.fate != Fate::Waiting {
            return false;
        }
        if code.digits == digits {
            code.fate = Fate::Used;
            return true;
        }
        code.tries += 1;
        if code.tries == TRIES {
            code.fate = Fate::TriedTooOften;
        }
        false
    }

    /// A code expires before its time.
    pub(super) fn expire(&mut self, id: Uuid) {
        if let Some(code) = self.all.iter_mut().find(|code| code.id == id && code.fate == Fate::Waiting) {
            code.fate = Fate::Expired;
        }
    }

    /// All of them with what they open now, newest first.
    pub(super) fn newest(&mut self) -> impl Iterator<Item = &Code> {
        let now = self.now();
        self.all.iter_mut().for_each(|code| code.look(now));
        self.all.iter().rev()
    }
}

impl Code {
    fn look(&mut self, now: Instant) {
        if self.fate == Fate::Waiting && now.saturating_duration_since(self.made) >= LIFE {
            self.fate = Fate::Expired;
        }
    }

    pub(super) const fn fate(&self) -> Fate {
        self.fate
    }
}
