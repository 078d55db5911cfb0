//! The keys of a Supabase project: two JWTs of the old kind, two opaque keys of the new one.
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// When the JWT keys expire, in seconds since 1970: the year 2100.
const EXPIRY: u64 = 4_102_444_800;

/// All keys of one project. They follow from one seed, which is all there is to keep.
#[derive(Clone)]
pub struct Keys {
    /// What JWTs are signed with (HS256), like a project's JWT secret.
    pub jwt_secret: String,
    /// The JWT of role `anon`: `SUPABASE_ANON_KEY`.
    pub anon: String,
    /// The JWT of role `service_role`: `SUPABASE_SERVICE_ROLE_KEY`.
    pub service_role: String,
    /// `sb_publishable_…`: role `anon`.
    pub publishable: String,
    /// `sb_secret_…`: role `service_role`; `SUPABASE_SECRET_KEY`.
    pub secret: String,
}

impl Keys {
    /// Derives a project's keys from a secret seed.
    pub fn derive(seed: &[u8]) -> Result<Keys, jsonwebtoken::errors::Error> {
        let part = |purpose: &str| {
            let digest = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(seed).finalize();
            URL_SAFE_NO_PAD.encode(digest)
        };
        let mut keys = Keys {
            jwt_secret: part("jwt secret"),
            anon: String::new(),
            service_role: String::new(),
            publishable: format!("sb_publishable_{}", part("publishable key")),
            secret: format!("sb_secret_{}", part("secret key")),
        };
        let claims = |role: &str| json!({"iss": "supabase", "role": role, "exp": EXPIRY});
        keys.anon = keys.sign(&claims("anon"))?;
        keys.service_role = keys.sign(&claims("service_role"))?;
        Ok(keys)
    }

    /// Signs a JWT with these claims, as the project's own auth server would.
    pub fn sign(&self, claims: &Value) -> Result<String, jsonwebtoken::errors::Error> {
        encode(&Header::default(), claims, &EncodingKey::from_secret(self.jwt_secret.as_bytes()))
    }
}
