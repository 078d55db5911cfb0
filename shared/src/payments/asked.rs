//! What Stripe answers when it is asked how something stands.

use crate::error::{Code, Error, Result};
use crate::stripe::Absent;
use crate::stripe::seen::Seen;

/// The observation of an object that was asked for, with nothing that is not needed.
///
/// # Errors
/// 500 when a member that is needed is not there.
pub fn seen(read: Result<Option<Seen>, Absent>) -> Result<Option<Seen>> {
    read.map_err(|absent| {
        tracing::error!(path = %absent, "an answer of Stripe lacks what is needed of it");
        Error::new(Code::InternalError)
    })
}
