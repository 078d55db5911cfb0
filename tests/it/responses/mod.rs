//! Responses that are stored: read again, gone on from, and forgotten.

mod bounds;
mod chain;
mod crash;
mod endings;
mod endpoints;
mod forgotten;
mod keyring;
mod references;
mod refused;
mod scopes;
mod thoughts;

use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::said::said_in;
use tests::wire::{WIRES, Wire};
use tests::world::{Account, CREDIT, Deployment, World};

/// Each way in which a response is served: natively, over chat, over messages.
fn wires() -> impl Iterator<Item = &'static Wire> + Clone {
    WIRES.iter().filter(|wire| wire.format == Format::Responses)
}

/// Each of them for a plain answer and for a stream.
fn forms() -> impl Iterator<Item = (&'static Wire, bool)> {
    wires().flat_map(|wire| [(wire, false), (wire, true)])
}

/// A world of this deployment in which the wire's provider serves its model.
async fn world_of(deployment: &Deployment, wire: &Wire) -> (World, Account) {
    let world = World::of(deployment, &[]).await;
    world.serves(wire, "standin/normal").await;
    world.platform.providers.control().record(true);
    let account = world.account(CREDIT).await;
    (world, account)
}

/// A response that is asked for with these members, which must be served, as the client has it in the end.
async fn respond(world: &World, wire: &Wire, account: &Account, text: &str, further: Value) -> Value {
    let answer = Answer::to(world.call(wire, &account.key, &wire.say(text, &further))).await;
    response(&answer)
}

/// The response that an answer is, or ends with.
fn response(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    if answer.header("content-type") == "text/event-stream" {
        return answer.events().pop().expect("an end")["response"].clone();
    }
    answer.json()
}

/// The id of a response.
fn id(response: &Value) -> &str {
    response["id"].as_str().unwrap_or_else(|| panic!("no id: {response}"))
}

/// Which it goes on from.
fn behind(previous: &Value) -> Value {
    json!({ "previous_response_id": id(previous) })
}

/// What a response says.
fn text(response: &Value) -> String {
    let items = response["output"].as_array().into_iter().flatten();
    let parts = items.filter_map(|item| item["content"].as_array()).flatten();
    parts.filter_map(|part| part["text"].as_str()).collect()
}

/// A stored response, as it is read.
async fn read(world: &World, account: &Account, response: &Value) -> Answer {
    Answer::to(world.get(&format!("/v1/responses/{}", id(response)), &account.key)).await
}

async fn delete(world: &World, account: &Account, response: &Value) -> Answer {
    let url = format!("{}/v1/responses/{}", world.base_url, id(response));
    Answer::to(world.http.delete(url).bearer_auth(&account.key)).await
}

/// What the provider was told last, in any format: who says what, without thoughts.
fn asked_last(world: &World) -> Vec<(String, String)> {
    said_in(&world.platform.providers.control().requests().last().expect("a request").body)
}

/// How many responses the account keeps, as it is counted and as it really is.
async fn kept(world: &World, account: &Account) -> i64 {
    let counted = format!(
        "select jsonb_build_array(
           coalesce((select jsonb_build_array(responses, bytes) from gateway.response_accounts where account_id = '{0}'), '[0, 0]'),
           (select jsonb_build_array(coalesce(sum(responses), 0), coalesce(sum(bytes), 0))
              from gateway.response_threads where account_id = '{0}'),
           (select jsonb_build_array(count(*), coalesce(sum(gateway.sealed_size(input) + gateway.sealed_size(output) + gateway.sealed_size(shown)), 0))
              from gateway.stored_responses where account_id = '{0}'))",
        account.id
    );
    let counted = world.value(&counted).await;
    assert!(counted[0] == counted[1] && counted[1] == counted[2], "{counted}");
    counted[0][0].as_i64().expect("a count")
}

/// Sets for how many days an account keeps its responses.
async fn keep_for(world: &World, account: &Account, days: Value) -> Answer {
    let request = world.http.patch(format!("{}/user/privacy", world.base_url)).bearer_auth(&account.key);
    let body = json!({ "response_retention_days": days }).to_string();
    Answer::to(request.header("content-type", "application/json").body(body)).await
}
