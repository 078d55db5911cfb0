//! Mail: what an account wants, what it asks for, and the outbox.

pub mod administration;
pub mod preferences;
pub mod request;
pub mod thresholds;
pub mod unsubscribe;
pub mod webhook;
