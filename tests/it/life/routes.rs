//! Every operation of the route table: once for somebody new, and what reads also for those who have lived here.

use serde_json::Value;
use shared::routes::{Auth, Operation, ROUTES, Route};
use tests::world::Account;

use super::Life;
use crate::samples::{Sample, sample};

impl Life {
    /// Asks for everything. A new route is asked for as soon as it is in the table.
    pub async fn routes(&mut self, person: &Account, admin: &Account) {
        for (route, operation) in ROUTES.iter().flat_map(|route| route.operations.iter().map(move |o| (route, *o))) {
            let caller = match operation.auth {
                Auth::Admin => self.world.administrator().await,
                _ => self.world.account(1_000_000_000).await,
            };
            self.secrets.api_key(&caller.key);
            let mut told = vec![self.operation(route, operation, &caller, &caller).await];
            if operation.method == "GET" && matches!(operation.auth, Auth::User | Auth::Admin) {
                let reader = if operation.auth == Auth::Admin { admin } else { person };
                told.push(self.operation(route, operation, person, reader).await);
            }
            for (status, text) in told {
                assert_eq!(status, 200, "{} {}: {text}", operation.method, route.paths[0]);
            }
        }
        self.look_into_the_stores().await;
    }

    async fn operation(
        &mut self,
        route: &Route,
        operation: Operation,
        owner: &Account,
        caller: &Account,
    ) -> (u16, String) {
        let sample = sample(&self.world, route, operation, owner).await;
        self.learn(&sample);
        let cron = self.world.platform.variables()["CRON_SECRET"].clone();
        let key = match operation.auth {
            Auth::Public => None,
            Auth::User | Auth::Admin => Some(caller.key.as_str()),
            Auth::Cron => Some(cron.as_str()),
        };
        let path = sample.path(route.paths[0]);
        let told = self.ask(operation.method, &path, key, &sample.body.unwrap_or_default()).await;
        if operation.scope == Some("inference") {
            self.calls.extend(self.others.pop());
        }
        (told.status, told.text)
    }

    /// The secrets that a sample brings with it.
    fn learn(&mut self, sample: &Sample) {
        let body = sample.body.as_ref().unwrap_or(&Value::Null);
        if let Some(key) = body["api_key"].as_str() {
            self.secrets.provider_key(body["provider"].as_str().unwrap_or_default(), key);
        }
        for token in ["token", "identity_token"].iter().filter_map(|name| body[name].as_str()) {
            self.secrets.token(token);
        }
    }
}
