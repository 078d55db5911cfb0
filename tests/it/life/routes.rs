//! Every operation of the route table: once for somebody new, and what reads also for those who have lived here.

use reqwest::RequestBuilder;
use serde_json::Value;
use shared::route::{Auth, Operation, Route};
use shared::routes::ROUTES;
use tests::world::Account;

use super::{Life, with};
use crate::samples::{self, Sample, sample};

impl Life {
    /// Asks for everything. A new route is asked for as soon as it is in the table.
    pub async fn routes(&mut self, person: &Account, admin: &Account) {
        for (route, operation) in ROUTES.iter().flat_map(|route| route.operations.iter().map(move |o| (route, *o))) {
            let caller = match operation.auth {
                Auth::Admin => self.world.administrator().await,
                _ => self.world.account(1_000_000_000).await,
            };
            self.secrets.api_key(&caller.key);
            self.operation(route, operation, &caller, &caller).await;
            // One call is no list, and nothing without its name; a report has days, and a statement a month.
            let is_list = !matches!(route.name, "v1_generation" | "v1_report" | "user_statement");
            if operation.method == "GET" && is_list && matches!(operation.auth, Auth::User | Auth::Admin) {
                let reader = if operation.auth == Auth::Admin { admin } else { person };
                let path = self.operation(route, operation, person, reader).await;
                self.every_page(&path, &reader.key).await;
            }
        }
        self.look_into_the_stores().await;
    }

    /// Asks for an operation, which must be served; the path that it was asked for at, without its query.
    async fn operation(&mut self, route: &Route, operation: Operation, owner: &Account, caller: &Account) -> String {
        let sample = sample(&self.world, route, operation, owner).await;
        self.learn(&sample);
        let cron = self.world.platform.variables()["CRON_SECRET"].clone();
        let key = match operation.auth {
            Auth::Public => None,
            Auth::User | Auth::Admin => Some(caller.key.as_str()),
            Auth::Cron => Some(cron.as_str()),
        };
        let path = sample.path(route.paths[0]);
        let body = sample.body.unwrap_or_default();
        // In place of a key.
        let headers = samples::signature(&self.world, route.paths[0], &body);
        let signed = |request: RequestBuilder| {
            with(headers.into_iter().fold(request, |request, (name, value)| request.header(name, value)), key, &body)
        };
        let told = self.request(operation.method, &path, signed).await;
        assert_eq!(told.status, samples::told(route, operation).0, "{} {path}: {}", operation.method, told.text);
        if operation.scope == Some("inference") {
            self.calls.extend(self.others.pop());
        }
        path.split('?').next().unwrap_or_default().to_owned()
    }

    /// Reads all there is at a path.
    async fn every_page(&mut self, path: &str, key: &str) {
        let mut cursor = String::new();
        loop {
            let answer = self.ask("GET", &format!("{path}{cursor}"), Some(key), &Value::Null).await;
            // What is a file has no pages.
            if answer.header("content-type") != "application/json" {
                return;
            }
            let page = answer.success();
            let Some(next) = page["next_cursor"].as_str() else { return };
            cursor = format!("?cursor={next}");
        }
    }

    /// The secrets that a sample brings with it.
    fn learn(&mut self, sample: &Sample) {
        let body = sample.body.as_ref().unwrap_or(&Value::Null);
        if let Some(key) = body["api_key"].as_str().or(body["key"].as_str()) {
            self.secrets.provider_key(body["provider"].as_str().unwrap_or_default(), key);
        }
        for token in ["token", "identity_token"].iter().filter_map(|name| body[name].as_str()) {
            self.secrets.token(token);
        }
    }
}
