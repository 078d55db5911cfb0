//! What is said in a call is in its trace only where the call's key lets it be.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::receiver::attribute;
use tests::world::{Account, Route, World, hello};

use super::traced;

const SAID: &str = "the fox of the seventh hill";

async fn set(world: &World, account: &Account, on: Value) -> Answer {
    let url = format!("{}/user/api-keys/{}", world.base_url, account.key_id);
    let request = world.http.patch(url).bearer_auth(&account.key).header("content-type", "application/json");
    Answer::to(request.body(json!({ "trace_content": on }).to_string())).await
}

fn messages(root: &Value, name: &str) -> Value {
    serde_json::from_str(attribute(root, name).as_str().unwrap_or("null")).expect("JSON")
}

#[tokio::test]
async fn what_is_said_is_in_a_trace_only_while_the_key_says_so() {
    let (world, receiver) = traced(&[]).await;
    let account = world.account(1_000_000_000).await;
    let other = world.another_key(&account, "{inference}").await;
    let chat = json!([{"role": "system", "content": "Be short."}, {"role": "user", "content": SAID}]);
    let calls = async |key: &Account| {
        for stream in [false, true] {
            let body = hello(&json!({"messages": chat, "stream": stream}));
            for (path, body) in [
                ("/v1/chat/completions", body),
                (
                    "/v1/messages",
                    json!({"model": tests::world::MODEL, "max_tokens": 50, "stream": stream, "system": "Be short.",
                                        "messages": [{"role": "user", "content": SAID}]}),
                ),
                (
                    "/v1/responses",
                    json!({"model": tests::world::MODEL, "input": SAID, "instructions": "Be short.",
                                         "stream": stream, "store": false}),
                ),
                (
                    "/v1/completions",
                    json!({"model": tests::world::MODEL, "prompt": SAID, "stream": stream, "max_tokens": 50}),
                ),
            ] {
                let answer = Answer::to(world.post(path, &key.key, &body)).await;
                assert_eq!(answer.status, 200, "{path} {}", answer.text);
            }
        }
        world.settled().await;
    };
    // Never by default, whatever another key of the account says.
    set(&world, &other, json!(true)).await.refused(403, "insufficient_scope");
    calls(&account).await;
    for trace in receiver.until(8).await {
        let body = trace.body.to_string();
        assert!(
            !body.contains("fox") && !body.contains("Be short") && !body.contains("gen_ai.input.messages"),
            "{body}"
        );
    }
    // Nor of a call that is no usual one, which is begun another way.
    world.change_account(&account, "has_end_users = true").await;
    let shown = set(&world, &account, json!(true)).await.success();
    assert_eq!(shown["trace_content"], true);
    calls(&other).await;
    for trace in &receiver.until(16).await[8..] {
        assert!(!trace.body.to_string().contains("fox"), "another key of the account is not asked");
    }
    calls(&account).await;
    let told = receiver.until(24).await;
    for trace in &told[16..] {
        let root = &trace.spans[0];
        let input = messages(root, "gen_ai.input.messages");
        assert!(input.to_string().contains(SAID), "{root}");
        if input.as_array().map(Vec::len) == Some(2) {
            assert_eq!(input[0]["parts"][0]["content"], "Be short.", "{input}");
            assert_eq!(input[1], json!({"role": "user", "parts": [{"type": "text", "content": SAID}]}));
        }
        let output = messages(root, "gen_ai.output.messages");
        let parts = output[0]["parts"].as_array().unwrap_or_else(|| panic!("{root}"));
        assert_eq!((&output[0]["role"], parts.len()), (&json!("assistant"), 1), "{output}");
        assert!(parts[0]["content"].as_str().is_some_and(|text| !text.is_empty()), "{output}");
        assert_eq!(output[0]["finish_reason"], "stop", "{output}");
        // In the call's span alone: those of providers and stores have none.
        for part in &trace.spans[1..] {
            assert!(!part.to_string().contains("fox"), "{part}");
        }
    }
    // It is taken back with the next call.
    set(&world, &account, json!(false)).await.success();
    calls(&account).await;
    for trace in &receiver.until(32).await[24..] {
        assert!(!trace.body.to_string().contains("fox"));
    }
    // Who did it is on record; and nothing of what was said is stored by it.
    let audited = "select jsonb_agg(details -> 'after' -> 'trace_content' order by id) from gateway.audit_logs where action = 'key.update'";
    assert_eq!(world.value(audited).await, json!([true, false]));
    assert!(!world.is_stored("seventh hill").await);
}

#[tokio::test]
async fn much_is_cut_pictures_and_keys_are_left_out_and_a_failure_has_no_answer() {
    let (world, receiver) = traced(&[]).await;
    let account = world.account(1_000_000_000).await;
    world.model("test/fails", &[Route::new("chutes", "standin/status?code=500")]).await;
    set(&world, &account, json!(true)).await.success();
    let long = "word ".repeat(20_000);
    let picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";
    let body = hello(&json!({"messages": [
        {"role": "user", "content": format!("long ago {long}")},
        {"role": "user", "content": format!("My key is {}, {SAID}", account.key)}]}));
    // A trace comes when it comes: each before the next call.
    Answer::to(world.chat(&account.key, &body)).await.success();
    receiver.until(1).await;
    let seeing = hello(&json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": SAID}, {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{picture}")}}]}]}));
    Answer::to(world.chat(&account.key, &seeing)).await.success();
    receiver.until(2).await;
    let failing = hello(&json!({"model": "test/fails", "messages": [{"role": "user", "content": SAID}]}));
    assert!(Answer::to(world.chat(&account.key, &failing)).await.status >= 500);
    world.settled().await;
    let told = receiver.until(3).await;
    let text = told[0].body.to_string();
    assert!(text.len() < 48 * 1024 && text.contains(SAID) && text.contains("gw_live_…"), "{}", text.len());
    assert!(!text.contains(&account.key) && !text.contains(&account.key[10..]));
    assert!(!told[1].body.to_string().contains(&picture[..20]));
    let parts = messages(&told[1].spans[0], "gen_ai.input.messages")[0]["parts"].clone();
    assert_eq!(parts, json!([{"type": "text", "content": SAID}, {"type": "image_url"}]));
    assert_eq!(messages(&told[2].spans[0], "gen_ai.output.messages"), Value::Null);
    assert!(told[2].body.to_string().contains(SAID));
    world.assert_ledger_clean().await;
}
