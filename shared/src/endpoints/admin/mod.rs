//! What administrators do.

pub mod add_credits;
pub mod alerts;
pub mod assign_plan;
pub mod assign_role;
pub mod audit_logs;
pub mod create;
pub mod ledger_check;
pub mod limit;
pub mod role;
pub mod role_users;
pub mod roles;
pub mod trial_analytics;
pub mod user;
pub mod users;

use uuid::Uuid;

use crate::error::{Error, Result};

/// A request about one account names it by its id or by its e-mail address.
fn check_account(account_id: Option<Uuid>, email: Option<&str>) -> Result<()> {
    if account_id.is_some() != email.is_some() {
        return Ok(());
    }
    Err(Error::invalid("account_id", "Name the account by either `account_id` or `email`."))
}
