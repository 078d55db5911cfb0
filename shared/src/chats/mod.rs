//! Chats that an account keeps. What people write in them is sealed before it leaves the gateway: the database sees sizes
//! and, of the words, keyed hashes to search by.
//!
//! - `message`: a message as it is kept. `turn`: those of a call, kept with its settlement. `answer`: the model's among them.
//! - `history`: what was said before, made ready to go with the next turn.
//! - `terms`: words as the database may see them.
//! - `renew`: what older keys of the keyring sealed, under the newest one.
//! - `opened`: what the database answers, with the sealed texts in the clear again.

pub mod answer;
pub mod history;
pub mod message;
pub mod opened;
pub mod renew;
pub mod terms;
pub mod turn;
