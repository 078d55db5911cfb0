//! Several keys of ours at one provider share its calls, and one that is refused rests.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{MODEL, Route, World, hello};

use super::{dearer, provider};

/// The key with which each recorded request came.
fn keys(world: &World) -> Vec<String> {
    let requests = world.platform.providers.control().requests();
    let of = |headers: &[(String, String)]| {
        headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.clone())
    };
    requests
        .iter()
        .map(|request| of(&request.headers).expect("a key").trim_start_matches("Bearer ").to_owned())
        .collect()
}

#[tokio::test]
async fn a_key_that_is_refused_rests_and_the_provider_is_asked_with_the_others() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.model(MODEL, &[Route::new("openrouter", "standin/normal"), dearer("chutes", "standin/normal")]).await;
    let good = world.platform.providers.key("openrouter").expect("a key").to_owned();
    let both = format!("sk-or-spent, {good}");
    let gateway = world.another_gateway_with(&[("OPENROUTER_API_KEY", &both)]).await;
    let control = world.platform.providers.control();
    control.record(true);
    let asked = async |session: &str| {
        control.clear();
        control.record(true);
        let url = format!("{gateway}/v1/chat/completions");
        let body = hello(&json!({ "user": session })).to_string();
        let answer = Answer::to(
            world.http.post(url).bearer_auth(&account.key).header("content-type", "application/json").body(body),
        )
        .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        world.settled().await;
        (provider(&answer).to_owned(), keys(&world))
    };
    // Whichever comes first for a session: the spent one costs one refusal, and after it nobody anything.
    let mut first = Vec::new();
    for session in 0..24 {
        let (served_by, keys) = asked(&session.to_string()).await;
        assert_eq!(served_by, "openrouter", "the other key serves");
        assert_eq!(keys.last(), Some(&good));
        first.push(keys.len());
    }
    assert_eq!(first.iter().filter(|number| **number == 2).count(), 1, "{first:?}");
    // Somebody is told which: it is the first of the two.
    let state = world.platform.upstash.execute(&["HGET", "breaker", "openrouter#1"]).await.expect("HGET");
    assert!(format!("{state:?}").contains("Bulk"), "{state:?}");
    let told = Answer::to(world.get("/api/cron/alerts", world.platform.cron_secret())).await.success();
    assert_eq!(told["found"], 1, "{told}");
    let subject = world.value("select jsonb_agg(jsonb_build_array(cause, subject)) from gateway.alerts").await;
    assert_eq!(subject, json!([["provider_account", "openrouter#1"]]));

    // A key that is asked too often rests, too, and where all of them do the next provider is asked at once.
    world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
    control.set("openrouter", Some("status?code=429")).expect("a behaviour");
    let url = format!("{gateway}/v1/chat/completions");
    let call = async || {
        let request = world.http.post(&url).bearer_auth(&account.key).header("content-type", "application/json");
        let answer = Answer::to(request.body(hello(&json!({})).to_string())).await;
        assert_eq!((answer.status, provider(&answer)), (200, "chutes"), "{}", answer.text);
        world.settled().await;
        super::asked(&world)
    };
    assert_eq!(call().await[..2], ["openrouter", "openrouter"]);
    world.platform.providers.control().clear();
    assert_eq!(call().await, ["chutes"]);
    world.assert_ledger_clean().await;
}
