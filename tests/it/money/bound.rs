//! The hold bounds the cost: whatever a provider answers within the limit it was sent, the charge is within the hold.

use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::wire::{WIRES, Wire, forms};
use tests::world::{MODEL, Route, World, hello, nanos, send};

const MUCH: i64 = 1_000_000_000_000;
/// Reports the dearest usage that obeys the limit, with a tokenizer that makes a token of every byte.
const WORST: &str = "standin/bytes?image=1000";

/// The texts that tokenizers like least.
fn hostile_texts() -> [(&'static str, String); 4] {
    [
        ("digits", "9182736450".repeat(300)),
        ("punctuation", "}{)(;:,.!?«»…—".repeat(200)),
        ("rare scripts", "𓀀𓂀ꙮ༄ᚠ꧁".repeat(200)),
        ("escapes", "\u{1}\n\t\"\\".repeat(300)),
    ]
}

/// What costs more than a text seems to, by what each format can ask.
fn hostile_members(wire: &Wire) -> Vec<(&'static str, Value)> {
    let image = json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", "iVBORw0K".repeat(4000))}});
    let wide = json!({"type": "object", "required": [], "properties": (0..200)
        .map(|i| (format!("property_{i}"), json!({"type": "string", "description": "°".repeat(30)})))
        .collect::<serde_json::Map<_, _>>()});
    // Anthropic takes no message that says nothing.
    let said = if wire.upstream() == Format::Messages { "9" } else { "" };
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": wide}});
    let mut members = if wire.has_choices() { vec![("eight choices", json!({"n": 8}))] } else { Vec::new() };
    match (wire.format, wire.upstream()) {
        (Format::Chat, _) => members.extend([
            (
                "images",
                json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "?"}, image, image]}]}),
            ),
            ("tools", json!({"tools": [tool("a"), tool("b")]})),
            ("a small tool", json!({"tools": [{"type": "function", "function": {"name": "f"}}]})),
            (
                "schema",
                json!({"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": wide}}}),
            ),
            ("many messages", json!({"messages": vec![json!({"role": "user", "content": said}); 200]})),
            (
                "names and calls",
                json!({"messages": [
                {"role": "user", "name": "somebody", "content": "x"},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 12345678}"}}]},
                {"role": "tool", "tool_call_id": "c", "content": "77"}]}),
            ),
        ]),
        (Format::Completions, Format::Completions) => members.extend([
            ("many prompts", json!({"prompt": vec!["9182736450"; 100], "n": 2})),
            ("token ids", json!({"prompt": vec![7; 2_000]})),
            ("lists of token ids", json!({"prompt": vec![vec![7; 20]; 100]})),
            ("a suffix", json!({"suffix": "9182736450".repeat(300)})),
            ("the best of eight", json!({"best_of": 8, "n": 2, "stream": false})),
        ]),
        (Format::Messages, _) => {
            let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K".repeat(4000)}});
            let tool = |name: &str| json!({"name": name, "input_schema": wide});
            let messages = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
            members.extend([
                ("images", messages(json!([{"type": "text", "text": "?"}, image, image]))),
                ("tools", json!({"tools": [tool("a"), tool("b")]})),
                ("a small tool", json!({"tools": [{"name": "f", "input_schema": {"type": "object"}}]})),
                ("schema", json!({"output_config": {"format": {"type": "json_schema", "schema": wide}}})),
                ("a system prompt", json!({"system": [{"type": "text", "text": "9182736450".repeat(300)}]})),
                ("a document", messages(json!([{"type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "9182736450".repeat(300)}}]))),
                ("many messages", json!({"messages": vec![json!({"role": "user", "content": "9"}); 200]})),
                ("calls and results", json!({"messages": [
                    {"role": "user", "content": "x"},
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {"a": 12_345_678}}]},
                    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "77"}]}]})),
            ]);
        }
        (Format::Responses, _) => {
            let image = json!({"type": "input_image", "image_url": format!("data:image/png;base64,{}", "iVBORw0K".repeat(4000))});
            let tool = |name: &str| json!({"type": "function", "name": name, "parameters": wide});
            let mut instructions = vec![json!({"role": "developer", "content": "9"}); 200];
            instructions.insert(0, json!({"role": "user", "content": "9"}));
            let input = |content: Value| json!({"input": [{"role": "user", "content": content}]});
            members.extend([
                ("images", input(json!([{"type": "input_text", "text": "?"}, image, image]))),
                ("tools", json!({"tools": [tool("a"), tool("b")]})),
                ("a small tool", json!({"tools": [{"type": "function", "name": "f", "parameters": {}}]})),
                ("a custom tool", json!({"tools": [{"type": "custom", "name": "f",
                    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /9+/"}}]})),
                ("tools within the input", json!({"input": [{"role": "user", "content": "9"},
                    {"type": "additional_tools", "role": "developer", "tools": [
                        {"type": "namespace", "name": "n", "tools": [tool("a"), {"type": "custom", "name": "b"}]}]}]})),
                ("schema", json!({"text": {"format": {"type": "json_schema", "name": "s", "schema": wide}}})),
                ("instructions", json!({"instructions": "9182736450".repeat(300)})),
                ("many messages", json!({"input": vec![json!({"role": "user", "content": "9"}); 200]})),
                ("many instructions", json!({ "input": instructions })),
                ("calls and results", json!({"input": [
                    {"role": "user", "content": "x"},
                    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\": 12345678}"},
                    {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "9182736450"},
                    {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "77"}, image]},
                    {"type": "custom_tool_call_output", "call_id": "d", "output": "77"}]})),
            ]);
        }
        // Over chat there is one text, and nothing to choose from.
        (_, _) => {}
    }
    members
}

/// The dearest answer to each hostile prompt costs at most its hold.
async fn assert_bounded(world: &World, wire: &Wire) {
    world.model(MODEL, &[Route::new(wire.provider, WORST), Route::new("chutes", WORST)]).await;
    let account = world.account(MUCH).await;
    let texts = hostile_texts().map(|(what, text)| (what, wire.say(&text, &json!({}))));
    let members = hostile_members(wire).into_iter().map(|(what, members)| (what, wire.hello(&members)));
    for (what, prompt) in texts.into_iter().chain(members) {
        for limit in limits(wire) {
            let mut body = prompt.clone();
            for (name, value) in limit.as_object().expect("an object") {
                // What cannot be streamed says so itself.
                body.as_object_mut().expect("an object").entry(name).or_insert(value.clone());
            }
            let answer = Answer::to(world.call(wire, &account.key, &body)).await;
            assert_eq!(answer.status, 200, "{}, {what}: {}", wire.name, answer.text);
            world.settled().await;
            let last = world
                .value("select jsonb_build_array(held, cost, estimated) from gateway.requests order by call_id desc limit 1")
                .await;
            let (held, cost) = (last[0].as_i64().expect("held"), last[1].as_i64().expect("cost"));
            assert!(0 < cost && cost <= held, "{}, {what} {limit}: charged {cost} of a hold of {held}", wire.name);
            assert_eq!(last[2], json!(false));
        }
    }
    let (_, held, debt) = world.money(account.id).await;
    assert_eq!((held, debt), (0, 0));
}

fn limits(wire: &Wire) -> [Value; 3] {
    let newest = if wire.format == Format::Chat { "max_completion_tokens" } else { wire.limit() };
    [json!({}), json!({wire.limit(): 300}), json!({newest: 1, "stream": true})]
}

#[tokio::test]
async fn the_dearest_answer_to_a_hostile_prompt_costs_at_most_the_hold() {
    let world = World::start().await;
    for wire in &WIRES {
        assert_bounded(&world, wire).await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_output_that_the_balance_just_covers_is_served_and_one_token_more_is_not() {
    let world = World::start().await;
    for (wire, stream) in forms() {
        world.serves(wire, WORST).await;
        // The prompt's bound is 21 tokens, of 1 000 nano-dollars each; a token of output is 2 000.
        let credit = 21_000 + 300 * 2_000;
        let account = world.account(credit).await;
        let refused =
            Answer::to(world.call(wire, &account.key, &wire.hello(&json!({"max_tokens": 309, "stream": stream}))))
                .await;
        refused.refused(402, "insufficient_credits");
        assert_eq!(world.money(account.id).await, (credit, 0, 0), "{}", wire.name);
        let body = wire.hello(&json!({"max_tokens": 300, "stream": stream}));
        assert_eq!(Answer::to(world.call(wire, &account.key, &body)).await.status, 200, "{}", wire.name);
        world.settled().await;
        let (balance, held, debt) = world.money(account.id).await;
        assert!((0..=21_000).contains(&balance) && held == 0 && debt == 0, "{}: {balance} {held} {debt}", wire.name);
    }
    world.assert_ledger_clean().await;
}

/// Chat's alone: a text completion that says nothing has a limit of its own.
#[tokio::test]
async fn a_small_balance_buys_what_it_can_and_not_more() {
    let world = World::start().await;
    world.model(MODEL, &[Route::new("openrouter", WORST)]).await;
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
    for (wire, stream) in forms() {
        world.serves(wire, "standin/normal").await;
        let account = world.account(2_000_000).await;
        // 4 000 bytes, but far fewer tokens: by its bytes it would not fit beside the smallest answer.
        let body = wire.say(&"hello world ".repeat(333), &json!({"max_tokens": 10, "stream": stream}));
        assert_eq!(Answer::to(world.call(wire, &account.key, &body)).await.status, 200, "{}", wire.name);
        world.settled().await;
        let (balance, _, debt) = world.money(account.id).await;
        assert!(balance > 0 && debt == 0, "{}", wire.name);
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_free_model_needs_no_credit() {
    let world = World::start().await;
    for wire in &WIRES {
        let free = Route { prompt: 0, cached: 0, completion: 0, ..Route::new(wire.provider, "standin/normal") };
        world.model("test/free", &[free]).await;
        let account = world.account(0).await;
        let body = wire.hello(&json!({"model": "test/free"}));
        let answer = Answer::to(world.call(wire, &account.key, &body)).await.success();
        assert_eq!(nanos(&wire.usage(&answer)["cost"]), 0);
        world.settled().await;
        assert_eq!(world.money(account.id).await, (0, 0, 0));
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_costs_nothing_needs_nothing_of_what_the_key_may_spend() {
    let world = World::start().await;
    for wire in &WIRES {
        let free = Route { prompt: 0, cached: 0, completion: 0, ..Route::new(wire.provider, "standin/normal") };
        world.model("test/free", &[free]).await;
        world.serves(wire, "standin/normal").await;
        let account = world.account(MUCH).await;
        let used_up = "update gateway.api_keys set spend_limit = 1000, spent = 1000, spend_period = 'month' where id";
        world.sql(&format!("{used_up} = '{}'", account.key_id)).await;
        let body = wire.hello(&json!({"model": "test/free"}));
        assert_eq!(Answer::to(world.call(wire, &account.key, &body)).await.status, 200, "{}", wire.name);
        let priced = Answer::to(world.call(wire, &account.key, &wire.hello(&json!({})))).await;
        priced.refused(402, "spend_limit_reached");
        world.settled().await;
    }
}
