//! Sessions: made, listed, changed, deleted.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

use super::{kept, read, say, session};

#[tokio::test]
async fn a_session_is_what_was_said_of_it_until_that_changes() {
    let world = World::start().await;
    let account = world.account(0).await;
    let body = json!({"title": "Trip to Åre ✈", "model": "openai/gpt-4o-mini", "metadata": {"folder": "travel"}});
    let made = Answer::to(world.post("/v1/chat/sessions", &account.key, &body)).await.success();
    assert_eq!(made["object"], "chat.session");
    for member in ["title", "model", "metadata"] {
        assert_eq!(made[member], body[member]);
    }
    assert_eq!((&made["message_count"], &made["created_at"]), (&json!(0), &made["updated_at"]));
    let path = format!("/v1/chat/sessions/{}", made["id"].as_str().expect("an id"));
    let change = |body: Value| {
        let request = world.http.patch(format!("{}{path}", world.base_url)).bearer_auth(&account.key);
        Answer::to(request.header("content-type", "application/json").body(body.to_string()))
    };
    // What is left out stays, null clears.
    let changed = change(json!({"title": "Trip to Oslo"})).await.success();
    assert_eq!((&changed["title"], &changed["metadata"]), (&json!("Trip to Oslo"), &body["metadata"]));
    let changed = change(json!({"metadata": null, "model": null})).await.success();
    assert_eq!(
        [&changed["title"], &changed["metadata"], &changed["model"]],
        [&json!("Trip to Oslo"), &Value::Null, &Value::Null]
    );
    assert_eq!(change(json!({})).await.success(), changed);
    let shown = Answer::to(world.get(&path, &account.key)).await.success();
    assert_eq!((&shown["title"], &shown["messages"]["data"]), (&changed["title"], &json!([])));
    kept(&world, &account).await;

    for (body, param) in [
        (json!({"title": ""}), "title"),
        (json!({"title": "x".repeat(201)}), "title"),
        (json!({"title": "a\nb"}), "title"),
        (json!({"model": ""}), "model"),
        (json!({"metadata": {"": "x"}}), "metadata"),
        (json!({"metadata": {"x": "y".repeat(513)}}), "metadata"),
        (
            json!({"metadata": (0..17).map(|n| (n.to_string(), "x")).collect::<std::collections::BTreeMap<_, _>>()}),
            "metadata",
        ),
    ] {
        assert_eq!(change(body.clone()).await.refused(400, "invalid_request")["param"], param, "{body}");
        let made = Answer::to(world.post("/v1/chat/sessions", &account.key, &body)).await;
        assert_eq!(made.refused(400, "invalid_request")["param"], param, "{body}");
    }
    assert_eq!(kept(&world, &account).await.0, 1);
}

#[tokio::test]
async fn sessions_are_listed_by_their_last_message_page_by_page() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:00Z").await;
    let account = world.account(0).await;
    let mut ids = Vec::new();
    for (minute, title) in ["a", "b", "c", "d", "e"].iter().enumerate() {
        world.set_clock(&format!("2027-03-17 12:{minute:02}Z")).await;
        ids.push(session(&world, &account, title).await);
    }
    world.set_clock("2027-03-17 13:00Z").await;
    say(&world, &account, &ids[1], "user", "Back again").await.success();
    let mut titles = String::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = Answer::to(world.get(&format!("/v1/chat/sessions{query}"), &account.key)).await.success();
        titles
            .extend(page["data"].as_array().expect("a page").iter().map(|one| one["title"].as_str().expect("a title")));
        assert_eq!(page["has_more"], page["next_cursor"].is_string());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(titles, "bedca");
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_every_table() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (gone, stays) = (session(&world, &account, "gone").await, session(&world, &account, "stays").await);
    for id in [&gone, &gone, &stays] {
        say(&world, &account, id, "user", "Something").await.success();
    }
    let delete = |id: &str| {
        Answer::to(world.http.delete(format!("{}/v1/chat/sessions/{id}", world.base_url)).bearer_auth(&account.key))
    };
    let answer = delete(&gone).await.success();
    assert_eq!(answer, json!({"object": "chat.session", "id": gone, "deleted": true}));
    delete(&gone).await.refused(404, "chat_session_not_found");
    read(&world, &account, &gone, "").await.refused(404, "chat_session_not_found");
    assert!(!world.is_stored(&gone).await);
    assert_eq!(kept(&world, &account).await.1, 1);
    for id in ["not-an-id", "00000000-0000-0000-0000-000000000000"] {
        delete(id).await.refused(404, "chat_session_not_found");
    }
}
