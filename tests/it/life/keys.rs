//! API keys: made, used, rotated one by one and all at once, ended; and what goes wrong with that.

use local::postgrest::Fault;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, MODEL};

use super::{Life, prompt, with};

const PATH: &str = "/user/api-keys";

impl Life {
    pub async fn keys(&mut self, person: &Account) {
        let own = person.key.clone();
        let (id, first) = self.make(&own, json!({"name": "first", "environment": "live"})).await;
        let (other, mut second) = self.make(&own, json!({"name": "second", "environment": "test"})).await;
        self.made_once(&own).await;
        self.told(&own).await;
        self.call_with(&first, &prompt(MODEL, true)).await;
        self.ask("PATCH", &format!("{PATH}/{id}"), Some(&own), &json!({"name": "renamed"})).await.success();
        // A former secret that still works, one that does not any more, and all new ones of an environment.
        for hours in [24, 0] {
            let body = json!({"grace_period_hours": hours});
            let rotated = self.ask("POST", &format!("{PATH}/{id}/rotate"), Some(&own), &body).await;
            let new = shown(&rotated.success());
            self.call_with(&new, &prompt(MODEL, false)).await;
            self.call_with(&first, &prompt(MODEL, false)).await;
        }
        let all = self.ask("POST", &format!("{PATH}/rotate"), Some(&own), &json!({"environment": "test"})).await;
        let all = all.success();
        let rotated = all["data"].as_array().expect("keys").iter().find(|entry| entry["key"]["id"] == json!(other));
        let former = std::mem::replace(&mut second, shown(rotated.expect("the second key")));
        for key in [&former, &second] {
            self.ask("GET", "/user/balance", Some(key), &Value::Null).await;
        }
        self.look_into_the_stores().await;
        self.interrupted(&own, &id).await;
        self.mistaken(&own, &second).await;
        self.named_after(&own, &second).await;
        for key in [&id, &other] {
            self.ask("DELETE", &format!("{PATH}/{key}"), Some(&own), &Value::Null).await.success();
        }
        self.call_with(&second, &prompt(MODEL, false)).await.refused(401, "api_key_revoked");
        self.ask("GET", PATH, Some(&second), &Value::Null).await.refused(401, "api_key_revoked");
    }

    /// Makes a key: its id, and itself.
    async fn make(&mut self, own: &str, body: Value) -> (String, String) {
        let made = self.ask("POST", PATH, Some(own), &body).await.success();
        (made["id"].as_str().expect("an id").to_owned(), shown(&made))
    }

    /// Two calls with a key that lets what is said be told.
    async fn told(&mut self, own: &str) {
        let (id, told) = self.make(own, json!({"name": "told", "trace_content": true})).await;
        for stream in [false, true] {
            assert_eq!(self.call_with(&told, &prompt(MODEL, stream)).await.status, 200);
        }
        self.ask("DELETE", &format!("{PATH}/{id}"), Some(own), &Value::Null).await.success();
    }

    /// A repeated answer does not show the key again.
    async fn made_once(&mut self, own: &str) {
        let body = json!({"name": "once"}).to_string();
        for replayed in [false, true] {
            let request = self.request("POST", PATH, |request| {
                let request = request.bearer_auth(own).header("idempotency-key", "once");
                request.header("content-type", "application/json").body(body.clone())
            });
            assert_eq!(request.await.success()["api_key"].is_null(), replayed);
        }
    }

    /// The database commits and its answer is lost, or it complains of what it was told.
    async fn interrupted(&mut self, own: &str, id: &str) {
        let hash = self.world.value(&format!("select key_hash from gateway.api_keys where id = '{id}'")).await;
        let complaint = json!({"code": "23505", "hint": null,
            "message": "duplicate key value violates unique constraint \"api_keys_key_hash_key\"",
            "details": format!("Key (key_hash)=({}) already exists.", hash.as_str().expect("a hash"))});
        let complaint = Fault::Answer {
            status: 409,
            content_type: "application/json; charset=utf-8".to_owned(),
            body: complaint.to_string(),
        };
        let control = self.world.platform.postgrest.control();
        for fault in [Fault::DropAnswer, complaint] {
            let rotate = format!("{PATH}/{id}/rotate");
            for (function, path) in [("create_api_key", PATH), ("rotate_api_key", rotate.as_str())] {
                control.fail(Some(function), Some(1), fault.clone());
                let body = if path == PATH { json!({"name": "lost"}) } else { json!({}) };
                self.ask("POST", path, Some(own), &body).await.refused(503, "service_unavailable");
            }
        }
    }

    /// Requests and robots that are named after a key.
    async fn named_after(&mut self, own: &str, key: &str) {
        let page = format!("https://app.example/?key={key}");
        for (method, path, presented, body, app) in [
            ("POST", "/v1/chat/completions", own, prompt(MODEL, false), ("x-title", key)),
            ("POST", "/v1/chat/completions", own, prompt(MODEL, true), ("referer", &page)),
            ("POST", PATH, own, json!({"name": "named"}), ("referer", &page)),
            ("GET", PATH, key, Value::Null, ("x-title", key)),
        ] {
            let (request, invocation) = self.host.request(method, path);
            let request = with(request, Some(presented), &body).header(app.0, app.1);
            let request = request.header("x-request-id", format!("job-{key}"));
            let answer = Answer::to(request.header("user-agent", format!("robot/{key}"))).await;
            self.host.ended(&invocation).await;
            self.keep(&format!("{method} {path}"), &answer);
        }
    }

    /// A key where none belongs.
    async fn mistaken(&mut self, own: &str, key: &str) {
        for path in ["/user/balance", "/user/credit-transactions", "/v1/models", "/health", "/nowhere"] {
            self.request("GET", &format!("{path}?api_key={key}"), |request| request.header("x-api-key", key)).await;
        }
        for path in [format!("{PATH}/{key}"), format!("/{key}"), format!("/api{PATH}/{key}/rotate?x={key}")] {
            self.ask("GET", &path, Some(own), &Value::Null).await;
        }
        let member = json!({"name": "x", key: key});
        self.ask("POST", PATH, Some(own), &member).await.refused(400, "unknown_field");
        self.ask("GET", &format!("{PATH}?{key}=1"), Some(own), &Value::Null).await.refused(400, "unknown_field");
        for body in [prompt(key, false), json!({"model": MODEL, "messages": key}), json!({"model": [key]})] {
            self.call_with(own, &body).await;
        }
        for body in [json!({ "name": [key] }), json!({"name": "x", "environment": key}), json!({"scopes": key})] {
            let refused: Answer = self.ask("POST", PATH, Some(own), &body).await;
            refused.refused(400, "invalid_request");
        }
    }
}

fn shown(answer: &Value) -> String {
    answer["api_key"].as_str().expect("a key").to_owned()
}
