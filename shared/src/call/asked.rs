//! Who is asked, and what has been seen of the answer.

use tokio::time::Instant;
use uuid::Uuid;

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The provider.
    pub provider: &'static str,
    /// With a key of the caller's own, by its id.
    pub own_key: Option<Uuid>,
    /// With which of our keys, where we have several there.
    pub key: Option<usize>,
    /// For which of the call's models, from 0.
    pub model: usize,
    /// Which of the call's attempts this is, from 0.
    pub place: usize,
}

/// What has been seen of a provider's answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Its status, once there is one.
    pub status: Option<u16>,
    /// When its first byte came.
    pub first_byte: Option<Instant>,
    /// Nobody knows how much of it was made: the hold is charged.
    pub charge_hold: bool,
}
