//! Who calls: Supabase's API gateway in front, then PostgREST's own look at the JWT.
//!
//! The gateway knows four keys, in the header `apikey`. An opaque key it exchanges for the JWT of its role, unless the
//! request brings an `Authorization` of its own, which always goes through as it is; an opaque key in there is no JWT
//! (<https://supabase.com/docs/guides/api/api-keys>). A JWT key in `apikey` alone says nothing to PostgREST.
use super::{answer::Answer, keys::Keys};
use axum::http::{HeaderMap, StatusCode, header};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, errors::ErrorKind};
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

/// How far clocks may differ, in seconds.
const SKEW: i64 = 30;

/// The role of a request that brings no token.
const ANONYMOUS: &str = "anon";

/// Whom a request is run as.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Caller {
    pub role: String,
    /// The claims as JSON, as functions read them in `request.jwt.claims`.
    pub claims: String,
    /// No token came: PostgREST then answers a missing privilege by 401.
    pub anonymous: bool,
}

/// Checks the keys of a request.
pub(super) fn authenticate(keys: &Keys, verifier: &Verifier, headers: &HeaderMap) -> Result<Caller, Answer> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let key = text(header::HeaderName::from_static("apikey")).unwrap_or_default();
    let exchanged = match key {
        "" => {
            let hint = "No `apikey` request header or url param was found.";
            return Err(gateway_refusal("No API key found in request", hint));
        }
        key if key == keys.secret => Some(&keys.service_role),
        key if key == keys.publishable => Some(&keys.anon),
        key if key == keys.service_role || key == keys.anon => None,
        _ => {
            let hint = "Double check your Supabase `anon` or `service_role` API key.";
            return Err(gateway_refusal("Invalid API key", hint));
        }
    };
    match (text(header::AUTHORIZATION).and_then(bearer), exchanged) {
        (Some(token), _) => verifier.verify(token),
        (None, Some(token)) => verifier.verify(token),
        (None, None) => {
            Ok(Caller { role: ANONYMOUS.to_owned(), claims: json!({"role": ANONYMOUS}).to_string(), anonymous: true })
        }
    }
}

/// The token of an `Authorization` header; another scheme than Bearer is no token at all to PostgREST.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn gateway_refusal(message: &str, hint: &str) -> Answer {
    Answer::json(StatusCode::UNAUTHORIZED, json!({"message": message, "hint": hint}).to_string())
}

/// How many tokens a verifier remembers. A project has two of its own; others come from tests.
const REMEMBERED: usize = 64;

/// Verifies JWTs as PostgREST does, which remembers those it has seen: their signature does not change, their times are
/// looked at each time.
pub(super) struct Verifier {
    key: DecodingKey,
    validation: Validation,
    seen: RwLock<HashMap<String, Arc<Claims>>>,
}

/// What a token with a good signature says.
struct Claims {
    own: Map<String, Value>,
    caller: Caller,
}

impl Verifier {
    pub(super) fn new(keys: &Keys) -> Verifier {
        // The signature only: the claims are checked below, with PostgREST's answers.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Verifier { key: DecodingKey::from_secret(keys.jwt_secret.as_bytes()), validation, seen: RwLock::default() }
    }

    fn verify(&self, token: &str) -> Result<Caller, Answer> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner).get(token).map(Arc::clone);
        let claims = match seen {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(self.decode(token)?);
                let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
                if seen.len() >= REMEMBERED {
                    seen.clear();
                }
                seen.insert(token.to_owned(), Arc::clone(&claims));
                claims
            }
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        check(&claims.own, i64::try_from(now).unwrap_or(i64::MAX))
            .map_err(|message| Answer::jwt("PGRST303", &message, None))?;
        Ok(claims.caller.clone())
    }

    fn decode(&self, token: &str) -> Result<Claims, Answer> {
        if token.is_empty() {
            return Err(Answer::jwt("PGRST301", "Empty JWT is sent in Authorization header", None));
        }
        let parts = token.split('.').count();
        if parts != 3 {
            return Err(Answer::jwt("PGRST301", &format!("Expected 3 parts in JWT; got {parts}"), None));
        }
        let own = match decode::<Map<String, Value>>(token, &self.key, &self.validation) {
            Ok(data) => data.claims,
            Err(error) => {
                let (message, details) = match error.kind() {
                    ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => {
                        ("Wrong or unsupported encoding algorithm", None)
                    }
                    ErrorKind::InvalidSignature => {
                        ("No suitable key or wrong key type", Some("None of the keys was able to decode the JWT"))
                    }
                    _ => ("JWT cryptographic operation failed", None),
                };
                return Err(Answer::jwt("PGRST301", message, details));
            }
        };
        let role = match own.get("role") {
            Some(Value::String(role)) => role.clone(),
            Some(other) => other.to_string(),
            None => ANONYMOUS.to_owned(),
        };
        let mut shown = own.clone();
        shown.insert("role".to_owned(), Value::String(role.clone()));
        let caller = Caller { role, claims: Value::Object(shown).to_string(), anonymous: false };
        Ok(Claims { own, caller })
    }
}

/// Checks the times in the claims against `now`, in seconds since 1970.
fn check(claims: &Map<String, Value>, now: i64) -> Result<(), String> {
    let time = |name: &str| match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "a time beyond i64 saturates, which is right")]
            Some(seconds) => Ok(Some(seconds as i64)),
            None => Err(format!("The JWT '{name}' claim must be a number")),
        },
    };
    if time("exp")?.is_some_and(|expiry| expiry < now - SKEW) {
        return Err("JWT expired".to_owned());
    }
    if time("nbf")?.is_some_and(|start| start > now + SKEW) {
        return Err("JWT not yet valid".to_owned());
    }
    if time("iat")?.is_some_and(|issued| issued > now + SKEW) {
        return Err("JWT issued at future".to_owned());
    }
    Ok(())
}
