//! Answers that an account keeps, so that they can be read again and gone on from. What is said in them is sealed before it leaves
//! the gateway: the database sees ids, sizes and times.
//!
//! - `kept`: an answer on its way into the database. `opened`: what comes from there, in the clear again.
//! - `renew`: what older keys of the keyring sealed, under the newest one.

pub mod kept;
pub mod opened;
pub mod renew;
