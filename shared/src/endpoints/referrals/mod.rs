//! Recommending the gateway: one's code, whose code one came by, and what both got for it.

pub mod administration;
pub mod apply;
pub mod code;
pub mod history;
pub mod stats;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a recommendation is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReferralState {
    /// Nothing large enough was bought yet.
    Pending,
    /// Whoever came has its reward; whoever recommended gets one at `due_at`, unless the purchase is returned.
    Qualified,
    /// Both have theirs.
    Paid,
    /// It earns nothing.
    Refused,
    /// The purchase was returned, and the rewards with it.
    Reversed,
}
