//! Stands in for Privy: an app's JWKS, its users, and the tokens that its users are given.
//!
//! - `key_pair`: what tokens are signed with.
//! - `api`: what the gateway asks, as strict as the original.
//! - `passwordless`: what the console asks in a browser, whom `browser` lets in; `codes`: what it mails.
//! - `page`: its codes, and tokens for whoever tries the local platform, at `/_local/privy`.

mod api;
mod browser;
mod codes;
mod key_pair;
mod page;
mod passwordless;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use http::{HeaderValue, StatusCode};
use jsonwebtoken::errors::Error as TokenError;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::loopback::Loopback;
use crate::platform::PlatformError;
use crate::secrets::Secrets;

use codes::Codes;
pub use key_pair::KeyPair;

/// The id of the stand-in's one app.
const APP_ID: &str = "local-privy-app";
/// How long a token is good, as at Privy.
const LIFETIME: u64 = 3600;

/// A running stand-in.
pub struct Privy {
    state: Arc<State>,
    listener: Loopback,
}

/// What it shares with its server.
struct State {
    app_secret: String,
    seed: Vec<u8>,
    inner: Mutex<Inner>,
}

struct Inner {
    key: KeyPair,
    rotations: u32,
    users: HashMap<String, Vec<Value>>,
    failure: Option<StatusCode>,
    asked: Asked,
    codes: Codes,
    /// Access tokens by the refresh tokens of their sessions.
    sessions: HashMap<String, String>,
    demands_captcha: bool,
    /// The origins from which a browser may ask; none for all of them, as in an app whose list is empty.
    origins: Vec<String>,
}

/// How often the gateway asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// For the JWKS.
    pub keys: usize,
    /// For a user.
    pub users: usize,
}

impl Privy {
    /// Listens on a free port of 127.0.0.1. Its key follows from the secrets, so tokens outlive a restart.
    ///
    /// # Errors
    /// When there is no port, or no key.
    pub async fn start(secrets: &Secrets) -> Result<Self, PlatformError> {
        let seed = secrets.of("privy key").into_bytes();
        let inner = Inner {
            key: KeyPair::derive(&seed)?,
            rotations: 0,
            users: HashMap::new(),
            failure: None,
            asked: Asked::default(),
            codes: Codes::default(),
            sessions: HashMap::new(),
            demands_captcha: false,
            origins: Vec::new(),
        };
        let app_secret = secrets.of("privy app secret");
        let state = Arc::new(State { app_secret, seed, inner: Mutex::new(inner) });
        let listener = Loopback::serve(api::router(state.clone())).await?;
        Ok(Self { state, listener })
    }

    /// For `PRIVY_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.listener.url()
    }

    /// For `PRIVY_APP_ID`.
    #[must_use]
    pub const fn app_id(&self) -> &'static str {
        APP_ID
    }

    /// For `PRIVY_APP_SECRET`.
    #[must_use]
    pub fn app_secret(&self) -> &str {
        &self.state.app_secret
    }

    /// The key that tokens are signed with now.
    #[must_use]
    pub fn key(&self) -> KeyPair {
        self.lock().key.clone()
    }

    /// The page: `GET /_local/privy` shows the codes, with `?email=…` it gives tokens.
    pub fn page(&self) -> Router {
        page::router(self.state.clone())
    }

    /// Replaces the key: from now on the JWKS has the new one alone.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn rotate(&self) -> Result<(), TokenError> {
        let mut inner = self.lock();
        inner.rotations += 1;
        let seed = [&self.state.seed[..], &inner.rotations.to_be_bytes()].concat();
        inner.key = KeyPair::derive(&seed)?;
        Ok(())
    }

    /// Makes a user, or gives one these linked accounts.
    pub fn put_user(&self, did: &str, linked_accounts: Vec<Value>) {
        self.lock().users.insert(did.to_owned(), linked_accounts);
    }

    /// Every request is answered with this status; `None`: properly again.
    pub fn fail(&self, status: Option<StatusCode>) {
        self.lock().failure = status;
    }

    /// A browser may ask from these origins alone, as the dashboard's list has it.
    pub fn allow_origins(&self, origins: impl IntoIterator<Item = String>) {
        self.lock().origins.extend(origins);
    }

    /// Whether the app wants a captcha before it mails a code.
    pub fn demand_captcha(&self, demands: bool) {
        self.lock().demands_captcha = demands;
    }

    /// Time goes by for codes and for how often they may be asked for.
    pub fn pass(&self, time: Duration) {
        self.lock().codes.pass(time);
    }

    /// The code that was mailed last to an address.
    #[must_use]
    pub fn mailed_code(&self, email: &str) -> Option<String> {
        self.lock().codes.newest().find(|code| code.email == email).map(|code| code.digits.clone())
    }

    /// How many have signed in by a code and not been signed out.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.lock().sessions.len()
    }

    /// How often the gateway asked so far.
    #[must_use]
    pub fn asked(&self) -> Asked {
        self.lock().asked
    }

    /// An access token of the user `did`, as Privy's client gets one.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn access_token(&self, did: &str) -> Result<String, TokenError> {
        self.key().sign(&access_claims(did))
    }

    /// An identity token that says these linked accounts of the user `did`.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn identity_token(&self, did: &str, linked_accounts: &[Value]) -> Result<String, TokenError> {
        self.key().sign(&identity_claims(did, linked_accounts))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock()
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let inner = self.lock();
        inner.origins.is_empty() || inner.origins.iter().any(|allowed| allowed == origin)
    }
}

/// The seconds since 1970, as tokens count.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What an access token says: that of a session of its own, so that no two are alike.
#[must_use]
pub fn access_claims(did: &str) -> Value {
    json!({ "sid": Uuid::new_v4(), "iss": "privy.io", "aud": APP_ID, "sub": did, "iat": now(),
            "exp": now() + LIFETIME })
}

/// What an identity token says; the linked accounts are a text that is JSON.
#[must_use]
pub fn identity_claims(did: &str, linked_accounts: &[Value]) -> Value {
    json!({ "cr": now().to_string(), "linked_accounts": json!(linked_accounts).to_string(), "iss": "privy.io",
            "aud": APP_ID, "sub": did, "iat": now(), "exp": now() + LIFETIME })
}

/// An address that Privy has written to, as both an identity token and the API say it.
#[must_use]
pub fn email_account(address: &str) -> Value {
    json!({ "type": "email", "address": address, "lv": now(), "verified_at": now(), "first_verified_at": now(),
            "latest_verified_at": now() })
}

/// A wallet that has signed.
#[must_use]
pub fn wallet_account(address: &str) -> Value {
    json!({ "type": "wallet", "address": address, "chain_type": "ethereum", "lv": now(), "verified_at": now(),
            "first_verified_at": now(), "latest_verified_at": now() })
}

/// A user's DID that follows from `name`.
#[must_use]
pub fn did(name: &str) -> String {
    format!("did:privy:c{}", &hex::encode(Sha256::digest(name))[..24])
}
