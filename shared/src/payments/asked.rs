//! What Stripe answers when it is asked how something stands.

use crate::error::{Code, Error, Result};
use crate::stripe::Absent;

/// What was read of an object that was asked for.
///
/// # Errors
/// 500 when a member that is needed is not there.
pub fn seen<T>(read: Result<T, Absent>) -> Result<T> {
    read.map_err(|absent| {
        tracing::error!(path = %absent, "an answer of Stripe lacks what is needed of it");
        Error::new(Code::InternalError)
    })
}
