//! A client that leaves, before the head or in the middle, pays for what was produced until then.

mod on_lambda;
mod on_plain_servers;
mod on_vercel;
mod reasoning;
mod unseen;

use local::provider::{Ending, Gate};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::credits::tokens::count;
use tests::certain;
use tests::wire::Wire;
use tests::world::{Account, World, price_of};

use super::{assert_members, settled};

/// Sends a call and leaves when the provider has it.
pub async fn leave_before_the_head(world: &World, request: RequestBuilder) -> Gate {
    let gate = world.platform.providers.control().gate();
    let client = tokio::spawn(request.send());
    certain("the call at the provider", gate.wait_for(1)).await;
    client.abort();
    assert!(client.await.expect_err("it was aborted").is_cancelled());
    gate
}

/// How the provider's one exchange ended, and how many chunks it had written then.
async fn ending(world: &World) -> (Ending, u64) {
    let control = world.platform.providers.control();
    let requests =
        certain("the end of the exchange", control.wait_for(|all| all.iter().all(|one| one.ending.is_some())));
    let requests = requests.await;
    assert_eq!(requests.len(), 1, "{requests:?}");
    (requests[0].ending.expect("waited for"), requests[0].chunks)
}

/// A streamed call for so many chunks.
fn long(wire: &Wire, chunks: u64) -> Value {
    wire.hello(&json!({ "stream": true, "max_tokens": 2 * chunks }))
}

/// The client has read `read` of a stream of so many chunks and left: the provider was told to stop, and what was
/// produced until then has been charged.
async fn assert_given_up(wire: &Wire, world: &World, account: &Account, read: &str, chunks: u64) {
    let (ending, written) = ending(world).await;
    assert_eq!(ending, Ending::ClientGone);
    assert!(written < chunks, "{written} of {chunks} chunks were written");
    let row = settled(world, account).await;
    let tokens = row["completion_tokens"].as_u64().expect("tokens");
    // What came between the last chunk that the client took and its departure was produced for it.
    assert!((count(read)..2 * chunks).contains(&tokens), "{row}");
    assert_members(
        &row,
        &json!({"outcome": "client_left", "estimated": true, "prompt_tokens": wire.prompt_tokens, "cost": price_of(&row)}),
    );
}
