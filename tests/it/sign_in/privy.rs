//! Asking Privy: for the keys of its tokens, and for what a user has proven.

use std::future::ready;

use axum::Router;
use http::StatusCode;
use local::privy::{KeyPair, access_claims, email_account, wallet_account};
use serde_json::{Value, json};
use tests::people::Person;
use tests::watch::Watch;
use tests::world::World;
use tokio::net::TcpListener;

use super::{failures, made};

#[tokio::test]
async fn the_keys_are_asked_for_once_and_a_new_one_is_found() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    let old = world.tokens(&Person::new());
    for _ in 0..3 {
        world.visit("/auth/privy", &world.tokens(&Person::new())).await.success();
    }
    assert_eq!(privy.asked().keys, 1);
    privy.rotate().expect("a key");
    world.visit("/auth/privy", &world.tokens(&Person::new())).await.success();
    assert_eq!(privy.asked().keys, 2);
    // A key that Privy has withdrawn opens nothing any more.
    world.visit("/auth/privy", &old).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn made_up_key_ids_make_nobody_ask_all_the_time() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    world.visit("/auth/privy", &world.tokens(&Person::new())).await.success();
    let stranger = KeyPair::derive(b"stranger").expect("a key");
    for n in 0..10 {
        let token = stranger.sign_as(&format!("key {n}"), &access_claims(&Person::new().did)).expect("a token");
        world.visit("/auth/privy", &json!({"token": token})).await.refused(401, "invalid_token");
    }
    assert_eq!(privy.asked().keys, 2);
}

#[tokio::test]
async fn nobody_gets_in_or_is_blamed_while_the_keys_cannot_be_asked_for() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    let person = Person::new();
    privy.fail(Some(StatusCode::INTERNAL_SERVER_ERROR));
    let watch = Watch::new(&world);
    for _ in 0..3 {
        let answer = world.visit("/auth/privy", &world.tokens(&person)).await;
        answer.refused(503, "sign_in_unavailable");
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
    }
    assert_eq!(privy.asked().keys, 1, "Privy is left alone for a moment");
    let unreachable = world.another_gateway_with(&[("PRIVY_URL", "http://127.0.0.1:1")]).await;
    world.visit_at(&unreachable, "/auth/privy", &world.tokens(&person)).await.refused(503, "sign_in_unavailable");
    assert_eq!(watch.functions(), [""; 0]);
    // A verification key needs nobody to be asked.
    let key = [("PRIVY_URL", "http://127.0.0.1:1"), ("PRIVY_VERIFICATION_KEY", &privy.key().pem())];
    let with_key = world.another_gateway_with(&key).await;
    world.visit_at(&with_key, "/auth/privy", &world.tokens(&person)).await.success();
}

#[tokio::test]
async fn without_an_identity_token_privy_is_asked_what_its_user_has_proven() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    let person = Person::new();
    let mut imported = email_account("imported@people.example");
    imported["latest_verified_at"] = Value::Null;
    imported["lv"] = Value::Null;
    let google = json!({"type": "google_oauth", "subject": "1", "email": "From.Google@people.example", "name": "N",
                        "verified_at": 1, "first_verified_at": 1, "latest_verified_at": 1});
    privy.put_user(&person.did, vec![imported, google, wallet_account("0xABC"), email_account(&person.email)]);
    let body = json!({"token": privy.access_token(&person.did).expect("a token")});
    let answer = world.visit("/auth/privy", &body).await.success();
    assert_eq!(answer["account"]["email"], json!(person.email));
    let identities = "select jsonb_agg(value order by kind, value) from gateway.identities where kind <> 'privy'";
    let mut addresses = ["from.google@people.example", person.email.as_str()];
    addresses.sort_unstable();
    assert_eq!(world.value(identities).await, json!([addresses[0], addresses[1], "0xabc"]));
    assert_eq!(privy.asked().users, 1);
    // The app's secret is all that opens Privy's door: without one the Privy id alone is proven.
    let without = world.another_gateway_with(&[("PRIVY_APP_SECRET", "")]).await;
    let other = Person::new();
    privy.put_user(&other.did, other.linked());
    let body = json!({"token": privy.access_token(&other.did).expect("a token")});
    let answer = world.visit_at(&without, "/auth/privy", &body).await.success();
    assert_eq!((&answer["account"]["email"], privy.asked().users), (&Value::Null, 1));
}

#[tokio::test]
async fn a_user_that_privy_does_not_tell_about_gets_no_account() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    let (before, person) = (made(&world).await, Person::new());
    let body = json!({"token": privy.access_token(&person.did).expect("a token")});
    // The keys are known from here on.
    world.visit("/auth/privy", &body).await.refused(401, "invalid_token");
    assert_eq!(failures(&world).await, ["user_gone"]);
    for status in [429, 500, 503, 401, 403, 302] {
        privy.fail(Some(StatusCode::from_u16(status).expect("a status")));
        world.visit("/auth/privy", &body).await.refused(503, "sign_in_unavailable");
    }
    privy.fail(None);
    let wrong = world.another_gateway_with(&[("PRIVY_APP_SECRET", "wrong")]).await;
    privy.put_user(&person.did, person.linked());
    world.visit_at(&wrong, "/auth/privy", &body).await.refused(503, "sign_in_unavailable");
    // Whoever tells of another user than was asked for is not believed.
    let victim = Person::new();
    let told = json!({"id": victim.did, "linked_accounts": victim.linked()}).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let router = Router::new().fallback(move || ready(told.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let pem = privy.key().pem();
    let confused = world.another_gateway_with(&[("PRIVY_URL", &url), ("PRIVY_VERIFICATION_KEY", &pem)]).await;
    world.visit_at(&confused, "/auth/privy", &body).await.refused(503, "sign_in_unavailable");
    assert_eq!(made(&world).await, before);
    world.visit("/auth/privy", &body).await.success();
}

#[tokio::test]
async fn a_gateway_without_a_privy_app_says_so() {
    let world = World::start().await;
    for (variable, value) in [("PRIVY_APP_ID", ""), ("PRIVY_VERIFICATION_KEY", "not a key")] {
        let gateway = world.another_gateway_with(&[(variable, value)]).await;
        let answer = world.visit_at(&gateway, "/auth/privy", &world.tokens(&Person::new())).await;
        answer.refused(503, "not_configured");
    }
}
