//! A session goes back to where its prompt is in a cache, as long as that provider is well.

use std::time::Duration;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::wire::formats;
use tests::world::{MODEL, Route, World, hello};

use super::{dearer, forget, provider};

#[tokio::test]
async fn a_session_goes_back_to_its_cache_and_a_call_without_one_to_the_cheapest() {
    let world = World::start().await;
    let (account, other) = (world.account(1_000_000_000).await, world.account(1_000_000_000).await);
    // It reports tokens that it had cached.
    world.model(MODEL, &[Route::new("openrouter", "standin/usage"), dearer("chutes", "standin/usage")]).await;
    let control = world.platform.providers.control();
    let served = async |key: &str, further: &Value| {
        let answer = Answer::to(world.chat(key, &hello(further))).await;
        assert_eq!(answer.status, 200, "{further}: {}", answer.text);
        world.settled().await;
        provider(&answer).to_owned()
    };
    for session in [
        json!({ "session_id": "s" }),
        json!({ "prompt_cache_key": "k" }),
        json!({ "user": "u" }),
        json!({ "stream": true, "session_id": "t", "user": "u" }),
    ] {
        // The cheapest is out for once.
        control.set("openrouter", Some("status?code=500")).expect("a behaviour");
        assert_eq!(served(&account.key, &session).await, "chutes");
        control.set("openrouter", None).expect("a behaviour");
        assert_eq!(served(&account.key, &session).await, "chutes", "{session}: there it is cached");
        let mut sorted = session.clone();
        sorted["provider"] = json!({ "sort": "price" });
        assert_eq!(served(&account.key, &sorted).await, "chutes", "{session}");
        // Nobody else's session is called so, and a name outweighs a cache.
        assert_eq!(served(&other.key, &session).await, "openrouter", "{session}");
        assert_eq!(served(&account.key, &json!({})).await, "openrouter");
        let mut named = session.clone();
        named["provider"] = json!({ "order": ["openrouter"] });
        assert_eq!(served(&account.key, &named).await, "openrouter", "{session}");
        // From there on it is cached at the other one.
        assert_eq!(served(&account.key, &session).await, "openrouter", "{session}");
    }
    // A cache at a provider that fails is no reason to ask it first.
    let session = json!({ "session_id": "broken" });
    control.set("openrouter", Some("status?code=500")).expect("a behaviour");
    assert_eq!(served(&account.key, &session).await, "chutes");
    control.set("openrouter", None).expect("a behaviour");
    control.set("chutes", Some("status?code=402")).expect("a behaviour");
    assert_eq!(served(&account.key, &session).await, "openrouter");
    control.set("chutes", None).expect("a behaviour");
    assert_eq!(served(&account.key, &session).await, "openrouter");
    // No provider keeps a prompt in its cache for longer than some minutes.
    let session = json!({ "session_id": "old" });
    control.set("openrouter", Some("status?code=500")).expect("a behaviour");
    assert_eq!(served(&account.key, &session).await, "chutes");
    control.set("openrouter", None).expect("a behaviour");
    world.platform.upstash.advance_clock(Duration::from_secs(301)).expect("a clock that can be moved");
    assert_eq!(served(&account.key, &session).await, "openrouter");
    // What the caller calls its session stays with the caller.
    assert!(!world.is_stored("broken").await);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn who_sells_cached_tokens_for_less_is_gone_back_to_with_a_prompt_that_caches_take() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let control = world.platform.providers.control();
    for (prompt, by) in [(1_023, "openrouter"), (1_024, "chutes")] {
        // It says nothing of what it has cached.
        let usage = format!("standin/usage?prompt={prompt}&cached=0&reasoning=0");
        world.model(MODEL, &[Route::new("openrouter", &usage), dearer("chutes", &usage)]).await;
        let session = json!({ "session_id": format!("of {prompt}") });
        control.set("openrouter", Some("status?code=500")).expect("a behaviour");
        for served in ["chutes", by] {
            let answer = Answer::to(world.chat(&account.key, &hello(&session))).await;
            assert_eq!((answer.status, provider(&answer)), (200, served), "{prompt}: {}", answer.text);
            world.settled().await;
            control.set("openrouter", None).expect("a behaviour");
        }
        forget(&world).await;
    }
}

#[tokio::test]
async fn the_header_names_a_session_wherever_the_body_does_not() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.model(MODEL, &[Route::new("openrouter", "standin/usage"), dearer("chutes", "standin/usage")]).await;
    let control = world.platform.providers.control();
    let served = async |path: &str, header: &str, further: &Value| {
        let call = world.post(path, &account.key, &hello(further)).header("x-session-id", header);
        let answer = Answer::to(call).await;
        assert_eq!(answer.status, 200, "{further}: {}", answer.text);
        world.settled().await;
        provider(&answer).to_owned()
    };
    // An id of a session of the client's own is one at OpenRouter's base URL, and a word anywhere.
    let uuid = "018f2f60-0000-7000-8000-0000000000aa";
    for (path, named) in
        [("/api/v1/chat/completions", uuid), ("/v1/chat/completions", "run 7"), ("/v1/completions", "run 8")]
    {
        let by = |user: &str| match path {
            "/v1/completions" => json!({ "prompt": "Hello", "messages": null, "user": user }),
            _ => json!({ "user": user }),
        };
        control.set("openrouter", Some("status?code=500")).expect("a behaviour");
        assert_eq!(served(path, named, &by("ann")).await, "chutes");
        control.set("openrouter", None).expect("a behaviour");
        assert_eq!(served(path, named, &by("bob")).await, "chutes", "{path}: whoever it is for");
        assert_eq!(served(path, "another", &by("ann")).await, "openrouter", "{path}");
        let mut in_body = by("ann");
        in_body["session_id"] = json!("in the body");
        assert_eq!(served(path, named, &in_body).await, "openrouter", "{path}: the body says it before");
        assert_eq!(served(path, &"x".repeat(257), &by("eve")).await, "openrouter", "{path}: that is no name");
        forget(&world).await;
    }
}

#[tokio::test]
async fn every_format_says_of_which_session_it_is() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let control = world.platform.providers.control();
    for wire in formats() {
        forget(&world).await;
        world.model(wire.model, &[Route::new(wire.provider, "standin/usage"), dearer("chutes", "standin/usage")]).await;
        let body = wire.hello(&json!({ "user": "u", "metadata": { "user_id": "u" } }));
        let served = async || {
            let answer = Answer::to(world.call(wire, &account.key, &body)).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            world.settled().await;
            provider(&answer).to_owned()
        };
        control.set(wire.provider, Some("status?code=500")).expect("a behaviour");
        assert_eq!(served().await, "chutes");
        control.set(wire.provider, None).expect("a behaviour");
        assert_eq!(served().await, "chutes", "{}", wire.path());
    }
}
