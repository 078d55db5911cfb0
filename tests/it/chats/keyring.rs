//! The keyring changes; chats stay readable and searchable, and are renewed.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{CREDIT, World, hello};

use super::{read, said, say, session};

#[tokio::test]
async fn chats_of_an_older_key_are_found_read_and_sealed_anew() {
    let world = World::start().await;
    let account = world.account(0).await;
    let id = session(&world, &account, "Old title").await;
    say(&world, &account, &id, "user", "An old museum").await.success();
    let ring = format!("2:{}=,{}", "Q".repeat(43), world.platform.variables()["ENCRYPTION_KEYS"]);
    let gateway = world.another_gateway_with(&[("ENCRYPTION_KEYS", &ring)]).await;
    let search = |gateway: String| {
        let request = world.http.post(format!("{gateway}/v1/chat/search")).bearer_auth(&account.key);
        let body = json!({"query": "museum"}).to_string();
        Answer::to(request.header("content-type", "application/json").body(body))
    };
    assert_eq!(said(&search(gateway.clone()).await.success()), ["An old museum"]);
    let sweep = || {
        let request = world.http.get(format!("{gateway}/api/cron/retention"));
        Answer::to(request.bearer_auth(&world.platform.variables()["CRON_SECRET"]))
    };
    assert_eq!(sweep().await.success()["renewed"], 2);
    assert_eq!(sweep().await.success()["renewed"], 0);
    // Who has only the new key reads and finds all of it, who has only the old one does not any more.
    let newest = ring.split(',').next().expect("a key").to_owned();
    let without_old = world.another_gateway_with(&[("ENCRYPTION_KEYS", &newest)]).await;
    assert_eq!(said(&search(without_old.clone()).await.success()), ["An old museum"]);
    let url = format!("{without_old}/v1/chat/sessions/{id}");
    let shown = Answer::to(world.http.get(url).bearer_auth(&account.key)).await.success();
    assert_eq!(shown["title"], "Old title");
    read(&world, &account, &id, "").await.refused(503, "not_configured");
}

#[tokio::test]
async fn a_turn_whose_history_cannot_be_read_is_refused_and_leaves_nothing_behind() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let id = session(&world, &account, "Old").await;
    say(&world, &account, &id, "user", "An old museum").await.success();
    let newest = format!("2:{}=", "Q".repeat(43));
    let without_old = world.another_gateway_with(&[("ENCRYPTION_KEYS", &newest)]).await;
    let ask = |gateway: &str| {
        let request =
            world.http.post(format!("{gateway}/v1/chat/completions?session_id={id}")).bearer_auth(&account.key);
        Answer::to(request.header("content-type", "application/json").body(hello(&json!({})).to_string()))
    };
    ask(&without_old).await.refused(503, "not_configured");
    world.settled().await;
    assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
    ask(&world.base_url).await.success();
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_title_that_was_changed_meanwhile_is_not_renewed_away() {
    let world = World::start().await;
    let account = world.account(0).await;
    let id = session(&world, &account, "Now").await;
    let renew = format!(
        r#"select public.renew_chats('{{"sessions": [{{"id": "{id}", "metadata": null,
             "title": ["before", {{"ciphertext": "stale", "version": 2}}]}}], "messages": []}}')"#
    );
    world.value(&renew).await;
    assert_eq!(read(&world, &account, &id, "").await.success()["title"], "Now");
}

#[tokio::test]
async fn however_many_come_first_that_nobody_can_read_the_others_are_renewed() {
    let world = World::start().await;
    let account = world.account(0).await;
    let id = session(&world, &account, "Old title").await;
    say(&world, &account, &id, "user", "Hi").await.success();
    // More than a round lists, in front of the one that can be read.
    world
        .sql(
            "insert into gateway.chat_messages overriding system value
               select (jsonb_populate_record(m, jsonb_build_object('id', -n, 'position', 1000 + n))).*
                 from gateway.chat_messages m, generate_series(1, 1201) n;
             update gateway.chat_messages set content = row ('lost', 1)::gateway.sealed_text where id < 0",
        )
        .await;
    let ring = format!("2:{}=,{}", "Q".repeat(43), world.platform.variables()["ENCRYPTION_KEYS"]);
    let gateway = world.another_gateway_with(&[("ENCRYPTION_KEYS", &ring)]).await;
    let request = world.http.get(format!("{gateway}/api/cron/retention"));
    let swept = Answer::to(request.bearer_auth(&world.platform.variables()["CRON_SECRET"])).await.success();
    assert_eq!(swept["renewed"], 2, "the title, and the message");
}

#[tokio::test]
async fn a_message_that_nobody_can_read_any_more_keeps_no_other_from_being_renewed() {
    let world = World::start().await;
    let account = world.account(0).await;
    let id = session(&world, &account, "Old title").await;
    for text in ["lost", "kept"] {
        say(&world, &account, &id, "user", text).await.success();
    }
    world
        .sql("update gateway.chat_messages set content = row ('lost', 1)::gateway.sealed_text where position = 0")
        .await;
    let ring = format!("2:{}=,{}", "Q".repeat(43), world.platform.variables()["ENCRYPTION_KEYS"]);
    let gateway = world.another_gateway_with(&[("ENCRYPTION_KEYS", &ring)]).await;
    let request = world.http.get(format!("{gateway}/api/cron/retention"));
    let swept = Answer::to(request.bearer_auth(&world.platform.variables()["CRON_SECRET"])).await.success();
    // The title and the message that can be read.
    assert_eq!(swept["renewed"], 2);
    let versions = "select jsonb_agg((content).version order by position) from gateway.chat_messages";
    assert_eq!(world.value(versions).await, json!([1, 2]));
}
