//! Keys and sign-ins are told of, gathered, and no mail holds a key.

use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

use super::{cron, last, sent, told};

#[tokio::test]
async fn keys_and_sign_ins_are_told_of_and_no_mail_holds_a_key() {
    let world = World::start().await;
    let account = world.account(0).await;
    world.change_account(&account, "created_at = created_at - interval '1 year'").await;
    let made = Answer::to(world.post("/user/api-keys", &account.key, &json!({"name": "<b>CI</b>"}))).await.success();
    let rotated = format!("/user/api-keys/{}/rotate", made["id"].as_str().expect("an id"));
    let rotated = Answer::to(world.post(&rotated, &account.key, &json!({}))).await.success();
    sent(&world).await;
    let mails = world.platform.mailbox.messages();
    assert_eq!(mails.len(), 2, "without the cron job");
    let said = format!("{mails:?}");
    for key in [&made["api_key"], &rotated["api_key"]] {
        assert!(!said.contains(key.as_str().expect("a key")));
    }
    assert!(
        mails[0].html.as_ref().is_some_and(|html| html.contains("&#60;b&#62;CI") && !html.contains("<b>CI")),
        "{said}"
    );
}

#[tokio::test]
async fn a_hundred_keys_that_are_rotated_are_two_mails_and_name_the_first_of_them() {
    let world = World::start().await;
    let account = world.account(0).await;
    world.change_account(&account, "created_at = created_at - interval '1 year'").await;
    for _ in 1..60 {
        world.another_key(&account, "*").await;
    }
    let body = json!({"environment": "live", "grace_period_hours": 24});
    let rotated = Answer::to(world.post("/user/api-keys/rotate", &account.key, &body)).await.success();
    sent(&world).await;
    let first = told(&world, &account, "key_rotated").await;
    assert_eq!((first.len(), &first[0]["count"]), (1, &json!(60)), "{rotated}");
    assert!(last(&world).text.is_some_and(|text| text.contains("And: 40 more")));
    // One after another, within ten minutes: one more mail at their end.
    for _ in 0..3 {
        Answer::to(world.post("/user/api-keys/rotate", &account.key, &body)).await.success();
    }
    sent(&world).await;
    assert_eq!(world.platform.mailbox.messages().len(), 1);
    let all = told(&world, &account, "key_rotated").await;
    assert_eq!((all.len(), &all[1]["count"]), (2, &json!(180)));
    world.sql("update gateway.notifications set due_at = gateway.now() where state = 'due'").await;
    assert_eq!(cron(&world).await["sent"], 1);
    assert!(last(&world).subject.starts_with("180 API keys have new secrets"));
}
