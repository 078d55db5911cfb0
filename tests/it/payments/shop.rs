//! Buying at a gateway whose Stripe is the stand-in.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

/// A payment that was begun at a page of Stripe's: the session's id, and the answer.
pub async fn begin(world: &World, account: &Account, body: &Value) -> (String, Value) {
    let answer = Answer::to(world.post("/api/stripe/checkout-session", &account.key, body)).await.success();
    (answer["id"].as_str().expect("an id").to_owned(), answer)
}

/// The same, and paid by a good card. Nothing is told yet.
pub async fn pay(world: &World, account: &Account, dollars: u32) -> (String, Value) {
    let (session, answer) = begin(world, account, &json!({ "amount": dollars })).await;
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    (session, answer)
}

/// What the buyer who comes back is told.
pub async fn come_back(world: &World, account: &Account, session: &str) -> Value {
    Answer::to(world.get(&format!("/api/stripe/checkout-session/{session}"), &account.key)).await.success()
}

/// Posts an event, signed; answers the status and what became of it.
pub async fn post(world: &World, body: &str, signature: Option<&str>) -> Answer {
    let mut request = world.http.post(format!("{}/api/stripe/webhook", world.base_url));
    if let Some(signature) = signature {
        request = request.header("stripe-signature", signature);
    }
    Answer::to(request.header("content-type", "application/json").body(body.to_owned())).await
}

/// What the cron job finds out.
pub async fn reconcile(world: &World) -> Value {
    Answer::to(world.get("/api/cron/reconcile-payments", world.platform.cron_secret())).await.success()
}

/// Delivers every event that waits, in the order in which they happened. Answers what became of each.
pub async fn deliver(world: &World) -> Vec<(String, String)> {
    let mut outcomes = Vec::new();
    for event in world.platform.stripe.take_events() {
        let answer = post(world, &event.body, Some(&world.platform.stripe.sign(&event.body))).await.success();
        outcomes.push((event.kind, answer["outcome"].as_str().expect("an outcome").to_owned()));
    }
    outcomes
}

/// The payment intent of a session.
pub fn intent(world: &World, session: &str) -> String {
    let session = world.platform.stripe.object(session).expect("a session");
    session["payment_intent"].as_str().expect("an intent").to_owned()
}

/// The id of the payment in an answer.
pub fn payment_id(answer: &Value) -> String {
    answer["payment"]["id"].as_str().expect("an id").to_owned()
}

/// So many dollars in nano-dollars.
pub const DOLLAR: i64 = 1_000_000_000;
