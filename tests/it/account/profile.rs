//! An account's profile.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;

use super::{audited, rename};

#[tokio::test]
async fn the_profile_shows_the_account_and_what_its_person_has_proven() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:00Z").await;
    let (account, other) = (world.account(0).await, world.account(0).await);
    let set = "username = 'Ada', referred_by = 'FRIEND', plan = null, created_at = '2027-03-16 12:00Z',
               trial_ends_at = '2027-03-19 12:00Z', trial_requests_left = 998";
    world.change_account(&account, set).await;
    world
        .sql(&format!(
            "insert into gateway.identities (kind, value, account_id, verified_at) values
               ('wallet', '0xabc', '{0}', '2027-03-16 12:00Z'), ('privy', 'did:privy:1', '{0}', '2027-03-16 12:00Z'),
               ('email', 'other@test.example', '{1}', '2027-03-16 12:00Z')",
            account.id, other.id
        ))
        .await;
    let profile = Answer::to(world.get("/user/profile", &account.key)).await.success();
    let proven = "2027-03-16T12:00:00+00:00";
    assert_eq!(
        profile,
        json!({
            "object": "profile", "id": account.id, "email": format!("{}@test.example", account.id), "username": "Ada",
            "role": "user", "plan": "dev", "referred_by": "FRIEND", "created_at": proven,
            "trial": {"active": true, "ends_at": "2027-03-19T12:00:00+00:00", "requests_left": 998},
            "identities": [{"kind": "privy", "value": "did:privy:1", "verified_at": proven},
                           {"kind": "wallet", "value": "0xabc", "verified_at": proven}],
        })
    );
}

#[tokio::test]
async fn a_name_is_set_cleared_and_on_the_audit_trail_without_being_there() {
    let world = World::start().await;
    let account = world.account(0).await;
    for (name, changes) in
        [(json!("Ada"), 1), (json!("Ada"), 1), (json!("Åda 💰"), 2), (Value::Null, 3), (Value::Null, 3)]
    {
        let profile = rename(&world, &account, &json!({"username": name})).await.success();
        assert_eq!(profile["username"], name);
        assert_eq!(Answer::to(world.get("/user/profile", &account.key)).await.success(), profile);
        assert_eq!(audited(&world, "profile.update").await.len(), changes, "{name}");
    }
    let entry = audited(&world, "profile.update").await[0].clone();
    assert_eq!((&entry["actor_account_id"], &entry["target_account_id"]), (&json!(account.id), &json!(account.id)));
    assert_eq!(entry["details"], json!({"changed": ["username"]}));
}

#[tokio::test]
async fn nothing_but_a_proper_name_is_taken() {
    let world = World::start().await;
    let account = world.account(0).await;
    for (body, code) in [
        (json!({}), "invalid_request"),
        (json!({"username": ""}), "invalid_request"),
        (json!({"username": "x".repeat(101)}), "invalid_request"),
        (json!({"username": "a\nb"}), "invalid_request"),
        (json!({"username": "a\u{0}b"}), "invalid_request"),
        (json!({"username": "a\u{85}b"}), "invalid_request"),
        (json!({"username": 7}), "invalid_request"),
        (json!({"username": "Ada", "email": "other@test.example"}), "unknown_field"),
        (json!({"email": "other@test.example"}), "unknown_field"),
        (json!({"username": "Ada", "role": "admin"}), "unknown_field"),
        (json!("Ada"), "invalid_request"),
    ] {
        rename(&world, &account, &body).await.refused(400, code);
    }
    for name in ["x".repeat(64), "💰".repeat(64), " ".to_owned()] {
        assert_eq!(rename(&world, &account, &json!({"username": name})).await.success()["username"], json!(name));
    }
}
