//! People who sign in: their tokens, and the mail they get.

use local::privy;
use serde_json::{Value, json};
use shared::config::Pepper;
use shared::sign_in::code::hash_for;
use uuid::Uuid;

use crate::answer::Answer;
use crate::world::World;

/// Somebody with a Privy user and an address.
#[derive(Clone, Debug)]
pub struct Person {
    /// The Privy id.
    pub did: String,
    /// The address.
    pub email: String,
}

impl Person {
    /// Somebody nobody has seen before.
    #[must_use]
    pub fn new() -> Self {
        let name = Uuid::new_v4();
        Self { did: privy::did(&name.to_string()), email: format!("{name}@people.example") }
    }

    /// What Privy has verified of this person: the address.
    #[must_use]
    pub fn linked(&self) -> Vec<Value> {
        vec![privy::email_account(&self.email)]
    }
}

impl Default for Person {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// The body of `POST /auth/privy` with both tokens of this person's.
    ///
    /// # Panics
    /// When they cannot be signed.
    #[must_use]
    pub fn tokens(&self, person: &Person) -> Value {
        let privy = &self.platform.privy;
        json!({
            "token": privy.access_token(&person.did).expect("a token"),
            "identity_token": privy.identity_token(&person.did, &person.linked()).expect("a token"),
        })
    }

    /// `POST path` without a key, at this world's gateway.
    pub async fn visit(&self, path: &str, body: &Value) -> Answer {
        self.visit_at(&self.base_url, path, body).await
    }

    /// `POST path` without a key, at the gateway `base_url`.
    pub async fn visit_at(&self, base_url: &str, path: &str, body: &Value) -> Answer {
        let request = self.http.post(format!("{base_url}{path}")).header("content-type", "application/json");
        Answer::to(request.body(body.to_string())).await
    }

    /// Keeps `code` for an address, as if it had just been mailed there.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn keep_code(&self, email: &str, code: &str) {
        let pepper = Pepper { version: 1, secret: self.platform.variables()["API_KEY_PEPPER"].clone() };
        let hash = hash_for(email, code, &pepper);
        self.sql(&format!(
            "insert into gateway.sign_in_codes (email_hash, code_hash, expires_at)
               values (gateway.proof_hash('email', '{email}'), '{hash}', gateway.now() + interval '10 minutes')
               on conflict (email_hash) do update set code_hash = excluded.code_hash, tries = 0"
        ))
        .await;
    }

    /// The code of the last mail to an address.
    ///
    /// # Panics
    /// When there is no such mail, or no code in it.
    #[must_use]
    pub fn mailed_code(&self, email: &str) -> String {
        let mails = self.platform.mailbox.messages();
        let mail = mails.iter().rev().find(|mail| mail.to == [email] && mail.subject.contains("code")).expect("a mail");
        let text = mail.text.as_deref().expect("a text");
        text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).expect("a code").to_owned()
    }
}
