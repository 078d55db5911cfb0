//! Codes: how often they can be tried, how long, and that each opens once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::people::Person;
use tests::world::World;

use super::{failures, made};

fn with(person: &Person, code: &str) -> Value {
    json!({"email": person.email, "code": code})
}

/// Asks for a code and reads it in the mail.
async fn mailed(world: &World, person: &Person) -> String {
    world.visit("/auth/register", &json!({"email": person.email})).await.success();
    world.mailed_code(&person.email)
}

/// A code that is not `code`.
fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn without_mail_no_code_is_made_that_nobody_could_be_sent() {
    let world = World::start().await;
    let bare = world.another_gateway_with(&[("RESEND_API_KEY", "")]).await;
    let request = world.http.post(format!("{bare}/auth/register")).json(&json!({"email": Person::new().email}));
    Answer::to(request).await.refused(503, "not_configured");
    assert_eq!(world.value("select count(*) from gateway.auth_codes").await, json!(0));
}

#[tokio::test]
async fn a_code_signs_in_once() {
    let world = World::start().await;
    let person = Person::new();
    let code = mailed(&world, &person).await;
    let answer = world.visit("/auth/verify", &with(&person, &code)).await.success();
    assert_eq!((&answer["is_new_user"], &answer["account"]["email"]), (&json!(true), &json!(person.email)));
    assert_eq!((&answer["account"]["credits"], &answer["key"]["name"]), (&json!(10), &json!("Primary key")));
    let key = answer["api_key"].as_str().expect("a key");
    assert_eq!(tests::world::send(world.get("/user/balance", key)).await.status(), 200);
    world.visit("/auth/verify", &with(&person, &code)).await.refused(401, "invalid_code");
    // Whoever comes back gets another key each time.
    let code = mailed(&world, &person).await;
    let again = world.visit("/auth/verify", &with(&person, &code)).await.success();
    assert_eq!((&again["is_new_user"], &again["key"]["name"]), (&json!(false), &json!("Sign-in key")));
    assert_eq!(again["account"]["id"], answer["account"]["id"]);
    assert_ne!(again["api_key"], answer["api_key"]);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn wrong_expired_used_and_missing_codes_are_refused_in_the_same_words() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    let [wrong, expired, used, missing] = [(); 4].map(|()| Person::new());
    let mut told = BTreeSet::new();
    let code = mailed(&world, &wrong).await;
    told.insert(world.visit("/auth/verify", &with(&wrong, other_than(&code))).await.text);
    let code = mailed(&world, &used).await;
    world.visit("/auth/verify", &with(&used, &code)).await.success();
    let before = made(&world).await;
    told.insert(world.visit("/auth/verify", &with(&used, &code)).await.text);
    told.insert(world.visit("/auth/verify", &with(&missing, &code)).await.text);
    let code = mailed(&world, &expired).await;
    world.set_clock("2090-03-01 12:10Z").await;
    told.insert(world.visit("/auth/verify", &with(&expired, &code)).await.text);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(failures(&world).await, ["code_wrong", "no_code", "no_code", "code_expired"]);
    assert_eq!(made(&world).await, before);
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let world = World::start().await;
    let person = Person::new();
    world.set_clock("2090-03-01 12:00Z").await;
    let code = mailed(&world, &person).await;
    world.set_clock("2090-03-01 12:10Z").await;
    world.visit("/auth/verify", &with(&person, &code)).await.refused(401, "invalid_code");
    world.set_clock("2090-03-01 12:09:59.999Z").await;
    world.visit("/auth/verify", &with(&person, &code)).await.success();
}

#[tokio::test]
async fn the_newest_code_replaces_the_older_one() {
    let world = World::start().await;
    let person = Person::new();
    world.keep_code(&person.email, "111111").await;
    let newest = loop {
        let newest = mailed(&world, &person).await;
        if newest != "111111" {
            break newest;
        }
    };
    world.visit("/auth/verify", &with(&person, "111111")).await.refused(401, "invalid_code");
    world.visit("/auth/verify", &with(&person, &newest)).await.success();
}

#[tokio::test]
async fn a_code_opens_no_other_address() {
    let world = World::start().await;
    let (person, victim) = (Person::new(), Person::new());
    let code = mailed(&world, &person).await;
    world.keep_code(&victim.email, other_than(&code)).await;
    world.visit("/auth/verify", &with(&victim, &code)).await.refused(401, "invalid_code");
    // Nor does its hash in the database, moved to another address.
    world
        .sql(&format!(
            "update gateway.sign_in_codes set code_hash = (
               select code_hash from gateway.sign_in_codes where email_hash = gateway.proof_hash('email', '{}'))
             where email_hash = gateway.proof_hash('email', '{}')",
            person.email, victim.email
        ))
        .await;
    world.visit("/auth/verify", &with(&victim, &code)).await.refused(401, "invalid_code");
    world.visit("/auth/verify", &with(&person, &code)).await.success();
}

#[tokio::test]
async fn after_five_wrong_tries_the_right_code_is_refused() {
    let world = World::start().await;
    let person = Person::new();
    let code = mailed(&world, &person).await;
    for _ in 0..5 {
        world.visit("/auth/verify", &with(&person, other_than(&code))).await.refused(401, "invalid_code");
    }
    world.visit("/auth/verify", &with(&person, &code)).await.refused(401, "invalid_code");
    assert_eq!(failures(&world).await[4..], ["code_wrong", "code_used_up"]);
    // The fifth try itself may be right.
    let code = mailed(&world, &person).await;
    for _ in 0..4 {
        world.visit("/auth/verify", &with(&person, other_than(&code))).await.refused(401, "invalid_code");
    }
    world.visit("/auth/verify", &with(&person, &code)).await.success();
}

#[tokio::test]
async fn parallel_guesses_get_five_tries_and_not_a_sixth() {
    let Some(world) = World::concurrent("parallel_guesses_get_five_tries_and_not_a_sixth").await else { return };
    let other = world.another_gateway().await;
    let person = Person::new();
    world.keep_code(&person.email, "999999").await;
    let guesses = (0..40).map(|n| {
        let gateway = if n % 2 == 0 { &world.base_url } else { &other };
        let body = with(&person, &format!("{n:06}"));
        let world = &world;
        async move { world.visit_at(gateway, "/auth/verify", &body).await.refused(401, "invalid_code") }
    });
    join_all(guesses).await;
    let tried = "select jsonb_build_array(count(*) filter (where details ->> 'reason' = 'code_wrong'),
                   (select tries from gateway.sign_in_codes)) from gateway.audit_logs where action = 'sign_in.failed'";
    assert_eq!(world.value(tried).await, json!([5, 5]));
    world.visit("/auth/verify", &with(&person, "999999")).await.refused(401, "invalid_code");
}

#[tokio::test]
async fn guesses_from_many_networks_at_once_get_no_more() {
    let Some(world) = World::concurrent("guesses_from_many_networks_at_once_get_no_more").await else { return };
    let person = Person::new();
    world.keep_code(&person.email, "999999").await;
    // The tests have one address only, so these go past the gateway.
    let guesses = (0..40).map(|n| {
        let sql = format!(
            r#"select verify_code('{{"ip": "192.0.2.{n}"}}', '{{"email": "{}", "code_hashes": ["{n}"]}}', '{{}}')"#,
            person.email
        );
        let world = &world;
        async move { world.value(&sql).await }
    });
    let refused = json!({"refused": {"status": 401, "code": "invalid_code"}});
    assert!(join_all(guesses).await.iter().all(|answer| *answer == refused));
    let wrong = failures(&world).await.into_iter().filter(|reason| reason == "code_wrong").count();
    assert_eq!((wrong, world.value("select tries from gateway.sign_in_codes").await), (5, json!(5)));
}

#[tokio::test]
async fn one_code_used_by_many_at_once_opens_once() {
    let Some(world) = World::concurrent("one_code_used_by_many_at_once_opens_once").await else { return };
    let person = Person::new();
    world.keep_code(&person.email, "123456").await;
    let body = with(&person, "123456");
    let answers = join_all((0..20).map(|_| world.visit("/auth/verify", &body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.outcome() == (401, "invalid_code".to_owned())).count(), 19);
    assert_eq!(made(&world).await, super::one_user(1));
}

#[tokio::test]
async fn a_code_is_exactly_six_digits() {
    let world = World::start().await;
    for wrong in ["", "12345", "1234567", "12345a", " 12345", "123456\n", "１２３４５６", "-12345"] {
        let error = world.visit("/auth/verify", &with(&Person::new(), wrong)).await.refused(400, "invalid_request");
        assert_eq!(error["param"], "code", "{wrong:?}");
    }
    let further = json!({"email": "a@b.example", "code": "123456", "issue_key": true});
    world.visit("/auth/verify", &further).await.refused(400, "unknown_field");
}

#[tokio::test]
async fn a_code_outlives_a_change_of_the_pepper() {
    let world = World::start().await;
    let person = Person::new();
    let code = mailed(&world, &person).await;
    let ring = format!("2:{},1:{}", "n".repeat(32), world.platform.variables()["API_KEY_PEPPER"]);
    let changed = world.another_gateway_with(&[("API_KEY_PEPPERS", &ring)]).await;
    world.visit_at(&changed, "/auth/verify", &with(&person, &code)).await.success();
}
