//! A key that has its answers kept: its calls go to the cache unless they say otherwise, and no other key's do.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::watch::Watch;
use tests::wire::{Wire, each_form};
use tests::world::{CREDIT, World};

use super::{hello, is_hit};

/// A call with these headers, of which nothing else asks for the cache.
async fn ask(world: &World, wire: &Wire, key: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let call = world.call(wire, key, body);
    let answer = Answer::to(headers.iter().fold(call, |call, (name, value)| call.header(*name, *value))).await;
    world.settled().await;
    answer
}

#[tokio::test]
async fn its_calls_are_answered_from_the_cache_unless_they_say_otherwise() {
    each_form(async |wire, stream, deployment| {
        let world = World::of(deployment, &[]).await;
        world.serves(wire, "standin/normal").await;
        let owner = world.account(CREDIT).await;
        let key = world.another_key(&owner, "inference").await;
        let other = world.another_key(&owner, "inference").await;
        let set = |ttl: Value| {
            let path = format!("{}/user/api-keys/{}", world.base_url, key.key_id);
            let request = world.http.patch(path).bearer_auth(&owner.key).header("content-type", "application/json");
            Answer::to(request.body(json!({ "cache_ttl": ttl }).to_string()))
        };
        let body = hello(wire, stream);
        // Nobody has asked for it: nothing is kept, and nobody is told of a cache.
        for _ in 0..2 {
            let answer = ask(&world, wire, &key.key, &body, &[]).await;
            assert_eq!((is_hit(&answer), answer.header("x-gateway-cache")), (false, ""), "{}", wire.name);
        }
        assert_eq!(set(json!(60)).await.success()["cache_ttl"], 60);
        let first = ask(&world, wire, &key.key, &body, &[]).await;
        assert_eq!((is_hit(&first), first.header("x-gateway-cache")), (false, "miss"), "{}", wire.name);
        let paid = world.money(owner.id).await;
        let watch = Watch::new(&world);
        let again = ask(&world, wire, &key.key, &body, &[]).await;
        assert!(is_hit(&again) && again.content(wire) == first.content(wire), "{}", wire.name);
        assert_eq!((watch.evals(), world.money(owner.id).await), (1, paid), "{}", wire.name);
        let left: u64 = again.header("x-openrouter-cache-ttl").parse().expect("a number");
        assert!((1..=60).contains(&left), "{left}");
        // A gateway that has not heard of the key finds it all the same.
        let elsewhere = world.another_gateway().await;
        for _ in 0..2 {
            let mut request = world.call(wire, &key.key, &body).build().expect("a request");
            let path = request.url().path().to_owned();
            *request.url_mut() = format!("{elsewhere}{path}").parse().expect("an address");
            let request = RequestBuilder::from_parts(world.http.clone(), request);
            let answer = Answer::to(request).await;
            world.settled().await;
            assert!(is_hit(&answer), "{}", wire.name);
        }
        // The header has the last word, either way; and another key of the account asks by itself.
        for headers in [&[("x-gateway-cache", "false")][..], &[("x-openrouter-cache", "false")]] {
            let answer = ask(&world, wire, &key.key, &body, headers).await;
            assert_eq!((is_hit(&answer), answer.header("x-gateway-cache")), (false, ""), "{}", wire.name);
        }
        assert!(!is_hit(&ask(&world, wire, &other.key, &body, &[]).await));
        assert!(is_hit(&ask(&world, wire, &other.key, &body, &[("x-gateway-cache", "true")]).await));
        // What may be meant to be done again is done again.
        let once = [("idempotency-key", "one")];
        assert!(stream || !is_hit(&ask(&world, wire, &key.key, &body, &once).await), "{}", wire.name);
        // It is over with the next call.
        assert_eq!(set(Value::Null).await.success()["cache_ttl"], Value::Null);
        let answer = ask(&world, wire, &key.key, &body, &[]).await;
        assert_eq!((is_hit(&answer), answer.header("x-gateway-cache")), (false, ""), "{}", wire.name);
        world.assert_ledger_clean().await;
    })
    .await;
}
