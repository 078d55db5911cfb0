//! Functions that were given wrong secrets.

use serde_json::{Value, json};
use tests::people::Person;
use tests::vercel::VercelHost;
use tests::world::MODEL;

use super::secrets::{Piece, Place, is_secret};
use super::{Life, prompt};
use crate::platforms::function;

impl Life {
    /// What functions answer and write whose keys are refused, and whose every secret is malformed.
    pub async fn misconfigured(&mut self) {
        let theirs = |name: &str| name.ends_with("_API_KEY") || name == "PRIVY_APP_SECRET";
        self.elsewhere(theirs, "refused").await;
        // No header can hold it, and it is no keyring.
        self.elsewhere(is_secret, "malformed\u{7}").await;
    }

    /// Asks a function some of whose variables are wrong. Their ends are told apart from all that is right.
    async fn elsewhere(&mut self, is_wrong: impl Fn(&str) -> bool, end: &str) {
        let mut variables = self.world.platform.variables().clone();
        for name in ["PRIVY_VERIFICATION_KEY", "API_KEY_PEPPERS"].into_iter().filter(|name| is_wrong(name)) {
            variables.insert(name.to_owned(), String::new());
        }
        for (name, value) in variables.iter_mut().filter(|(name, _)| is_wrong(name)) {
            *value = format!("{name} that is {end}").replace(' ', "-");
        }
        variables
            .extend([("VERCEL_ENV", "production"), ("RUST_LOG", "trace")].map(|(n, v)| (n.to_owned(), v.to_owned())));
        let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.secrets.settings(&variables);
        let host = VercelHost::start(function(), &variables).await;
        let here = std::mem::replace(&mut self.host, host);
        let (calls, others) = (self.calls.clone(), self.others.clone());

        let person = Person::new();
        self.visit("/auth/register", &json!({"email": person.email})).await;
        let tokens = self.tokens(&person);
        self.visit("/auth/privy", &json!({"token": tokens["token"]})).await;
        let key = self.world.account(1_000_000_000).await.key;
        self.secrets.api_key(&key);
        self.call_with(&key, &prompt(MODEL, false)).await;
        let own = json!({"provider": "chutes", "api_key": "key-of-a-misconfigured-function"});
        self.secrets.provider_key("chutes", "key-of-a-misconfigured-function");
        self.ask("POST", "/user/provider-keys", Some(&key), &own).await;
        self.ask("GET", "/api/cron/sweep-holds", Some(&key), &Value::Null).await;

        let output = self.output().await;
        let errors = output.iter().filter(|line| line.contains("\"ERROR\"")).count();
        assert!(errors > 1, "{output:#?}");
        let line = |text: String| Piece { place: Place::Log, what: format!("a line, {end}"), text };
        self.pieces.extend(output.into_iter().map(line));
        (self.host, self.calls, self.others) = (here, calls, others);
    }
}
