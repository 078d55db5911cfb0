//! Fifty first logins of one person at once.

use futures_util::future::join_all;
use local::privy::{email_account, wallet_account};
use serde_json::{Value, json};
use tests::people::Person;
use tests::world::World;

use super::{made, one_user};

#[tokio::test]
async fn fifty_first_logins_make_one_account_one_trial_and_one_key_that_is_shown_once() {
    let test = "fifty_first_logins_make_one_account_one_trial_and_one_key_that_is_shown_once";
    // Somebody with an address, and somebody of whom nothing but the Privy id is known.
    for identities in [2, 1] {
        let Some(world) = World::concurrent(test).await else { return };
        let other = world.another_gateway().await;
        let (person, privy) = (Person::new(), &world.platform.privy);
        let linked = &person.linked()[..identities - 1];
        let body = json!({"token": privy.access_token(&person.did).expect("a token"),
                          "identity_token": privy.identity_token(&person.did, linked).expect("a token")});
        let logins = (0..50).map(|n| {
            let gateway = if n % 2 == 0 { &world.base_url } else { &other };
            world.visit_at(gateway, "/auth/privy", &body)
        });
        let answers: Vec<Value> = join_all(logins).await.iter().map(|answer| answer.success()).collect();
        let with = |member: &str, value: Value| answers.iter().filter(|answer| answer[member] == value).count();
        assert_eq!(with("is_new_user", json!(true)), 1);
        assert_eq!((with("api_key", Value::Null), with("key", Value::Null)), (49, 49));
        assert!(answers.iter().all(|answer| answer["account"] == answers[0]["account"]));
        assert_eq!(made(&world).await, one_user(identities));
        let primary = world.value("select count(*) from gateway.api_keys where is_primary").await;
        assert_eq!((primary, &answers[0]["account"]["credits"]), (json!(1), &json!(10)));
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn one_person_who_comes_by_every_way_at_once_has_one_account_and_one_trial() {
    let test = "one_person_who_comes_by_every_way_at_once_has_one_account_and_one_trial";
    let Some(world) = World::concurrent(test).await else { return };
    let privy = &world.platform.privy;
    let email = Person::new().email;
    world.keep_code(&email, "123456").await;
    // Ten Privy users with the same address: the proofs overlap, in another order for each.
    let bodies: Vec<Value> = (0..10)
        .map(|n| {
            let did = Person::new().did;
            let mut linked = vec![email_account(&email), wallet_account("0x1"), wallet_account("0x2")];
            linked.rotate_left(n % 3);
            json!({"token": privy.access_token(&did).expect("a token"),
                   "identity_token": privy.identity_token(&did, &linked).expect("a token")})
        })
        .collect();
    let code = json!({"email": email, "code": "123456"});
    let by_code = world.visit("/auth/verify", &code);
    let by_privy = join_all(bodies.iter().chain(&bodies).map(|body| world.visit("/auth/privy", body)));
    let (by_code, by_privy) = tokio::join!(by_code, by_privy);
    let account = by_code.success()["account"]["id"].clone();
    assert!(by_privy.iter().all(|answer| answer.success()["account"]["id"] == account));
    let counts = made(&world).await;
    assert_eq!((&counts["accounts"], &counts["grants"], &counts["identities"]), (&json!(1), &json!(1), &json!(13)));
    world.assert_ledger_clean().await;
}
