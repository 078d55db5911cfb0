//! The model providers: who they are, how a call reaches one, what comes back.

pub mod attempt;
pub mod failure;
pub mod order;
pub mod own_keys;
pub mod table;

/// A provider that speaks OpenAI's chat API.
#[derive(Debug)]
pub struct Provider {
    /// Its name in the catalog, in `provider:model` ids and in environment variables.
    pub name: &'static str,
    /// Where its API is unless `<NAME>_BASE_URL` says otherwise.
    pub base_url: &'static str,
    /// How it wants our key.
    pub authentication: Authentication,
    /// Whether it is told which app calls (`HTTP-Referer`, `X-Title`), for its public statistics.
    pub sends_app: bool,
}

/// Whose account at a provider a call goes to.
pub enum Credential {
    /// The gateway's, by the key in its environment.
    Ours,
    /// The caller's, by this key of theirs.
    Own(String),
}

/// How a provider wants our key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `x-portkey-api-key: KEY`, and which upstream Portkey is to use, from our configuration only.
    Portkey,
}
