//! An agent's first request is larger than what most people write in a day: whoever has just signed in can run one, and whoever
//! cannot is told by which limit, of which plan, and what raises it.

use serde_json::{Value, json};
use tests::world::{Account, World};

use super::{Answer, call_at, chat, limited, world};

/// What coding agents send first, in bytes, and the answer that they leave room for.
const FIRST_REQUEST: usize = 86_000;

async fn agent_asks(world: &World, account: &Account) -> Answer {
    let body = chat().say(&"a word ".repeat(FIRST_REQUEST / 7), &json!({ "max_tokens": 32_000 }));
    let answer = call_at(chat(), world, &world.base_url, &account.key, &body).await;
    world.settled().await;
    answer
}

#[tokio::test]
async fn whoever_is_on_a_trial_can_run_an_agent() {
    let world = world().await;
    world.serves(chat(), "standin/usage?prompt=20000&cached=0&completion=500&reasoning=0").await;
    let account = limited(&world, json!({})).await;
    world.change_account(&account, "rate_limits = '{}', plan = null, has_purchased = false").await;
    world
        .change_account(&account, "trial_ends_at = gateway.now() + interval '1 day', trial_requests_left = 1000")
        .await;
    // An agent makes its turns one after the other, and some at once.
    for turn in 0..8 {
        let answer = agent_asks(&world, &account).await;
        assert_eq!(answer.status, 200, "{turn}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_refusal_names_the_limit_the_plan_and_what_raises_it() {
    let world = world().await;
    world.serves(chat(), "standin/usage?prompt=20000&cached=0&completion=500&reasoning=0").await;
    let account = limited(&world, json!({})).await;
    let said = |answer: &Answer| {
        let error: &Value = &answer.refused(429, "rate_limit_exceeded");
        error["message"].as_str().expect("a message").to_owned()
    };
    world.change_account(&account, "rate_limits = '{}', plan = null, has_purchased = false").await;
    // The first one is let into an empty window, however large it is.
    assert_eq!(agent_asks(&world, &account).await.status, 200);
    let message = said(&agent_asks(&world, &account).await);
    for part in ["tokens per minute", "20000", "`free`", "retry-after", "Credit that is bought"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    // Agents would take it for a prompt that is too long.
    assert!(!message.to_lowercase().contains("too many tokens"), "{message}");

    world.change_account(&account, "plan = 'dev'").await;
    world.change_key(&account, "rate_limits = '{\"tokens_per_minute\": 5000}'").await;
    let message = said(&agent_asks(&world, &account).await);
    for part in ["tokens per minute", "this key has 5000", "200000", "`dev`", "retry-after"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}
