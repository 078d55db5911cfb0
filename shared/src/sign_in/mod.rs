//! How people prove who they are.
//!
//! - `privy`: tokens of Privy, verified.
//! - `code`: codes by e-mail, as they are made and kept.
//! - `pkce`, `callback`: how an app is told that its user has agreed, and nobody else.

pub mod callback;
pub mod code;
pub mod pkce;
pub mod privy;

use serde::Serialize;

/// Something that a person has proven to be. In the database's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "lowercase")]
pub enum Proof {
    /// A Privy user, by the DID.
    Privy(String),
    /// An e-mail address, in lower case.
    Email(String),
    /// The address of a wallet; in lower case where its chain does not care.
    Wallet(String),
}
