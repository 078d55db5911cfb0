//! A person's own keys at the providers: stored, used, refused by the provider, renewed, replaced, deleted.

use local::provider::NAMES;
use local::secrets::Secrets as Random;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{Account, MODEL, Route};

use super::secrets::Kind;
use super::{Life, prompt, with};

const PATH: &str = "/user/provider-keys";
/// How a key ends that its provider refuses: what the stand-ins repeat of it.
const TAIL: &str = "~%^#";

impl Life {
    pub async fn own_keys(&mut self, person: &Account) {
        self.secrets.add(TAIL, Kind::Tail);
        self.mistakes(person).await;
        for provider in NAMES {
            self.world.model(provider, &[Route::new(provider, "standin/normal")]).await;
            self.store(person, provider, TAIL).await;
            for stream in [false, true] {
                let refused = self.call_with(&person.key, &prompt(provider, stream)).await;
                refused.refused(401, "provider_key_rejected");
                assert!(!refused.text.contains(TAIL), "the provider's words are passed on: {}", refused.text);
            }
            let key = self.store(person, provider, "").await;
            self.world.platform.providers.control().add_customer(provider, &key).expect("a provider");
            for stream in [false, true] {
                assert_eq!(self.call_with(&person.key, &prompt(provider, stream)).await.status, 200);
            }
        }
        self.failing(person).await;
        self.renewed(person).await;
        self.while_they_run(person).await;
        let listed = self.ask("GET", PATH, Some(&person.key), &Value::Null).await.success();
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(NAMES.len()));
        for provider in NAMES {
            let path = format!("{PATH}?provider={provider}");
            self.ask("DELETE", &path, Some(&person.key), &Value::Null).await.success();
        }
    }

    /// Stores a new key, which ends so; the key.
    async fn store(&mut self, person: &Account, provider: &str, end: &str) -> String {
        let key = format!("sk-{}{end}", Random::random().of(provider));
        self.secrets.provider_key(provider, &key);
        let body = json!({"provider": provider, "api_key": key, "name": "mine"});
        self.ask("POST", PATH, Some(&person.key), &body).await.success();
        self.look_into_the_stores().await;
        key
    }

    /// A key that is sent in a form in which it cannot be stored.
    async fn mistakes(&mut self, person: &Account) {
        let key = format!("sk-{}", Random::random().of("mistaken"));
        self.secrets.provider_key("nobody", &key);
        for body in [
            json!({"provider": key, "api_key": "openrouter"}),
            json!({"provider": "openrouter", "api_key": [key]}),
            json!({"provider": "openrouter", "api_key": format!("{key} ")}),
            json!({"provider": "openrouter", "api_key": format!("Bearer {key}")}),
            json!({"provider": "openrouter", "key": key}),
            json!([key]),
        ] {
            assert_eq!(self.ask("POST", PATH, Some(&person.key), &body).await.status, 400, "{body}");
        }
        let path = format!("{PATH}?provider={key}");
        self.ask("DELETE", &path, Some(&person.key), &Value::Null).await.refused(400, "invalid_request");
    }

    /// The provider fails, in every way that has words of its own.
    async fn failing(&mut self, person: &Account) {
        let control = self.world.platform.providers.control();
        for behaviour in ["status?code=500", "status?code=402", "status?code=403", "garbage", "refuse", "cut", "html"] {
            control.set("openrouter", Some(behaviour)).expect("a behaviour");
            for stream in [false, true] {
                self.call_with(&person.key, &prompt("openrouter", stream)).await;
            }
        }
        control.set("openrouter", None).expect("a provider");
    }

    /// A key under an older version of the keyring, which a call renews; and one that no version opens.
    async fn renewed(&mut self, person: &Account) {
        let key = format!("sk-{}", Random::random().of("older"));
        self.secrets.provider_key("openrouter", &key);
        self.world.platform.providers.control().add_customer("openrouter", &key).expect("a provider");
        self.world.own_key(person.id, "openrouter", &key).await;
        self.world.sql("update gateway.provider_keys set key_version = 1 where provider = 'openrouter'").await;
        self.look_into_the_stores().await;
        assert_eq!(self.call_with(&person.key, &prompt("openrouter", false)).await.status, 200);
        let version = self.world.value("select key_version from gateway.provider_keys where provider = 'openrouter'");
        assert_eq!(version.await, json!(2), "the call has renewed it");
        self.look_into_the_stores().await;
        self.world.sql("update gateway.provider_keys set key_version = 9 where provider = 'openrouter'").await;
        let unreadable = self.call_with(&person.key, &prompt("openrouter", false)).await;
        unreadable.refused(503, "not_configured");
        self.world.sql("update gateway.provider_keys set key_version = 2 where provider = 'openrouter'").await;
    }

    /// What the stores hold while a call with an own key and one with credit are under way.
    async fn while_they_run(&mut self, person: &Account) {
        let gate = self.world.platform.providers.control().gate();
        let mut running = Vec::new();
        for (key, model) in [(&person.key, "openrouter"), (&self.account.key, MODEL)] {
            let (request, invocation) = self.host.request("POST", "/v1/chat/completions");
            let request = with(request, Some(key), &prompt(model, false)).header("x-request-id", "gated");
            running.push((tokio::spawn(Answer::to(request)), invocation));
        }
        certain("both calls at the provider", gate.wait_for(2)).await;
        self.look_into_the_stores().await;
        gate.release();
        for (call, invocation) in running {
            let answer = call.await.expect("no panic");
            answer.success();
            self.keep("POST /v1/chat/completions", &answer);
            self.host.ended(&invocation).await;
        }
    }
}
