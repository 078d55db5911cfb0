//! Mail: the database's outbox holds what is to be said and to whom; this words it and sends it, each mail once.
//!
//! - `letter`: how any mail looks. `letters`: what each kind says, of what its row holds and nothing else.
//! - `due`: what time brings, and what an act has queued. `code`: a code that somebody waits for. `outbox`: frozen batches, from the claim to what became of them. `resend`: how a batch is sent.
//! - `unsubscribe`: links that need no login. `signature`: what Resend tells is its own.

pub mod code;
pub mod due;
mod letter;
mod letters;
pub mod operator;
pub mod outbox;
mod resend;
pub mod signature;
pub mod unsubscribe;

pub use letters::{KINDS, Kind};
