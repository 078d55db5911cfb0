//! However a call ends, it is settled once and with what it has produced.

mod client_leaves;
mod client_stays;
mod deadline;
mod events_on_lambda;
mod function_dies;
mod function_stops;
mod invocation_on_vercel;
mod keep_alive;

use std::time::Duration;

use bytes::Bytes;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tests::certain;
use tests::lambda::event;
use tests::wire::Wire;
use tests::world::{Account, CREDIT, Deployment, World, price_of, send};

/// How long a test watches for what must not happen.
const WATCH: Duration = Duration::from_millis(300);

/// A world of this deployment in which the wire's provider behaves so, and an account with [`CREDIT`].
async fn world_with(deployment: &Deployment, wire: &Wire, upstream: &str) -> (World, Account) {
    world_within(deployment, wire, upstream, &[]).await
}

/// The same with these variables for its gateways.
async fn world_within(
    deployment: &Deployment,
    wire: &Wire,
    upstream: &str,
    variables: &[(&str, &str)],
) -> (World, Account) {
    let world = World::of(deployment, variables).await;
    world.serves(wire, upstream).await;
    world.platform.providers.control().record(true);
    let account = world.account(CREDIT).await;
    (world, account)
}

/// From now on the wire's model is one that reasons.
async fn let_it_reason(world: &World, wire: &Wire) {
    world.sql(&format!("update gateway.models set reasoning = true where id = '{}'", wire.model)).await;
}

/// The variables of a function beside this world. On a busy machine the stores take longer than they may in a deployment.
fn variables(world: &World) -> Vec<(&str, &str)> {
    let own = world.platform.variables().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    own.filter(|(name, _)| !PATIENCE.iter().any(|(patient, _)| patient == name)).chain(PATIENCE).collect()
}

/// How long a function waits for the stores, where that is not what a test is about.
const PATIENCE: [(&str, &str); 2] = [("DATABASE_TIMEOUT_MS", "30000"), ("REDIS_TIMEOUT_MS", "5000")];

/// The body of a call, whose limit no behaviour here reaches.
fn ask(wire: &Wire, stream: bool) -> Value {
    wire.hello(&json!({ "stream": stream, "max_tokens": 8000 }))
}

/// A call as a client makes it.
fn call(request: RequestBuilder, account: &Account, body: &Value) -> RequestBuilder {
    request.bearer_auth(&account.key).header("content-type", "application/json").body(body.to_string())
}

/// A call of the gateway that listens at `base_url`.
fn call_at(wire: &Wire, world: &World, base_url: &str, account: &Account, body: &Value) -> RequestBuilder {
    call(world.http.post(format!("{base_url}{}", wire.path())), account, body)
}

/// A call as a function URL passes it on.
fn call_event(wire: &Wire, account: &Account, body: &Value) -> Value {
    let key = format!("Bearer {}", account.key);
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    event("POST", wire.path(), &headers, Some(&body.to_string()))
}

/// Watches whether `future` ends although it must not.
async fn must_not_come<T>(what: &str, future: impl Future<Output = T>) {
    assert!(tokio::time::timeout(WATCH, future).await.is_err(), "{what} came too early");
}

/// A streamed answer as its client reads it.
struct Reader {
    wire: &'static Wire,
    response: Response,
    text: String,
}

impl Reader {
    async fn open(wire: &'static Wire, request: RequestBuilder) -> Self {
        Self::of(wire, send(request).await)
    }

    fn of(wire: &'static Wire, response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { wire, response, text: String::new() }
    }

    /// Reads until `wanted` holds for what has come; panics if the answer ends before.
    async fn until(&mut self, wanted: impl Fn(&str) -> bool) -> &str {
        while !wanted(&self.text) {
            let piece: Option<Bytes> = certain("a chunk", self.response.chunk()).await.expect("no broken answer");
            let piece = piece.unwrap_or_else(|| panic!("the answer ended: {}", self.text));
            self.text.push_str(str::from_utf8(&piece).expect("UTF-8"));
        }
        &self.text
    }

    /// Reads so many events with text, and gives their text.
    async fn content(&mut self, pieces: usize) -> String {
        let wire = self.wire;
        wire.pieces(self.until(|text| wire.pieces(text).len() >= pieces).await).concat()
    }

    /// The whole answer, once it has ended.
    async fn whole(mut self) -> String {
        while let Some(piece) = certain("a chunk or the end", self.response.chunk()).await.expect("no broken answer") {
            self.text.push_str(str::from_utf8(&piece).expect("UTF-8"));
        }
        self.text
    }
}

/// The record of the account's one call, which is settled as soon as hold and lease are gone.
async fn settled(world: &World, account: &Account) -> Value {
    world.settled().await;
    books(world, account).await
}

/// The record of the account's one call, which has been settled: hold and lease are gone, and the account has paid
/// what the record says, once.
async fn books(world: &World, account: &Account) -> Value {
    let open = format!("select count(*) from gateway.holds where state = 'open' and account_id = '{}'", account.id);
    assert_eq!(world.value(&open).await, json!(0));
    assert_eq!(world.leases().await, 0);
    let row = format!("select to_jsonb(request) from gateway.requests as request where account_id = '{}'", account.id);
    let row = world.value(&row).await;
    let cost = row["cost"].as_i64().expect("a cost");
    assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0), "{row}");
    assert!(cost <= row["held"].as_i64().expect("a hold"), "{row}");
    world.assert_ledger_clean().await;
    row
}

/// The record says that so much was counted by us and charged, and that the call ended so.
fn assert_estimated(wire: &Wire, row: &Value, outcome: &str, completion: &str) {
    let tokens = shared::credits::tokens::count(completion);
    let expected = json!({
        "outcome": outcome, "estimated": true, "prompt_tokens": wire.prompt_tokens, "completion_tokens": tokens,
        "cost": price_of(row),
    });
    assert_members(row, &expected);
}

/// The record says that what was produced was counted by us and charged, though the client saw nothing of it.
fn assert_counted(wire: &Wire, row: &Value, outcome: &str) {
    let tokens = row["completion_tokens"].as_u64().expect("tokens");
    assert!(tokens > 0, "{row}");
    let cost = price_of(row);
    assert_members(
        row,
        &json!({"outcome": outcome, "estimated": true, "prompt_tokens": wire.prompt_tokens, "cost": cost}),
    );
}

/// The record says that what the provider reported was charged.
fn assert_reported(row: &Value, outcome: &str) {
    let tokens = |name: &str| row[name].as_u64().expect("tokens");
    assert!(tokens("prompt_tokens") > 0 && tokens("completion_tokens") > 0, "{row}");
    assert_members(row, &json!({"outcome": outcome, "estimated": false, "cost": price_of(row)}));
}

fn assert_members(row: &Value, expected: &Value) {
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&row[name], value, "{name} in {row}");
    }
}
