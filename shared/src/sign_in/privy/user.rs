//! What a Privy user has proven: the linked accounts, from an identity token or from Privy's API.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::fetch::fetch;
use super::{Unproven, unavailable};
use crate::config::PrivySettings;
use crate::email_address;
use crate::sign_in::Proof;

/// The most linked accounts of a user that are read.
const MOST: usize = 20;

/// An account of a Privy user's, of the kinds that prove something to us.
#[derive(Debug, Deserialize)]
pub struct LinkedAccount {
    #[serde(rename = "type")]
    kind: String,
    address: Option<String>,
    email: Option<String>,
    /// When it was last verified, as an identity token has it; an account that an app imported never was.
    lv: Option<f64>,
    /// The same in the API.
    latest_verified_at: Option<f64>,
}

impl LinkedAccount {
    /// Reads a JSON list; entries of forms that are not known prove nothing.
    pub fn read(json: &[u8]) -> Option<Vec<Self>> {
        serde_json::from_slice(json).ok().map(Self::known)
    }

    fn known(entries: Vec<Value>) -> Vec<Self> {
        entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect()
    }

    fn is_verified(&self) -> bool {
        self.lv.is_some() || self.latest_verified_at.is_some()
    }
}

/// What linked accounts prove: addresses, first those that Privy has written to, then wallets.
pub fn proofs(linked: Vec<LinkedAccount>) -> impl Iterator<Item = Proof> {
    let (mut mailed, mut from_google, mut wallets) = (Vec::new(), Vec::new(), Vec::new());
    for account in linked.into_iter().filter(LinkedAccount::is_verified) {
        let email = |address: Option<String>| address.as_deref().and_then(email_address::normal).map(Proof::Email);
        match account.kind.as_str() {
            "email" => mailed.extend(email(account.address)),
            "google_oauth" => from_google.extend(email(account.email)),
            "wallet" => wallets.extend(account.address.as_deref().and_then(wallet)),
            _ => {}
        }
    }
    mailed.into_iter().chain(from_google).chain(wallets).take(MOST)
}

/// A wallet by its address. In hex the case is a checksum; elsewhere it counts.
fn wallet(address: &str) -> Option<Proof> {
    let plain = (1..=128).contains(&address.len()) && address.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| {
        let hex = address.starts_with("0x");
        Proof::Wallet(if hex { address.to_ascii_lowercase() } else { address.to_owned() })
    })
}

/// Asks Privy what the user `did` has proven (docs.privy.io, "Get user").
pub async fn ask(
    http: &reqwest::Client,
    settings: &PrivySettings,
    secret: &str,
    did: &str,
) -> Result<Vec<LinkedAccount>, Unproven> {
    #[derive(Deserialize)]
    struct User {
        id: String,
        linked_accounts: Vec<Value>,
    }
    let PrivySettings { url, app_id, .. } = settings;
    let request = http.get(format!("{url}/api/v1/users/{did}"));
    let request = request.basic_auth(app_id, Some(secret)).header("privy-app-id", app_id);
    let (status, body) = fetch(request).await.map_err(|reason| unavailable("user", &reason))?;
    if status == StatusCode::NOT_FOUND {
        // The token is good, its user is gone.
        return Err(Unproven::Refused("user_gone"));
    }
    if !status.is_success() {
        return Err(unavailable("user", &format!("status {status}")).into());
    }
    match serde_json::from_slice::<User>(&body) {
        Ok(user) if user.id == did => Ok(LinkedAccount::known(user.linked_accounts)),
        _ => Err(unavailable("user", "no user, or another one").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verified_accounts_of_the_right_kind_prove_anything() {
        let linked = r#"[
            {"type":"wallet","address":"0xAbC","chain_type":"ethereum","lv":1},
            {"type":"wallet","address":"SoLana1","chain_type":"solana","latest_verified_at":1},
            {"type":"google_oauth","subject":"1","email":"G@x.y","lv":1},
            {"type":"email","address":"A@x.y","lv":1},
            {"type":"email","address":"imported@x.y","latest_verified_at":null,"verified_at":1},
            {"type":"email","address":"\u212a@x.y","lv":1},
            {"type":"email","address":7,"lv":1},
            {"type":"apple_oauth","email":"apple@x.y","lv":1},
            {"type":"discord_oauth","email":"discord@x.y","address":"discord@x.y","lv":1},
            {"type":"smart_wallet","address":"0x2","lv":1},
            {"address":"no type","lv":1}, 7
        ]"#;
        let found: Vec<Proof> = proofs(LinkedAccount::read(linked.as_bytes()).expect("a list")).collect();
        let email = |address: &str| Proof::Email(address.to_owned());
        let wallet = |address: &str| Proof::Wallet(address.to_owned());
        assert_eq!(found, [email("a@x.y"), email("g@x.y"), wallet("0xabc"), wallet("SoLana1")]);
        let many = format!("[{}]", [r#"{"type":"wallet","address":"w","lv":1}"#; MOST + 1].join(","));
        assert_eq!(proofs(LinkedAccount::read(many.as_bytes()).expect("a list")).count(), MOST);
        assert!(LinkedAccount::read(b"{}").is_none() && LinkedAccount::read(b"x").is_none());
        let json = serde_json::to_string(&found[..1]).expect("json");
        assert_eq!(json, r#"[{"kind":"email","value":"a@x.y"}]"#);
    }
}
