//! Messages: put there, read, found, handed out.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

use super::{found, kept, read, said, say, session};

#[tokio::test]
async fn messages_are_kept_to_the_letter_and_read_in_their_order() {
    let world = World::start().await;
    let account = world.account(0).await;
    let id = session(&world, &account, "Tools").await;
    let messages = [
        json!({"role": "system", "content": "Be brief."}),
        json!({"role": "user", "content": [{"type": "text", "text": "Where?"},
               {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}),
        json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function",
               "function": {"name": "look", "arguments": "{\"a\": 1.50}"}}]}),
        json!({"role": "tool", "tool_call_id": "c1", "content": "Oslo"}),
        json!({"role": "assistant", "content": "In Oslo.", "provider_field": {"kept": 1e2}}),
    ];
    for (position, message) in messages.iter().enumerate() {
        let kept =
            Answer::to(world.post(&format!("/v1/chat/sessions/{id}/messages"), &account.key, message)).await.success();
        assert_eq!((&kept["position"], &kept["call_id"]), (&json!(position), &Value::Null));
        assert_eq!(&kept["message"], message);
    }
    let (mut all, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = read(&world, &account, &id, &query).await.success()["messages"].clone();
        all.extend(page["data"].as_array().expect("a page").iter().map(|one| one["message"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(all, messages);
    let shown = read(&world, &account, &id, "").await.success();
    assert_eq!(shown["message_count"], 5);
    let stored = "select jsonb_agg(jsonb_build_array(images, modalities) order by position) from gateway.chat_messages";
    assert_eq!(world.value(stored).await[1], json!([1, ["image"]]));
    kept(&world, &account).await;
}

#[tokio::test]
async fn what_is_no_message_is_refused_by_its_member() {
    let world = World::start().await;
    let account = world.account(0).await;
    let id = session(&world, &account, "Strict").await;
    for (body, param) in [
        (json!({}), json!("role")),
        (json!({"content": "Hi"}), json!("role")),
        (json!({"role": 7, "content": "Hi"}), json!("role")),
        (json!({"role": "user", "content": 7}), json!("content")),
        (json!({"role": "user", "content": [{"type": "hologram"}]}), json!("content")),
        (json!("Hi"), json!("role")),
    ] {
        let answer = Answer::to(world.post(&format!("/v1/chat/sessions/{id}/messages"), &account.key, &body)).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], param, "{body}");
    }
    let twice = world.http.post(format!("{}/v1/chat/sessions/{id}/messages", world.base_url)).bearer_auth(&account.key);
    let twice = twice.header("content-type", "application/json").body(r#"{"role":"user","content":"a","content":"b"}"#);
    Answer::to(twice).await.refused(400, "invalid_request");
    assert_eq!(kept(&world, &account).await.1, 0);
}

#[tokio::test]
async fn messages_are_found_by_their_words_and_nobody_elses_are() {
    let world = World::start().await;
    let (account, other) = (world.account(0).await, world.account(0).await);
    let (first, second) = (session(&world, &account, "1").await, session(&world, &account, "2").await);
    let foreign = session(&world, &other, "3").await;
    for (who, id, text) in [
        (&account, &first, "The museum opens at nine."),
        (&account, &second, "Which Museum, the one in Oslo?"),
        (&account, &second, "天気はどう"),
        (&other, &foreign, "Our museum in Oslo is secret."),
    ] {
        say(&world, who, id, "user", text).await.success();
    }
    assert_eq!(
        found(&world, &account, "museum").await,
        ["Which Museum, the one in Oslo?", "The museum opens at nine."]
    );
    assert_eq!(found(&world, &account, "OSLO museum").await, ["Which Museum, the one in Oslo?"]);
    assert_eq!(found(&world, &account, "天").await, ["天気はどう"]);
    assert_eq!(found(&world, &account, "muse").await, Vec::<String>::new());
    assert_eq!(found(&world, &account, "secret").await, Vec::<String>::new());
    let body = json!({"query": "museum", "session_id": first});
    let only = Answer::to(world.post("/v1/chat/search", &account.key, &body)).await.success();
    assert_eq!(said(&only), ["The museum opens at nine."]);
    let page = Answer::to(world.post("/v1/chat/search", &account.key, &json!({"query": "museum", "limit": 1})))
        .await
        .success();
    let body = json!({"query": "museum", "limit": 1, "cursor": page["next_cursor"]});
    let next = Answer::to(world.post("/v1/chat/search", &account.key, &body)).await.success();
    assert_eq!((said(&next), &next["has_more"]), (vec!["The museum opens at nine.".to_owned()], &json!(false)));
    for nothing in ["", "…"] {
        assert_eq!(found(&world, &account, nothing).await, Vec::<String>::new());
    }
    for (body, param) in [
        (json!({"query": "x".repeat(501)}), "query"),
        (json!({"query": "x", "limit": 0}), "limit"),
        (json!({"query": "x", "limit": -1}), "limit"),
        (json!({"query": "x", "cursor": "x"}), "cursor"),
    ] {
        let answer = Answer::to(world.post("/v1/chat/search", &account.key, &body)).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], param, "{body}");
    }
}

#[tokio::test]
async fn an_export_holds_everything_however_long_it_is() {
    let world = World::start().await;
    let account = world.account(0).await;
    let id = session(&world, &account, "Long").await;
    say(&world, &account, &id, "user", "message 0").await.success();
    // The same message a thousand times more, which is three pages of an export.
    world
        .sql(&format!(
            "insert into gateway.chat_messages
               (session_id, account_id, position, role, content, terms, bound, tokens, images, modalities, created_at)
             select session_id, account_id, n, role, content, terms, bound, tokens, images, modalities, created_at
             from gateway.chat_messages, generate_series(1, 1000) as n where session_id = '{id}'"
        ))
        .await;
    let path = format!("/v1/chat/sessions/{id}/export");
    let answer = Answer::to(world.get(&path, &account.key)).await;
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"chat-{id}.json\""));
    let export = answer.success();
    assert_eq!((&export["session"]["title"], export["session"]["messages"].is_null()), (&json!("Long"), true));
    let positions: Vec<i64> = export["messages"]
        .as_array()
        .expect("all")
        .iter()
        .map(|one| one["position"].as_i64().expect("a place"))
        .collect();
    assert_eq!(positions, (0..=1000).collect::<Vec<_>>());
    let text = Answer::to(world.get(&format!("{path}?format=markdown"), &account.key)).await;
    assert_eq!(text.status, 200);
    assert!(text.text.starts_with("# Long\n\n## user, "), "{}", text.text);
    assert_eq!(text.text.matches("message 0").count(), 1001);
}
