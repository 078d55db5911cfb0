//! New accounts.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{World, hello, nanos};

use super::post;

#[tokio::test]
async fn a_new_account_has_what_was_asked_for_and_its_key_works() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let wanted = json!({"email": "New.User@Test.Example", "username": "New", "role": "developer", "plan": "team",
                        "credits": 12.5, "key_name": "First"});
    let made = post(&world, &admin, "/admin/create", &wanted, None).await.success();
    assert_eq!(
        (&made["object"], &made["email"], &made["username"]),
        (&json!("account"), &json!("new.user@test.example"), &json!("New"))
    );
    assert_eq!(
        (&made["role"], &made["plan"], nanos(&made["credits"])),
        (&json!("developer"), &json!("team"), 12_500_000_000)
    );
    let key = made["api_key"].as_str().expect("a key");
    assert!(key.starts_with("gw_test_") && key.len() == "gw_test_".len() + 43, "not a key");
    let shown = &made["key"];
    assert_eq!(
        (&shown["prefix"], &shown["name"], &shown["environment"]),
        (&json!("gw_test_"), &json!("First"), &json!("test"))
    );
    assert!(key.ends_with(shown["last_four"].as_str().expect("text")) && shown["scopes"] == json!(["*"]));

    world.completion(key, &hello(&json!({}))).await;
    let balance = Answer::to(world.get("/user/balance", key)).await.success();
    assert_eq!(balance["plan"], "team");
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_key_is_shown_once_and_kept_only_as_its_hash() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let body = json!({"email": "new@test.example", "credits": 1});
    let made = post(&world, &admin, "/admin/create", &body, Some("once")).await.success();
    let key = made["api_key"].as_str().expect("a key");
    assert!(world.is_stored(&world.hash(key)).await, "this test finds nothing");
    assert!(!world.is_stored(key).await);
    assert!(!world.is_stored(key.trim_start_matches("gw_test_")).await);
}

#[tokio::test]
async fn only_the_email_is_needed() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let made = post(&world, &admin, "/admin/create", &json!({"email": "plain@test.example"}), None).await.success();
    assert_eq!((&made["role"], &made["plan"], &made["credits"]), (&json!("user"), &json!("free"), &json!(0)));
    let key = made["api_key"].as_str().expect("a key");
    Answer::to(world.chat(key, &hello(&json!({})))).await.refused(402, "insufficient_credits");
}

#[tokio::test]
async fn a_repetition_under_the_same_idempotency_key_is_the_same_account_without_the_key() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let body = json!({"email": "new@test.example", "credits": 3});
    let first = post(&world, &admin, "/admin/create", &body, Some("k1")).await.success();
    let mut again = post(&world, &admin, "/admin/create", &body, Some("k1")).await.success();
    assert_eq!(
        (&first["replayed"], &again["replayed"], &again["api_key"]),
        (&json!(false), &json!(true), &Value::Null)
    );
    again["api_key"] = first["api_key"].clone();
    again["replayed"] = first["replayed"].clone();
    assert_eq!(again, first);
    assert_eq!(world.value("select count(*) from gateway.accounts where email = 'new@test.example'").await, json!(1));
    assert_eq!(world.value("select count(*) from gateway.api_keys where is_primary").await, json!(1));
    assert_eq!(world.value("select sum(amount) from gateway.credit_grants").await, json!(3_000_000_000_u64));
    // The key of the first answer is the one that works.
    assert_eq!(Answer::to(world.get("/user/balance", first["api_key"].as_str().expect("a key"))).await.status, 200);
    let other = json!({"email": "other@test.example", "credits": 3});
    post(&world, &admin, "/admin/create", &other, Some("k1")).await.refused(409, "idempotency_conflict");
    assert_eq!(world.value("select count(*) from gateway.accounts where email = 'other@test.example'").await, json!(0));
}

#[tokio::test]
async fn an_email_has_one_account_however_it_is_written() {
    let world = World::start().await;
    let admin = world.administrator().await;
    assert_eq!(post(&world, &admin, "/admin/create", &json!({"email": "a@test.example"}), None).await.status, 200);
    for email in ["a@test.example", "A@Test.Example"] {
        let answer = post(&world, &admin, "/admin/create", &json!({"email": email, "credits": 5}), None).await;
        assert_eq!(answer.refused(409, "account_exists")["param"], "email");
    }
    assert_eq!(world.value("select count(*) from gateway.credit_grants").await, json!(0));
}

#[tokio::test]
async fn an_address_that_signs_in_to_an_account_has_one() {
    let world = World::start().await;
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    world
        .sql(&format!(
            "insert into gateway.identities (kind, value, account_id, verified_at) values
               ('email', 'second@test.example', '{0}', gateway.now()), ('privy', 'third@test.example', '{0}', gateway.now())",
            someone.id
        ))
        .await;
    let create = async |email: &str| post(&world, &admin, "/admin/create", &json!({ "email": email }), None).await;
    assert_eq!(create("Second@test.example").await.refused(409, "account_exists")["param"], "email");
    create("third@test.example").await.success();
}

#[tokio::test]
async fn the_name_of_a_key_is_one() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for name in [String::new(), "x".repeat(101), "a\nb".to_owned()] {
        let body = json!({"email": "new@test.example", "key_name": name});
        let answer = post(&world, &admin, "/admin/create", &body, None).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], "key_name", "{name}");
    }
    let body = json!({"email": "new@test.example", "key_name": "é".repeat(100)});
    post(&world, &admin, "/admin/create", &body, None).await.success();
}

#[tokio::test]
async fn a_refused_creation_leaves_nothing_and_its_idempotency_key_unused() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let before = world.value("select count(*) from gateway.accounts").await;
    for body in [
        json!({"email": "new@test.example", "role": "king"}),
        json!({"email": "new@test.example", "plan": "gold"}),
        json!({"email": "new@test.example", "credits": -0.5}),
        json!({"email": "new@test.example", "is_admin": true}),
    ] {
        assert_eq!(post(&world, &admin, "/admin/create", &body, Some("k")).await.status, 400, "{body}");
    }
    assert_eq!(world.value("select count(*) from gateway.accounts").await, before);
    assert_eq!(world.value("select count(*) from gateway.idempotency_keys").await, json!(0));
    let body = json!({"email": "new@test.example"});
    assert_eq!(post(&world, &admin, "/admin/create", &body, Some("k")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_creations_of_one_email_at_once_make_one_account() {
    let Some(world) = World::concurrent("creations at the same time").await else { return };
    let admin = world.administrator().await;
    for (email, key) in [("one@test.example", None), ("two@test.example", Some("same"))] {
        let body = json!({"email": email, "credits": 1});
        let creations = (0..20).map(|_| post(&world, &admin, "/admin/create", &body, key));
        let answers = futures_util::future::join_all(creations).await;
        // With an Idempotency-Key all are told of the account, without one only the first; the key is shown to one.
        let told = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(told, if key.is_some() { 20 } else { 1 });
        let shown = answers.iter().filter(|answer| answer.status == 200 && answer.success()["api_key"].is_string());
        assert_eq!(shown.count(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.refused(409, "account_exists");
        }
        let made = format!(
            "select (select count(*) from gateway.accounts where email = '{email}') * 100
                    + (select count(*) from gateway.credit_grants g join gateway.accounts a on a.id = g.account_id
                         where a.email = '{email}')"
        );
        assert_eq!(world.value(&made).await, json!(101), "one account with one grant");
    }
    world.assert_ledger_clean().await;
}
