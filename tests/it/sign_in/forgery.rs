//! Tokens that are not what they seem: none gets in, nothing is made, and the audit trail says why.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use local::privy::{KeyPair, access_claims, email_account, identity_claims, now};
use serde_json::{Value, json};
use shared::error::Code;
use tests::people::Person;
use tests::world::World;

use super::{failures, made};

/// `claims` with these members instead; null takes one out.
fn but(mut claims: Value, members: Value) -> Value {
    let object = claims.as_object_mut().expect("an object");
    for (name, value) in members.as_object().expect("an object") {
        match value {
            Value::Null => object.remove(name),
            value => object.insert(name.clone(), value.clone()),
        };
    }
    claims
}

/// A part of a token.
fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// Every wrong access token, with the reason that goes on the audit trail.
fn wrong_tokens(world: &World, person: &Person) -> Vec<(&'static str, String, &'static str)> {
    let key = world.platform.privy.key();
    let good = || access_claims(&person.did);
    let signed = |members: Value| key.sign(&but(good(), members)).expect("a token");
    let another = KeyPair::derive(b"another").expect("a key");
    let token = signed(json!({}));
    let (head, rest) = token.split_once('.').expect("three parts");
    let (_, signature) = rest.split_once('.').expect("three parts");
    let victim = part(&access_claims(&Person::new().did));
    let none = part(&json!({"alg": "none", "typ": "JWT", "kid": key.id()}));
    let hs256_of = |id: &str, secret: &str| {
        let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &good(), &EncodingKey::from_secret(secret.as_bytes())).expect("a token")
    };
    let hs256 = |secret: &str| hs256_of(key.id(), secret);
    let demanding =
        Header { kid: Some(key.id().to_owned()), crit: Some(vec!["b64".to_owned()]), ..Header::new(Algorithm::ES256) };
    let another_session = signed(json!({"sid": "another"}));
    let (_, of_another) = another_session.rsplit_once('.').expect("three parts");
    let (past, future) = (now() - 120, now() + 120);
    vec![
        ("signed by another key", another.sign_as(key.id(), &good()).expect("a token"), "token_signature"),
        ("of a key that Privy has not", another.sign(&good()).expect("a token"), "token_key"),
        ("alg none, unsigned", format!("{none}.{}.", part(&good())), "token_malformed"),
        ("alg none, signed", format!("{none}.{}.{signature}", part(&good())), "token_malformed"),
        ("HS256 with the public key", hs256(&key.pem()), "token_algorithm"),
        ("HS256 with the public key, trimmed", hs256(key.pem().trim()), "token_algorithm"),
        ("HS256 with nothing", hs256(""), "token_algorithm"),
        // Nobody is asked for the key of such a token.
        ("HS256 of a key that Privy has not", hs256_of("unknown", "x"), "token_algorithm"),
        ("longer than any", signed(json!({"more": "x".repeat(64 * 1024)})), "token_malformed"),
        (
            "with an extension that must be understood",
            key.sign_under(&demanding, &good()).expect("a token"),
            "token_malformed",
        ),
        ("another app's", signed(json!({"aud": "another-app"})), "token_audience"),
        ("of no app", signed(json!({"aud": null})), "token_malformed"),
        ("another issuer's", signed(json!({"iss": "evil.example"})), "token_issuer"),
        ("of no issuer", signed(json!({"iss": null})), "token_malformed"),
        ("expired", signed(json!({"exp": past})), "token_expired"),
        ("without an end", signed(json!({"exp": null})), "token_malformed"),
        ("not yet valid", signed(json!({"nbf": future})), "token_not_yet_valid"),
        ("issued in the future", signed(json!({"iat": future})), "token_not_yet_valid"),
        ("with another payload", format!("{head}.{victim}.{signature}"), "token_signature"),
        ("with another signature", format!("{head}.{}.{of_another}", part(&good())), "token_signature"),
        ("of no user", signed(json!({"sub": null})), "token_malformed"),
        ("of a user elsewhere", signed(json!({"sub": "did:web:evil.example"})), "token_subject"),
        ("of nobody", signed(json!({"sub": "did:privy:"})), "token_subject"),
        ("of a user without an end", signed(json!({"sub": format!("did:privy:{}", "a".repeat(129))})), "token_subject"),
        ("of a path", signed(json!({"sub": "did:privy:../apps/x"})), "token_subject"),
        ("an identity token", identity_token(world, person), "not_an_access_token"),
        ("both kinds in one", signed(json!({"linked_accounts": "[]"})), "not_an_access_token"),
        ("without a session", signed(json!({"sid": null})), "not_an_access_token"),
        ("not a token", "not a token".to_owned(), "token_malformed"),
        ("empty", String::new(), "token_malformed"),
        ("half a token", head.to_owned(), "token_malformed"),
    ]
}

fn identity_token(world: &World, person: &Person) -> String {
    world.platform.privy.identity_token(&person.did, &person.linked()).expect("a token")
}

#[tokio::test]
async fn an_access_token_that_is_wrong_in_any_way_gets_nobody_in() {
    let world = World::start().await;
    let pem = world.platform.privy.key().pem();
    // As dashboards of environment variables keep it.
    let one_line = pem.replace('\n', "\\n");
    let with_key = world.another_gateway_with(&[("PRIVY_VERIFICATION_KEY", &one_line)]).await;
    for gateway in [&world.base_url, &with_key] {
        let (person, before) = (Person::new(), made(&world).await);
        for (what, token, reason) in wrong_tokens(&world, &person) {
            world.sql("delete from gateway.attempts").await;
            let recorded = failures(&world).await.len();
            for body in [json!({"token": token}), json!({"token": token, "identity_token": token})] {
                let error = world.visit_at(gateway, "/auth/privy", &body).await.refused(401, "invalid_token");
                assert_eq!(error["message"], Code::InvalidToken.message(), "{what}: one message for all");
            }
            // With the verification key at hand nobody looks at the key's id.
            let reason = if *gateway == with_key && reason == "token_key" { "token_signature" } else { reason };
            assert_eq!(failures(&world).await[recorded..], [reason, reason], "{what}");
            assert_eq!(made(&world).await, before, "{what}");
        }
        world.visit_at(gateway, "/auth/privy", &world.tokens(&person)).await.success();
    }
}

#[tokio::test]
async fn a_token_within_the_clocks_skew_is_good() {
    let world = World::start().await;
    for members in [json!({"exp": now() - 30}), json!({"nbf": now() + 30}), json!({"iat": now() + 30})] {
        let claims = but(access_claims(&Person::new().did), members);
        let token = world.platform.privy.key().sign(&claims).expect("a token");
        let no_secret = world.another_gateway_with(&[("PRIVY_APP_SECRET", "")]).await;
        world.visit_at(&no_secret, "/auth/privy", &json!({"token": token})).await.success();
    }
}

#[tokio::test]
async fn an_identity_token_that_is_wrong_in_any_way_gets_nobody_in() {
    let world = World::start().await;
    let (person, victim) = (Person::new(), Person::new());
    let nothing = made(&world).await;
    let key = world.platform.privy.key();
    let another = KeyPair::derive(b"another").expect("a key");
    let access = key.sign(&access_claims(&person.did)).expect("a token");
    let claims = |members: Value| but(identity_claims(&person.did, &person.linked()), members);
    let forged = identity_claims(&person.did, &[email_account(&victim.email)]);
    let good = key.sign(&claims(json!({}))).expect("a token");
    let (head, rest) = good.split_once('.').expect("three parts");
    let (_, signature) = rest.split_once('.').expect("three parts");
    let cases = [
        ("another person's", identity_token(&world, &victim), "identity_of_another"),
        ("forged accounts", format!("{head}.{}.{signature}", part(&forged)), "token_signature"),
        ("forged and signed", another.sign_as(key.id(), &forged).expect("a token"), "token_signature"),
        ("an access token", access.clone(), "not_an_identity_token"),
        ("expired", key.sign(&claims(json!({"exp": now() - 121}))).expect("a token"), "token_expired"),
        ("another app's", key.sign(&claims(json!({"aud": "another-app"}))).expect("a token"), "token_audience"),
        ("a list", key.sign(&claims(json!({"linked_accounts": []}))).expect("a token"), "token_malformed"),
        ("no list", key.sign(&claims(json!({"linked_accounts": "{}"}))).expect("a token"), "token_malformed"),
        ("empty", String::new(), "token_malformed"),
    ];
    for (what, identity, reason) in cases {
        let before = failures(&world).await.len();
        let body = json!({"token": access, "identity_token": identity});
        world.visit("/auth/privy", &body).await.refused(401, "invalid_token");
        assert_eq!(failures(&world).await[before..], [reason], "{what}");
        assert_eq!(made(&world).await, nothing, "{what}");
    }
    assert_eq!(world.platform.privy.asked().users, 0, "an identity token that is wrong is not made up for");
}

#[tokio::test]
async fn what_a_client_claims_about_itself_is_refused() {
    let world = World::start().await;
    let nothing = made(&world).await;
    let victim = Person::new();
    for member in ["email", "wallet", "linked_accounts", "did", "user", "is_new_user", "role"] {
        let mut body = world.tokens(&Person::new());
        body[member] = json!(victim.email);
        let error = world.visit("/auth/privy", &body).await.refused(400, "unknown_field");
        assert_eq!(error["param"], member);
    }
    assert_eq!(made(&world).await, nothing);
    assert!(failures(&world).await.is_empty());
}

#[tokio::test]
async fn failures_are_put_on_record_at_most_twenty_times_an_hour() {
    let world = World::start().await;
    world.set_clock("2090-03-01 12:00Z").await;
    for _ in 0..25 {
        world.visit("/auth/privy", &json!({"token": "x"})).await.refused(401, "invalid_token");
    }
    assert_eq!(failures(&world).await.len(), 20);
    world.set_clock("2090-03-01 13:00Z").await;
    world.visit("/auth/privy", &json!({"token": "x"})).await.refused(401, "invalid_token");
    assert_eq!(failures(&world).await.len(), 21);
    let entry = world
        .value("select to_jsonb(a) from gateway.audit_logs a where action = 'sign_in.failed' order by id limit 1")
        .await;
    assert_eq!(entry["details"], json!({"method": "privy", "reason": "token_malformed"}));
    assert_eq!((&entry["ip"], entry["actor_account_id"].is_null()), (&json!("127.0.0.1"), true));
    assert!(entry["request_id"].is_string(), "{entry}");
}
