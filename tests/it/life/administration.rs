//! What administrators do to an account and read of it.

use serde_json::{Value, json};
use tests::people::Person;
use tests::world::Account;

use super::Life;

impl Life {
    /// An administrator who did it all.
    pub async fn administration(&mut self, person: &Account) -> Account {
        let admin = self.world.administrator().await;
        self.secrets.api_key(&admin.key);
        let key = Some(admin.key.as_str());
        let made = json!({"email": Person::new().email, "credits": 1, "key_name": "made"}).to_string();
        for replayed in [false, true] {
            let request = self.request("POST", "/admin/create", |request| {
                let request = request.bearer_auth(&admin.key).header("idempotency-key", "made");
                request.header("content-type", "application/json").body(made.clone())
            });
            assert_eq!(request.await.success()["api_key"].is_null(), replayed);
        }
        self.ask("POST", "/admin/create", key, &serde_json::from_str(&made).expect("json"))
            .await
            .refused(409, "account_exists");
        let id = person.id;
        let role = json!({"name": "helper", "permissions": ["keys:read", "admin:audit"]});
        for (method, path, body) in [
            ("POST", "/admin/roles".to_owned(), role),
            ("PUT", "/admin/roles/helper".to_owned(), json!({"permissions": ["keys:read"]})),
            ("POST", "/admin/roles/assign".to_owned(), json!({"account_id": id, "role": "helper"})),
            ("POST", "/admin/roles/assign".to_owned(), json!({"account_id": id, "role": "developer"})),
            ("DELETE", "/admin/roles/helper".to_owned(), Value::Null),
            ("POST", "/admin/add_credits".to_owned(), json!({"account_id": id, "amount": 1, "reason": "a gift"})),
            ("POST", "/admin/limit".to_owned(), json!({"account_id": id, "limits": {"tokens_per_month": 9_000_000}})),
            ("POST", "/admin/assign-plan".to_owned(), json!({"account_id": id, "plan": "team"})),
            ("PATCH", format!("/admin/users/{id}"), json!({"disabled": true})),
        ] {
            self.ask(method, &path, key, &body).await.success();
        }
        self.ask("GET", "/user/balance", Some(&person.key), &Value::Null).await.refused(403, "account_disabled");
        self.ask("PATCH", &format!("/admin/users/{id}"), key, &json!({"disabled": false})).await.success();
        // A user who tries the same.
        self.ask("GET", "/admin/audit-logs", Some(&person.key), &Value::Null).await.refused(403, "insufficient_scope");
        self.look_into_the_stores().await;
        admin
    }
}
