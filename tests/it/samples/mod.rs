//! A request for every operation of the route table that the gateway serves. A new route has to say here what it
//! takes; whatever is asked of every route (authorisation, round trips, documentation, dead stores) is asked of it then.

mod account;
mod admin;
mod api_keys;
pub mod catalog;
pub mod chats;
pub mod coupons;
mod inference;
mod notifications;
mod openrouter;
pub mod payments;
mod public;
pub mod referrals;
pub mod responses;
mod sign_in;
mod usage;
pub mod webhooks;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use shared::route::{Auth, Operation, Route};
use shared::routes::ROUTES;
use tests::world::{Account, World};

/// What makes an operation a request.
#[derive(Debug, Default)]
pub struct Sample {
    /// The values of the path's parameters.
    pub parameters: Vec<(&'static str, String)>,
    /// The query, with its `?`.
    pub query: String,
    /// The body.
    pub body: Option<Value>,
    /// Of a request about something that is its owner's: what anybody else is told.
    pub foreign: Option<(u16, &'static str)>,
}

impl Sample {
    /// A request with nothing but its path.
    pub fn plain() -> Self {
        Self::default()
    }

    /// A request with this body.
    pub fn body(body: Value) -> Self {
        Self { body: Some(body), ..Self::default() }
    }

    /// Fills in a parameter of the path.
    pub fn with(mut self, parameter: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((parameter, value.into()));
        self
    }

    /// Adds a query, `?name=value`.
    pub fn with_query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// The path of `pattern`, one of the route's.
    pub fn path(&self, pattern: &str) -> String {
        let mut path = pattern.to_owned();
        for (parameter, value) in &self.parameters {
            path = path.replace(&format!("{{{parameter}}}"), value).replace(&format!("{{*{parameter}}}"), value);
        }
        assert!(!path.contains('{'), "{pattern}: the sample does not say what its parameter may be");
        path + &self.query
    }
}

/// A request that the operation serves when `owner` sends it (or anyone, or the cron jobs). What it needs is made in
/// the database, past the gateway: a sample costs no call that a test may count.
pub async fn sample(world: &World, route: &Route, operation: Operation, owner: &Account) -> Sample {
    let wanted = (operation.method, route.name);
    let samples = [
        public::sample(world, wanted).await,
        sign_in::sample(world, wanted).await,
        account::sample(world, wanted, owner).await,
        admin::sample(world, wanted, owner).await,
        api_keys::sample(world, wanted, owner).await,
        chats::sample(world, wanted, owner).await,
        catalog::sample(world, wanted).await,
        coupons::sample(world, wanted, owner).await,
        inference::sample(world, wanted).await,
        notifications::sample(world, wanted, owner).await,
        openrouter::sample(world, wanted, owner).await,
        payments::sample(world, wanted, owner).await,
        referrals::sample(world, wanted, owner).await,
        responses::sample(world, wanted, owner).await,
        usage::sample(world, wanted, owner).await,
        webhooks::sample(world, wanted, owner).await,
    ];
    let what = || panic!("{} {}: say in tests/it/samples what it takes", operation.method, route.name);
    samples.into_iter().flatten().next().unwrap_or_else(what)
}

/// What whoever sends a sample is told, if nothing else is wrong: nearly everywhere a success. A response is over when it is there,
/// so nobody can cancel one.
pub fn told(route: &Route, operation: Operation) -> (u16, &'static str) {
    match (operation.method, route.name) {
        ("POST", "v1_response_cancel") => (400, "invalid_request"),
        ("POST", "v1_keys" | "v1_byok") => (201, ""),
        _ => (200, ""),
    }
}

/// The scopes of the keys that a sample makes: whoever makes them must have these, too.
pub fn handed_out(route: &Route, operation: Operation) -> &'static [&'static str] {
    match (operation.method, route.name) {
        ("POST", "v1_keys" | "v1_auth_keys_code") => &["inference", "models:read"],
        _ => &[],
    }
}

/// What stands in place of a key where somebody tells us something.
pub fn signature(world: &World, pattern: &str, body: &Value) -> Vec<(&'static str, String)> {
    match pattern {
        "/api/stripe/webhook" => vec![("stripe-signature", world.platform.stripe.sign(&body.to_string()))],
        "/api/resend/webhook" => {
            let (id, at) = (format!("msg_{}", uuid::Uuid::new_v4().simple()), tests::now());
            let signature = world.platform.mailbox.sign(&id, at, &body.to_string());
            vec![("svix-id", id), ("svix-timestamp", at.to_string()), ("svix-signature", signature)]
        }
        _ => Vec::new(),
    }
}

/// A sample as a request at `pattern`, one of the route's paths, with this key.
pub fn send_with(
    world: &World,
    (operation, pattern): (Operation, &str),
    sample: &Sample,
    key: Option<&str>,
) -> RequestBuilder {
    let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
    let mut request = world.http.request(method, format!("{}{}", world.base_url, sample.path(pattern)));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    for (name, value) in sample.body.iter().flat_map(|body| signature(world, pattern, body)) {
        request = request.header(name, value);
    }
    match &sample.body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    }
}

/// A request that the operation answers as [`told`] says. Each needs an account of its own: some end theirs.
pub async fn request(world: &World, route: &Route, operation: Operation) -> RequestBuilder {
    let caller = match operation.auth {
        Auth::Admin => world.administrator().await,
        _ => world.account(1_000_000_000).await,
    };
    let sample = sample(world, route, operation, &caller).await;
    let key = match operation.auth {
        Auth::Public => None,
        Auth::User | Auth::Admin => Some(caller.key.as_str()),
        Auth::Cron => Some(world.platform.variables()["CRON_SECRET"].as_str()),
    };
    send_with(world, (operation, route.paths[0]), &sample, key)
}

/// Every operation of the table that is not a completion.
pub fn operations() -> impl Iterator<Item = (&'static Route, Operation)> {
    let all = ROUTES.iter().flat_map(|route| route.operations.iter().map(move |operation| (route, *operation)));
    all.filter(|(_, operation)| operation.scope != Some("inference"))
}
