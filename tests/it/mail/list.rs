//! One list of kinds: what the database tells, what may be switched off, and what is documented agree with it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::mail::KINDS;
use tests::answer::Answer;
use tests::world::World;

use super::{cron, last, queue, told};

#[tokio::test]
async fn the_database_knows_each_kind_and_which_may_be_switched_off() {
    let world = World::start().await;
    let optional = world.value("select to_jsonb(gateway.optional_mail())").await;
    let expected: BTreeSet<&str> = KINDS.iter().filter(|kind| kind.optional).map(|kind| kind.name).collect();
    let known: BTreeSet<&str> = optional.as_array().expect("kinds").iter().filter_map(Value::as_str).collect();
    assert_eq!(known, expected);
    // Each is told by some function.
    let functions = world
        .value("select to_jsonb(string_agg(prosrc, ' ')) from pg_proc where pronamespace in ('gateway'::regnamespace, 'public'::regnamespace)")
        .await;
    for kind in KINDS {
        // A test is named by its caller.
        let told = functions.as_str().is_some_and(|text| text.contains(&format!("'{}'", kind.name)));
        assert!(told || kind.name == "test", "nobody tells of {}", kind.name);
    }
}

#[tokio::test]
async fn each_kind_that_may_be_switched_off_is_and_no_other() {
    let world = World::start().await;
    let account = world.account(0).await;
    let change = async |body: Value| {
        let request = world.http.patch(format!("{}/user/notifications/preferences", world.base_url));
        Answer::to(request.bearer_auth(&account.key).header("content-type", "application/json").body(body.to_string()))
            .await
    };
    for kind in KINDS {
        let answer = change(json!({ kind.name: false })).await;
        if kind.optional {
            assert_eq!(answer.success()["kinds"][kind.name], false);
        } else {
            assert_eq!(answer.refused(400, "unknown_field")["param"], kind.name);
        }
        queue(&world, &account, kind.name, r#"{"at": "2026-11-28T12:00:00Z"}"#).await;
        assert_eq!(told(&world, &account, kind.name).await.is_empty(), kind.optional, "{}", kind.name);
    }
}

#[tokio::test]
async fn what_has_no_words_fails_by_itself_and_keeps_nothing_back() {
    let world = World::start().await;
    let account = world.account(0).await;
    queue(&world, &account, "unheard_of", "{}").await;
    queue(&world, &account, "test", r#"{"at": "2026-11-28T12:00:00Z"}"#).await;
    assert_eq!(cron(&world).await, json!({"sent": 1, "failed": 1, "waiting": 0}));
    assert!(last(&world).subject.starts_with("A test"));
}
