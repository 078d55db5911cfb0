//! The keys that an app's tokens are signed with, by their ids.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::fetch::fetch;
use super::unavailable;
use crate::config::PrivySettings;
use crate::error::{Code, Error};

/// How long the JWKS is cached: a withdrawn key is accepted no longer than this.
const FRESH: Duration = Duration::from_secs(3600);
/// An unknown key id refetches the JWKS at most this often, so that made-up ids cannot flood Privy.
const UNKNOWN: Duration = Duration::from_secs(60);
/// The pause after a fetch that failed.
const PAUSE: Duration = Duration::from_secs(5);

/// What this process remembers of the app's JWKS.
#[derive(Default)]
pub struct KeyCache {
    known: RwLock<Option<Arc<Known>>>,
    /// Held while Privy is asked: everyone else waits for that answer.
    asked: Mutex<Asked>,
}

struct Known {
    keys: HashMap<String, DecodingKey>,
    fetched: Instant,
}

#[derive(Default)]
struct Asked {
    for_unknown: Option<Instant>,
    in_vain: Option<Instant>,
}

fn within(span: Duration, since: Option<Instant>) -> bool {
    since.is_some_and(|since| since.elapsed() < span)
}

impl KeyCache {
    /// The key with this id, or nothing if Privy has none.
    ///
    /// # Errors
    /// `sign_in_unavailable` when that cannot be found out.
    pub(super) async fn find(
        &self,
        http: &reqwest::Client,
        settings: &PrivySettings,
        id: &str,
    ) -> Result<Option<DecodingKey>, Error> {
        if let Some(key) = self.known().and_then(|known| known.get_fresh(id)) {
            return Ok(Some(key));
        }
        let mut asked = self.asked.lock().await;
        // Somebody else may have asked meanwhile.
        let known = self.known();
        if let Some(key) = known.as_ref().and_then(|known| known.get_fresh(id)) {
            return Ok(Some(key));
        }
        let is_fresh = known.as_ref().is_some_and(|known| known.is_fresh());
        // While Privy is away an expired cache is used rather than refusing every sign-in.
        let fallback = known.as_ref().and_then(|known| known.keys.get(id).cloned());
        if is_fresh && within(UNKNOWN, asked.for_unknown) {
            return Ok(None);
        }
        if within(PAUSE, asked.in_vain) {
            // The failure is logged once a pause, not once a sign-in.
            return fallback.map(Some).ok_or_else(|| Code::SignInUnavailable.into());
        }
        match ask(http, settings).await {
            Ok(keys) => {
                asked.in_vain = None;
                if is_fresh {
                    asked.for_unknown = Some(Instant::now());
                }
                let key = keys.get(id).cloned();
                let known = Known { keys, fetched: Instant::now() };
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(known));
                Ok(key)
            }
            Err(reason) => {
                asked.in_vain = Some(Instant::now());
                let error = unavailable("keys", &reason);
                fallback.map(Some).ok_or(error)
            }
        }
    }

    fn known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Known {
    fn is_fresh(&self) -> bool {
        self.fetched.elapsed() < FRESH
    }

    fn get_fresh(&self, id: &str) -> Option<DecodingKey> {
        self.is_fresh().then(|| self.keys.get(id).cloned()).flatten()
    }
}

/// Asks for the app's JWKS.
async fn ask(http: &reqwest::Client, settings: &PrivySettings) -> Result<HashMap<String, DecodingKey>, String> {
    let PrivySettings { url, app_id, .. } = settings;
    let (status, body) = fetch(http.get(format!("{url}/api/v1/apps/{app_id}/jwks.json"))).await?;
    if !status.is_success() {
        return Err(format!("status {status}"));
    }
    read(&body).ok_or_else(|| "no JWKS with a key for ES256".to_owned())
}

/// The keys of a JWKS that are for ES256 and for signatures; others are passed over. Nothing if there is none.
fn read(body: &[u8]) -> Option<HashMap<String, DecodingKey>> {
    #[derive(Deserialize)]
    struct Jwks {
        keys: Vec<Value>,
    }
    let jwks: Jwks = serde_json::from_slice(body).ok()?;
    let jwks = jwks.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    let keys: HashMap<_, _> = jwks.filter_map(|jwk| Some((jwk.common.key_id.clone()?, usable(&jwk)?))).collect();
    (!keys.is_empty()).then_some(keys)
}

fn usable(jwk: &Jwk) -> Option<DecodingKey> {
    let AlgorithmParameters::EllipticCurve(point) = &jwk.algorithm else { return None };
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|wanted| *wanted == PublicKeyUse::Signature);
    let es256 = jwk.common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::ES256);
    let p256 = point.curve == EllipticCurve::P256;
    (signs && es256 && p256).then(|| DecodingKey::from_jwk(jwk).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point of P-256, with further members.
    fn point(further: &str) -> String {
        format!(
            r#"{{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",{further}}}"#
        )
    }

    #[tokio::test]
    async fn keys_that_are_an_hour_old_are_asked_for_again_and_serve_while_privy_is_away() {
        let nothing = crate::config::Config::from_lookup(|_| None);
        let app = crate::app::App::new(nothing, &[]).expect("an app");
        let settings = PrivySettings {
            url: "http://127.0.0.1:1".to_owned(),
            origin: "http://127.0.0.1:1".to_owned(),
            app_id: "app".to_owned(),
            app_secret: None,
            verification_key: None,
        };
        let keys = read(format!(r#"{{"keys":[{}]}}"#, point(r#""kid":"old""#)).as_bytes()).expect("keys");
        let known = Known { keys, fetched: Instant::now().checked_sub(FRESH).expect("an hour ago") };
        assert!(!known.is_fresh());
        let cache = KeyCache { known: RwLock::new(Some(Arc::new(known))), asked: Mutex::default() };
        assert!(cache.find(&app.http, &settings, "old").await.is_ok_and(|key| key.is_some()));
        assert!(cache.asked.lock().await.in_vain.is_some(), "Privy was asked");
        // And within the pause that follows.
        assert!(cache.find(&app.http, &settings, "old").await.is_ok_and(|key| key.is_some()));
        assert!(cache.find(&app.http, &settings, "another").await.is_err());
    }

    #[test]
    fn only_keys_for_es256_signatures_are_read() {
        let keys = [
            point(r#""kid":"plain""#),
            point(r#""kid":"full","alg":"ES256","use":"sig""#),
            point(r#""kid":"to encrypt with","use":"enc""#),
            point(r#""kid":"another algorithm","alg":"ES384""#),
            point(r#""alg":"ES256""#),
            r#"{"kty":"oct","kid":"secret","k":"AAAA"}"#.to_owned(),
            r#"{"kid":7}"#.to_owned(),
        ];
        let found = read(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).expect("keys");
        let mut ids: Vec<_> = found.keys().map(String::as_str).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["full", "plain"]);
        for none in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":{}}"#, "<html>"] {
            assert!(read(none.as_bytes()).is_none(), "{none}");
        }
    }
}
