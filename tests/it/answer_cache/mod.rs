//! The cache of answers: who asks the same again gets the same, for nothing; nobody gets anything else by it.

mod bounds;
mod by_key;
mod hits;

use local::upstash::Reply;
use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::wire::Wire;
use tests::world::World;
use uuid::Uuid;

/// A call that asks for the cache, with further headers.
async fn ask(world: &World, wire: &Wire, key: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = world.call(wire, key, body).header("x-gateway-cache", "true");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = Answer::to(request).await;
    world.settled().await;
    answer
}

/// A body that says Hello, plain or streamed, whose answer is not stored.
fn hello(wire: &Wire, stream: bool) -> Value {
    let mut body = wire.hello(&json!({"stream": stream}));
    if wire.format == Format::Responses {
        body["store"] = json!(false);
    }
    body
}

/// Whether an answer was a cached one.
fn is_hit(answer: &Answer) -> bool {
    assert_eq!(answer.status, 200, "{}", answer.text);
    match (answer.header("x-gateway-cache"), answer.header("x-openrouter-cache-status")) {
        ("hit", "HIT") => true,
        ("miss", "MISS") | ("", "") => false,
        other => panic!("{other:?}"),
    }
}

/// The names of an account's cached answers in Redis.
async fn names(world: &World, account: Uuid) -> Vec<String> {
    let index = format!("cached:{account}");
    match world.platform.upstash.execute(&["ZRANGE", &index, "0", "-1"]).await.expect("ZRANGE") {
        Reply::Array(names) => names
            .into_iter()
            .map(|name| match name {
                Reply::Bulk(name) => String::from_utf8(name.to_vec()).expect("text"),
                other => panic!("{other:?}"),
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}
