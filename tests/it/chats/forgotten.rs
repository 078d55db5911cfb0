//! What is not kept any longer: by its account's wish, in time, or with the account.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::{found, kept, read, say, session};

async fn keep_for(world: &World, account: &Account, days: Value) -> Answer {
    let request = world.http.patch(format!("{}/user/privacy", world.base_url)).bearer_auth(&account.key);
    let body = json!({ "chat_retention_days": days }).to_string();
    Answer::to(request.header("content-type", "application/json").body(body)).await
}

#[tokio::test]
async fn a_chat_goes_so_many_days_after_its_last_message_out_of_sight_at_once_and_then_for_good() {
    let world = World::start().await;
    world.set_clock("2027-03-01 12:00Z").await;
    let account = world.account(0).await;
    let (old, new) = (session(&world, &account, "old").await, session(&world, &account, "new").await);
    say(&world, &account, &old, "user", "museum, old").await.success();
    world.set_clock("2027-03-09 12:00Z").await;
    say(&world, &account, &new, "user", "museum, new").await.success();
    let privacy = Answer::to(world.get("/user/privacy", &account.key)).await.success();
    let usual =
        json!({"object": "privacy", "chat_retention_days": null, "response_retention_days": 30, "ranking": "counted"});
    assert_eq!(privacy, usual);
    assert_eq!(found(&world, &account, "museum").await.len(), 2);

    assert_eq!(keep_for(&world, &account, json!(7)).await.success()["chat_retention_days"], 7);
    assert_eq!(found(&world, &account, "museum").await, ["museum, new"]);
    read(&world, &account, &old, "").await.refused(404, "chat_session_not_found");
    say(&world, &account, &old, "user", "late").await.refused(404, "chat_session_not_found");
    let list = Answer::to(world.get("/v1/chat/sessions", &account.key)).await.success();
    assert_eq!(list["data"].as_array().expect("a page").len(), 1);
    // The refusal has undone what it cleared away; the cron job has not.
    let sweep = || Answer::to(world.get("/api/cron/retention", &world.platform.variables()["CRON_SECRET"]));
    assert_eq!(sweep().await.success()["sessions"], 1);
    assert!(!world.is_stored(&old).await);
    assert_eq!(kept(&world, &account).await.0, 1);
    assert_eq!(sweep().await.success()["sessions"], 0);

    // The next thing that is kept clears away as well.
    world.set_clock("2027-03-20 12:00Z").await;
    session(&world, &account, "third").await;
    assert!(!world.is_stored(&new).await);
    assert_eq!(kept(&world, &account).await, (1, 0, kept(&world, &account).await.2));
    keep_for(&world, &account, Value::Null).await.success();
    world.set_clock("2037-03-20 12:00Z").await;
    assert_eq!(sweep().await.success()["sessions"], 0);
}

#[tokio::test]
async fn only_a_number_of_days_is_taken_and_a_change_is_on_the_audit_trail() {
    let world = World::start().await;
    let account = world.account(0).await;
    for days in [json!(0), json!(-1), json!(3651), json!(1.5), json!("7"), json!(true)] {
        keep_for(&world, &account, days).await.refused(400, "invalid_request");
    }
    for days in [json!(30), json!(30), json!(3650), json!(null)] {
        keep_for(&world, &account, days).await.success();
    }
    let changes = "select jsonb_agg(details -> 'after' -> 'chat_retention_days' order by id)
                     from gateway.audit_logs where action = 'privacy.update'";
    assert_eq!(world.value(changes).await, json!([30, 3650, null]));
}

#[tokio::test]
async fn chats_go_with_their_account() {
    let world = World::start().await;
    let account = world.account(0).await;
    let id = session(&world, &account, "mine").await;
    say(&world, &account, &id, "user", "Hello").await.success();
    let request = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
    let request = request.header("content-type", "application/json").body(r#"{"confirmation":"DELETE_ACCOUNT"}"#);
    Answer::to(request).await.success();
    let left = "select (select count(*) from gateway.chat_sessions) + (select count(*) from gateway.chat_messages)
                     + (select count(*) from gateway.chat_accounts)";
    assert_eq!(world.value(left).await, json!(0));
}
