//! What administrators do.

pub mod add_credits;
pub mod create;
pub mod ledger_check;

use crate::error::{Error, Result};

/// An e-mail address, as far as it can be told without writing to it.
fn check_email(email: &str) -> Result<()> {
    let (local, domain) = email.split_once('@').unwrap_or_default();
    let plain = email.len() <= 254 && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if plain && !local.is_empty() && domain.contains('.') && !domain.contains('@') {
        return Ok(());
    }
    Err(Error::invalid("email", "`email` is not an e-mail address."))
}
