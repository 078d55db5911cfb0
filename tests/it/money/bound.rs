//! The hold bounds the cost: whatever a provider answers within the limit it was sent, the charge is within the hold.

use serde_json::{Value, json};
use tests::world::{Route, World, hello, nanos, send};

const CREDIT: i64 = 1_000_000_000_000;
/// Reports the dearest usage that obeys the limit, with a tokenizer that makes a token of every byte.
const WORST: &str = "standin/bytes?image=1000";

/// The prompts that tokenizers like least.
fn hostile_prompts() -> Vec<(&'static str, Value)> {
    let image = json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", "iVBORw0K".repeat(4000))}});
    let wide = json!({"type": "object", "required": [], "properties": (0..200)
        .map(|i| (format!("property_{i}"), json!({"type": "string", "description": "°".repeat(30)})))
        .collect::<serde_json::Map<_, _>>()});
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": wide}});
    let text = |text: String| json!({"messages": [{"role": "user", "content": text}]});
    vec![
        ("digits", text("9182736450".repeat(300))),
        ("punctuation", text("}{)(;:,.!?«»…—".repeat(200))),
        ("rare scripts", text("𓀀𓂀ꙮ༄ᚠ꧁".repeat(200))),
        ("escapes", text("\u{1}\n\t\"\\".repeat(300))),
        ("images", json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "?"}, image, image]}]})),
        ("tools", json!({"tools": [tool("a"), tool("b")]})),
        ("schema", json!({"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": wide}}})),
        ("eight choices", json!({"n": 8})),
        ("many messages", json!({"messages": vec![json!({"role": "user", "content": ""}); 200]})),
        (
            "names and calls",
            json!({"messages": [
            {"role": "user", "name": "somebody", "content": "x"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 12345678}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "77"}]}),
        ),
    ]
}

#[tokio::test]
async fn the_dearest_answer_to_a_hostile_prompt_costs_at_most_the_hold() {
    let world = World::start().await;
    world.model(tests::world::MODEL, &[Route::new("openrouter", WORST), Route::new("chutes", WORST)]).await;
    let account = world.account(CREDIT).await;
    for (what, prompt) in hostile_prompts() {
        for limit in [json!({}), json!({"max_tokens": 300}), json!({"max_completion_tokens": 1, "stream": true})] {
            let mut body = hello(&prompt);
            body.as_object_mut().expect("an object").extend(limit.as_object().expect("an object").clone());
            let response = send(world.chat(&account.key, &body)).await;
            let status = response.status();
            let text = response.text().await.expect("a body");
            assert_eq!(status, 200, "{what}: {text}");
            world.settled().await;
            let last = world
                .value("select jsonb_build_array(held, cost, estimated) from gateway.requests order by call_id desc limit 1")
                .await;
            let (held, cost) = (last[0].as_i64().expect("held"), last[1].as_i64().expect("cost"));
            assert!(0 < cost && cost <= held, "{what} {limit}: charged {cost} of a hold of {held}");
            assert_eq!(last[2], json!(false));
        }
    }
    let (_, held, debt) = world.money(account.id).await;
    assert_eq!((held, debt), (0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_small_balance_buys_what_it_can_and_not_more() {
    let world = World::start().await;
    world.model(tests::world::MODEL, &[Route::new("openrouter", WORST)]).await;
    // The prompt's bound is 21 tokens, of 1 000 nano-dollars each; a token of output is 2 000.
    let account = world.account(21_000 + 300 * 2_000).await;
    let answer = world.completion(&account.key, &hello(&json!({}))).await;
    assert_eq!(answer["usage"]["completion_tokens"], 300);
    world.settled().await;
    let (balance, ..) = world.money(account.id).await;
    assert_eq!(balance, 21_000 + 600_000 - nanos(&answer["usage"]["cost"]));
    assert!(balance >= 0);

    // Refused only after a real count: Hello and its line end are two tokens, of which others may make three.
    let poor = world.account(19_000 + 255 * 2_000).await;
    let (status, refusal) = tests::world::read(send(world.chat(&poor.key, &hello(&json!({})))).await).await;
    assert_eq!((status, &refusal["error"]["code"]), (402, &json!("insufficient_credits")));
    assert_eq!(nanos(&refusal["error"]["required"]), 19_000 + 256 * 2_000);
    assert_eq!(nanos(&refusal["error"]["available"]), 19_000 + 255 * 2_000);
}

#[tokio::test]
async fn a_prompt_is_counted_for_real_before_it_is_refused() {
    let world = World::start().await;
    let account = world.account(2_000_000).await;
    // 4 000 bytes, but far fewer tokens: by its bytes it would not fit beside the smallest answer.
    let prompt = "hello world ".repeat(333);
    let body = hello(&json!({"messages": [{"role": "user", "content": prompt}], "max_tokens": 10}));
    world.completion(&account.key, &body).await;
    world.settled().await;
    world.assert_ledger_clean().await;
    let (balance, _, debt) = world.money(account.id).await;
    assert!(balance > 0 && debt == 0);
}

#[tokio::test]
async fn a_free_model_needs_no_credit() {
    let world = World::start().await;
    let free = Route { prompt: 0, cached: 0, completion: 0, ..Route::new("openrouter", "standin/normal") };
    world.model("test/free", &[free]).await;
    let account = world.account(0).await;
    let answer = world.completion(&account.key, &hello(&json!({"model": "test/free"}))).await;
    assert_eq!(nanos(&answer["usage"]["cost"]), 0);
    world.settled().await;
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    world.assert_ledger_clean().await;
}
