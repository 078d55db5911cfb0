//! A second provider is asked while the first is slow: whoever is first answers, both are held for, and what was dropped is charged its
//! prompt.

use std::time::Duration;

use local::provider::RecordedRequest;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{MODEL, Route, World, hello, nanos};

use super::{dearer, forget, provider};

/// At the first: a nano-dollar a prompt token, and four a token of the answer; at the other twice as much. Both report 100 and 50.
const USED: &str = "standin/usage?cached=0&reasoning=0";
const FIRST: i64 = 100 * 1_000 + 50 * 2_000;
const SECOND: i64 = 2 * FIRST;

struct Tried {
    world: World,
    key: String,
    account: uuid::Uuid,
}

impl Tried {
    async fn start() -> Self {
        let world = World::start().await;
        let account = world.account(1_000_000_000).await;
        world.model(MODEL, &[Route::new("openrouter", USED), dearer("chutes", USED)]).await;
        forget(&world).await;
        Self { key: account.key.clone(), account: account.id, world }
    }

    /// Who answers, who was asked, and what it cost.
    async fn call(&self, further: Value) -> (String, Vec<&'static str>, i64) {
        forget(&self.world).await;
        let before = self.world.money(self.account).await.0;
        let mut body = hello(&json!({ "max_tokens": 200 }));
        body.as_object_mut().expect("an object").extend(further.as_object().expect("members").clone());
        let answer = Answer::to(self.world.chat(&self.key, &body)).await;
        assert_eq!(answer.status, 200, "{further}: {}", answer.text);
        self.world.settled().await;
        let charged = before - self.world.money(self.account).await.0;
        let shown = if body["stream"] == true {
            answer.events().last().expect("chunks")["usage"]["cost"].clone()
        } else {
            answer.json()["usage"]["cost"].clone()
        };
        assert_eq!(nanos(&shown), charged, "{further}: {}", answer.text);
        (provider(&answer).to_owned(), super::asked(&self.world), charged)
    }

    fn behaves(&self, name: &str, behaviour: Option<&str>) {
        self.world.platform.providers.control().set(name, behaviour).expect("a behaviour");
    }
}

#[tokio::test]
async fn whoever_has_output_first_answers_and_the_other_is_paid_for_its_prompt() {
    let tried = Tried::start().await;
    let streamed = json!({ "include_usage": true });
    for stream in [false, true] {
        let asks = |hedge: Value| {
            json!({ "stream": stream, "stream_options": if stream { streamed.clone() } else { Value::Null },
                    "provider": { "hedge_ms": hedge } })
        };
        // Nobody is asked twice who is fast, or is not to be hedged.
        assert_eq!(tried.call(asks(json!(60_000))).await, ("openrouter".to_owned(), vec!["openrouter"], FIRST));
        assert_eq!(tried.call(asks(json!(null))).await, ("openrouter".to_owned(), vec!["openrouter"], FIRST));
        // The first never answers; what it may have read is charged at its price.
        tried.behaves("openrouter", Some("hang"));
        let (by, asked, charged) = tried.call(asks(json!(0))).await;
        assert_eq!((by.as_str(), &asked[..], charged), ("chutes", &["openrouter", "chutes"][..], SECOND + 100 * 1_000));
        // The second never answers.
        tried.behaves("openrouter", Some("delay?ms=50"));
        tried.behaves("chutes", Some("hang"));
        let (by, asked, _) = tried.call(asks(json!(0))).await;
        assert_eq!((by.as_str(), &asked[..]), ("openrouter", &["openrouter", "chutes"][..]));
        // What has failed is not charged: the other one is slow enough to hear of it.
        for (fails, answers, price) in [("openrouter", "chutes", 2_000), ("chutes", "openrouter", 1_000)] {
            tried.behaves(fails, Some("status?code=500"));
            tried.behaves(answers, Some("delay?ms=300"));
            let (by, _, charged) = tried.call(asks(json!(0))).await;
            let record = tried.world.newest_call().await;
            let tokens = |name: &str| record[name].as_i64().expect("tokens");
            assert_eq!(by, answers);
            assert_eq!(charged, tokens("prompt_tokens") * price + tokens("completion_tokens") * 2 * price, "{record}");
            tried.behaves(fails, None);
            tried.behaves(answers, None);
        }
        tried.behaves("chutes", None);
    }
    tried.world.assert_ledger_clean().await;
}

#[tokio::test]
async fn where_both_have_failed_the_third_is_asked_and_neither_of_them_again() {
    let tried = Tried::start().await;
    let dearest = Route { prompt: 9_000_000_000, completion: 9_000_000_000, ..Route::new("portkey", USED) };
    tried.world.model(MODEL, &[Route::new("openrouter", USED), dearer("chutes", USED), dearest]).await;
    for name in ["openrouter", "chutes"] {
        tried.behaves(name, Some("status?code=500"));
    }
    let control = tried.world.platform.providers.control();
    for stream in [false, true] {
        forget(&tried.world).await;
        // Neither has failed before both are asked.
        let gate = control.gate();
        let body = hello(&json!({ "max_tokens": 200, "stream": stream, "provider": { "hedge_ms": 0 } }));
        let running = tokio::spawn(Answer::to(tried.world.chat(&tried.key, &body)));
        certain("both at their providers", gate.wait_for(2)).await;
        gate.release();
        let answer = running.await.expect("no panic");
        assert_eq!((answer.status, provider(&answer)), (200, "portkey"), "{}", answer.text);
        tried.world.settled().await;
        // Which of the two comes in first is for their connections to say.
        let mut asked = super::asked(&tried.world);
        assert_eq!(asked.pop(), Some("portkey"));
        asked.sort();
        assert_eq!(asked, ["chutes", "openrouter"]);
        // Whoever has failed is not charged.
        assert_eq!(tried.world.newest_call().await["cost"], json!(150 * 9_000));
    }
    tried.world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_request_that_one_of_them_refuses_is_refused_and_the_other_is_not_waited_for() {
    let tried = Tried::start().await;
    for (refuses, waits) in [("openrouter", "chutes"), ("chutes", "openrouter")] {
        forget(&tried.world).await;
        tried.behaves(refuses, Some("status?code=400"));
        tried.behaves(waits, Some("hang"));
        let body = hello(&json!({ "max_tokens": 200, "provider": { "hedge_ms": 0 } }));
        let told = Answer::to(tried.world.chat(&tried.key, &body)).await.refused(400, "upstream_rejected");
        assert_eq!(told["provider"], refuses);
        tried.world.settled().await;
        assert_eq!(tried.world.money(tried.account).await, (1_000_000_000, 0, 0));
    }
}

#[tokio::test]
async fn one_that_is_not_well_is_not_asked_beside() {
    let tried = Tried::start().await;
    tried.behaves("chutes", Some("status?code=402"));
    tried.call(json!({ "provider": { "order": ["chutes"] } })).await;
    tried.behaves("chutes", None);
    tried.behaves("openrouter", Some("delay"));
    let control = tried.world.platform.providers.control();
    control.clear();
    let body = hello(&json!({ "max_tokens": 200, "provider": { "hedge_ms": 0 } }));
    let answer = Answer::to(tried.world.chat(&tried.key, &body)).await;
    assert_eq!((provider(&answer), super::asked(&tried.world)), ("openrouter", vec!["openrouter"]));
    tried.world.settled().await;
}

#[tokio::test]
async fn a_second_one_is_asked_after_a_minute_at_the_latest() {
    let tried = Tried::start().await;
    for (hedge_ms, outcome) in [(60_000, (200, "")), (60_001, (400, "invalid_request"))] {
        let body = hello(&json!({ "max_tokens": 200, "provider": { "hedge_ms": hedge_ms } }));
        let told = Answer::to(tried.world.chat(&tried.key, &body)).await.outcome();
        assert_eq!(told, (outcome.0, outcome.1.to_owned()), "{hedge_ms}");
    }
}

#[tokio::test]
async fn whoever_is_dropped_is_asked_no_longer_on_record() {
    let tried = Tried::start().await;
    tried.behaves("openrouter", Some("hang"));
    tried.behaves("chutes", Some("slow?ms=50&chunks=40"));
    let streamed = json!({ "include_usage": true });
    tried.call(json!({ "stream": true, "stream_options": streamed, "provider": { "hedge_ms": 0 } })).await;
    let record = tried.world.newest_call().await;
    let asked = |nth: usize| record["attempts"][nth]["duration_ms"].as_i64().expect("a time");
    // The other has written for two seconds since.
    assert!(asked(0) + 1_000 < asked(1), "{record}");
}

#[tokio::test]
async fn a_client_that_leaves_when_one_has_failed_pays_for_the_prompt_of_the_other() {
    let tried = Tried::start().await;
    let world = &tried.world;
    tried.behaves("openrouter", Some("status?code=500"));
    tried.behaves("chutes", Some("hang"));
    let body = hello(&json!({ "max_tokens": 200, "provider": { "hedge_ms": 0 } }));
    // The gateway hears of the failure a moment after the provider has told it.
    for moment in [10, 100, 1_000, 10_000] {
        forget(world).await;
        // Before the first has failed, both are asked.
        let gate = world.platform.providers.control().gate();
        let call = tokio::spawn(world.chat(&tried.key, &body).send());
        certain("both at their providers", gate.wait_for(2)).await;
        gate.release();
        let both = |all: &[RecordedRequest]| all.iter().any(|one| one.ending.is_some());
        certain("the failure of the first", world.platform.providers.control().wait_for(both)).await;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        call.abort();
        world.settled().await;
        let record = world.newest_call().await;
        assert_eq!(record["outcome"], "client_left", "{record}");
        if record["provider"] == "chutes" {
            let prompt = record["prompt_tokens"].as_i64().expect("tokens");
            assert_eq!(record["cost"], json!(prompt * 2_000), "{record}");
            return;
        }
    }
    panic!("it is on record that the one was asked that had failed");
}

#[tokio::test]
async fn both_are_held_for_and_a_caller_without_the_credit_for_both_is_refused() {
    let tried = Tried::start().await;
    let world = &tried.world;
    tried.behaves("openrouter", Some("hang"));
    tried.behaves("chutes", Some("hang"));
    let held = async |hedge: Value| {
        let body = hello(&json!({ "max_tokens": 200, "provider": { "hedge_ms": hedge } }));
        let call = tokio::spawn(world.chat(&tried.key, &body).send());
        while super::asked(world).len() < if hedge.is_null() { 1 } else { 2 } {
            tokio::task::yield_now().await;
        }
        let held = world.money(tried.account).await.1;
        call.abort();
        world.settled().await;
        held
    };
    forget(world).await;
    let alone = held(json!(null)).await;
    forget(world).await;
    let both = held(json!(0)).await;
    assert!(both > alone && both < 2 * alone, "{alone}, {both}");
    // As much credit as one provider costs is none for two; with nothing to choose from, nothing more is held.
    let poor = world.account(4_000_000).await;
    let ask = async |provider: Value| {
        tried.behaves("openrouter", None);
        tried.behaves("chutes", None);
        let mut body = hello(&json!({ "max_tokens": 200, "provider": provider }));
        body["messages"][0]["content"] = json!("word ".repeat(1_000));
        let answer = Answer::to(world.chat(&poor.key, &body)).await;
        world.settled().await;
        answer
    };
    ask(json!({ "hedge_ms": 0 })).await.refused(402, "insufficient_credits");
    ask(json!({ "hedge_ms": 0, "only": ["openrouter"] })).await.success();
    // A limit that the credit chooses leaves room for both.
    let some = world.account(2_000_000).await;
    let answer = Answer::to(world.chat(&some.key, &hello(&json!({ "provider": { "hedge_ms": 60_000 } })))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    world.settled().await;
    for wrong in [json!(-1), json!(60_001), json!("now")] {
        ask(json!({ "hedge_ms": wrong })).await.refused(400, "invalid_request");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_client_that_leaves_while_two_are_asked_pays_for_both_prompts_and_nothing_stays_held() {
    let tried = Tried::start().await;
    let world = &tried.world;
    tried.behaves("openrouter", Some("hang"));
    tried.behaves("chutes", Some("hang"));
    let body = hello(&json!({ "max_tokens": 200, "provider": { "hedge_ms": 0 } }));
    let call = tokio::spawn(world.chat(&tried.key, &body).send());
    while super::asked(world).len() < 2 {
        tokio::task::yield_now().await;
    }
    call.abort();
    world.settled().await;
    let record = world.newest_call().await;
    assert_eq!((&record["outcome"], &record["provider"]), (&json!("client_left"), &json!("openrouter")), "{record}");
    let prompt = record["prompt_tokens"].as_i64().expect("tokens");
    // A nano-dollar thousand a token at the first, and twice that at the other.
    assert_eq!(record["cost"], json!(prompt * 3_000), "{record}");
    assert_eq!(world.money(tried.account).await.1, 0);
    world.assert_ledger_clean().await;
}
