//! Signing in: by tokens, by a mailed code, and in vain.

use http::StatusCode;
use local::privy::KeyPair;
use serde_json::{Value, json};
use tests::people::Person;
use tests::world::Account;

use super::Life;

impl Life {
    /// A new person signs in by every way, and by some that do not lead in. The account, with the key of the first.
    pub async fn sign_ins(&mut self) -> Account {
        let person = Person::new();
        let mut good = self.tokens(&person);
        let first = self.visit("/auth/privy", &good).await.success();
        good["issue_key"] = json!(true);
        self.visit("/auth/privy", &good).await.success();
        // Without an identity token Privy is asked, with the app's secret.
        self.world.platform.privy.put_user(&person.did, person.linked());
        self.visit("/auth/privy", &json!({"token": good["token"]})).await.success();
        self.by_code(&person).await;
        self.in_vain(&person, &good).await;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let account = Account {
            id: text(&first["account"]["id"]).parse().expect("an id"),
            key_id: text(&first["key"]["id"]).parse().expect("an id"),
            key: text(&first["api_key"]),
        };
        let unlimited = json!({"requests_per_minute": 1_000_000, "burst": 1_000_000, "concurrency": 100_000});
        self.world.limit(account.id, &unlimited).await;
        account
    }

    /// A person's tokens, which are secret from now on.
    pub fn tokens(&mut self, person: &Person) -> Value {
        let tokens = self.world.tokens(person);
        for token in ["token", "identity_token"] {
            self.secrets.token(tokens[token].as_str().expect("a token"));
        }
        tokens
    }

    async fn by_code(&mut self, person: &Person) {
        let email = json!({"email": person.email});
        // The first is replaced before it is used, the last waits.
        for used in [false, true, false] {
            self.visit("/auth/register", &email).await.success();
            let code = self.world.mailed_code(&person.email);
            self.secrets.code(&person.email, &code);
            self.look_into_the_stores().await;
            if used {
                let wrong = if code == "271828" { "314159" } else { "271828" };
                let with = |code: &str| json!({"email": person.email, "code": code});
                self.visit("/auth/verify", &with(wrong)).await.refused(401, "invalid_code");
                // As a number: it is sent again as a text, and none of its digits is repeated.
                let number: u32 = code.parse().expect("a number");
                let as_number = json!({"email": person.email, "code": number});
                self.visit("/auth/verify", &as_number).await.refused(400, "invalid_request");
                let shown = self.visit("/auth/verify", &with(&code)).await.success();
                assert!(shown["api_key"].is_string(), "{shown}");
                self.visit("/auth/verify", &with(&code)).await.refused(401, "invalid_code");
            }
        }
    }

    async fn in_vain(&mut self, person: &Person, good: &Value) {
        let stranger = KeyPair::derive(b"stranger").expect("a key");
        let forged = stranger.sign(&local::privy::access_claims(&person.did)).expect("a token");
        self.secrets.token(&forged);
        let token = good["token"].as_str().expect("a token").to_owned();
        let half = &token[..token.len() - 20];
        for body in [
            json!({"token": forged}),
            json!({"token": half}),
            json!({"token": good["identity_token"]}),
            json!({"token": token, "identity_token": token}),
        ] {
            self.visit("/auth/privy", &body).await.refused(401, "invalid_token");
        }
        // In the wrong member, of the wrong type, not as JSON.
        for body in [json!({"issue_key": token}), json!({"token": [token]})] {
            assert_eq!(self.visit("/auth/privy", &body).await.status, 400);
        }
        let no_json = format!("token={token}");
        let told = self
            .request("POST", "/auth/privy", |request| request.header("content-type", "application/json").body(no_json));
        told.await.refused(400, "invalid_json");
        // Privy does not answer; nor does the database, which has committed all the same.
        self.world.platform.privy.fail(Some(StatusCode::INTERNAL_SERVER_ERROR));
        self.visit("/auth/privy", &json!({"token": token})).await.refused(503, "sign_in_unavailable");
        self.world.platform.privy.fail(None);
        let postgrest = self.world.platform.postgrest.control();
        postgrest.fail(Some("sign_in_with_privy"), Some(1), local::postgrest::Fault::DropAnswer);
        self.visit("/auth/privy", good).await.refused(503, "service_unavailable");
    }
}
