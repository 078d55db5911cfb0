//! Mail: the database's outbox holds what is to be said and to whom; this words it and sends it, each mail once.
//!
//! - `letter`: how any mail looks. `letters`: what each kind says, of what its row holds and nothing else.
//! - `outbox`: frozen batches, from the claim to what became of them. `resend`: how a batch is sent.
//! - `unsubscribe`: links that need no login. `signature`: what Resend tells is its own.

mod letter;
mod letters;
pub mod operator;
pub mod outbox;
mod resend;
pub mod signature;
pub mod unsubscribe;
