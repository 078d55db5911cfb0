//! Chats that an account keeps. What people write in them is sealed before it leaves the gateway: the database sees sizes
//! and, of the words, keyed hashes to search by.
//!
//! - `message`: a message as it is kept.
//! - `terms`: words as the database may see them.
//! - `renew`: what older keys of the keyring sealed, under the newest one.
//! - `opened`: what the database answers, with the sealed texts in the clear again.

pub mod message;
pub mod opened;
pub mod renew;
pub mod terms;
