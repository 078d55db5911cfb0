//! Bodies that come compressed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tests::answer::Answer;
use tests::wire::formats;
use tests::world::World;

use super::assert_nothing_left;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("in memory");
    encoder.finish().expect("in memory")
}

#[tokio::test]
async fn a_compressed_body_is_the_body_that_it_was() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for wire in formats() {
        let body = gzip(wire.hello(&json!({})).to_string().as_bytes());
        let request = world.call(wire, &account.key, &json!({})).header("content-encoding", "gzip").body(body);
        assert_eq!(Answer::to(request).await.status, 200, "{}", wire.name);
    }
    // What is not about inference reads bodies as well.
    let body = gzip(json!({"name": "zipped"}).to_string().as_bytes());
    let request = world.post("/user/api-keys", &account.key, &json!({})).header("content-encoding", "gzip").body(body);
    assert_eq!(Answer::to(request).await.json()["name"], "zipped");
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn a_bomb_is_too_large_and_an_encoding_that_is_not_taken_is_told_which_are() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let send = |encoding: &'static str, body: Vec<u8>| {
        Answer::to(world.chat(&account.key, &json!({})).header("content-encoding", encoding).body(body))
    };
    send("gzip", gzip(&vec![b' '; 100 << 20])).await.refused(413, "payload_too_large");
    let refused = send("br", vec![1, 2, 3]).await;
    refused.refused(415, "unsupported_media_type");
    assert_eq!(refused.header("accept-encoding"), "gzip, deflate, zstd");
    send("gzip", b"{}".to_vec()).await.refused(400, "invalid_request");
    assert_nothing_left(&world).await;
}
