//! The codes that Privy mails, by which the console signs people in. The stand-in refuses what Privy refuses, and what it gives opens the
//! gateway's door.

use std::time::Duration;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::people::Person;
use tests::world::World;

const ORIGIN: &str = "https://gateway.example";
const MINUTE: Duration = Duration::from_secs(60);

/// What a browser asks of Privy from a page at [`ORIGIN`], with other headers where they are given; an empty one is left out.
async fn ask(world: &World, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let privy = &world.platform.privy;
    let mut request = world.http.post(format!("{}/api/v1/{path}", privy.url()));
    for (name, usual) in [("origin", ORIGIN), ("privy-app-id", privy.app_id()), ("authorization", "")] {
        let value = headers.iter().find(|(other, _)| *other == name).map_or(usual, |(_, value)| *value);
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

/// Has a code mailed, which must go well.
async fn mailed(world: &World, email: &str) -> String {
    let answer = ask(world, "passwordless/init", &json!({ "email": email }), &[]).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "success": true })));
    world.platform.privy.mailed_code(email).expect("a code")
}

async fn opened(world: &World, email: &str, code: &str) -> Answer {
    ask(world, "passwordless/authenticate", &json!({ "email": email, "code": code }), &[]).await
}

/// The answer is a refusal in Privy's shape.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    assert!(answer.status == status && body["code"] == code && body["error"].is_string(), "{} {body}", answer.status);
}

/// Six digits that are not these.
fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().expect("digits") + 1) % 1_000_000)
}

#[tokio::test]
async fn a_code_opens_once_and_what_it_gives_gets_in() {
    let world = World::start().await;
    let email = Person::new().email;
    let code = mailed(&world, &email).await;
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
    let given = opened(&world, &email.to_uppercase(), &code).await.success();
    assert_eq!((&given["is_new_user"], &given["session_update_action"]), (&json!(true), &json!("set")));
    refused(&opened(&world, &email, &code).await, 422, "invalid_credentials");
    let tokens = json!({ "token": given["token"], "identity_token": given["identity_token"], "issue_key": true });
    let first = world.visit("/auth/privy", &tokens).await.success();
    assert_eq!((&first["account"]["email"], &first["is_new_user"]), (&json!(email), &json!(true)));
    // Who comes back is known, to both.
    let code = mailed(&world, &email).await;
    let again = opened(&world, &email, &code).await.success();
    assert_eq!((&again["is_new_user"], &again["user"]["id"]), (&json!(false), &given["user"]["id"]));
    let tokens = json!({ "token": again["token"], "issue_key": true });
    let second = world.visit("/auth/privy", &tokens).await.success();
    assert_eq!(second["account"]["id"], first["account"]["id"]);
    assert!(second["api_key"].is_string());

    // A session ends for whoever holds both of its tokens.
    let privy = &world.platform.privy;
    assert_eq!(privy.sessions(), 2);
    let bearer = format!("Bearer {}", again["token"].as_str().expect("a token"));
    let own = json!({ "refresh_token": again["refresh_token"] });
    let foreign = json!({ "refresh_token": given["refresh_token"] });
    for (body, token) in [(&own, "Bearer x"), (&own, ""), (&foreign, bearer.as_str())] {
        let answer = ask(&world, "sessions/logout", body, &[("authorization", token)]).await;
        refused(&answer, 401, "missing_or_invalid_token");
    }
    ask(&world, "sessions/logout", &own, &[("authorization", &bearer)]).await.success();
    assert_eq!(privy.sessions(), 1);
}

#[tokio::test]
async fn a_code_that_is_old_replaced_or_guessed_at_opens_nothing() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    let email = Person::new().email;
    let code = mailed(&world, &email).await;
    privy.pass(MINUTE * 9);
    refused(&opened(&world, &email, &another(&code)).await, 422, "invalid_credentials");
    privy.pass(MINUTE);
    refused(&opened(&world, &email, &code).await, 422, "invalid_credentials");

    let (former, newest) = (mailed(&world, &email).await, mailed(&world, &email).await);
    if former != newest {
        refused(&opened(&world, &email, &former).await, 422, "invalid_credentials");
    }
    opened(&world, &email, &newest).await.success();

    let code = mailed(&world, &email).await;
    for _ in 0..5 {
        refused(&opened(&world, &email, &another(&code)).await, 422, "invalid_credentials");
    }
    refused(&opened(&world, &email, &code).await, 422, "invalid_credentials");
    // Another's code is nobody's.
    let code = mailed(&world, &Person::new().email).await;
    refused(&opened(&world, &Person::new().email, &code).await, 422, "invalid_credentials");
    assert_eq!(privy.sessions(), 1);
}

#[tokio::test]
async fn only_the_apps_own_pages_are_answered() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    privy.allow_origins([ORIGIN.to_owned()]);
    let email = Person::new().email;
    let body = json!({ "email": email });
    let cases = [
        ("privy-app-id", "", 400, "missing_or_invalid_privy_app_id"),
        ("privy-app-id", "another-app", 400, "missing_or_invalid_privy_app_id"),
        ("origin", "", 403, "missing_origin"),
        ("origin", "https://evil.example", 403, "invalid_origin"),
        ("origin", "https://gateway.example.evil.example", 403, "invalid_origin"),
        ("origin", "null", 403, "invalid_origin"),
    ];
    for path in ["passwordless/init", "passwordless/authenticate", "sessions/logout"] {
        for (name, value, status, code) in cases {
            let answer = ask(&world, path, &body, &[(name, value)]).await;
            refused(&answer, status, code);
            assert_eq!(answer.header("access-control-allow-origin").is_empty(), name == "origin", "{path} {value}");
        }
    }
    assert_eq!(privy.mailed_code(&email), None);
    for (origin, status) in [(ORIGIN, 204), ("https://evil.example", 403)] {
        let url = format!("{}/api/v1/passwordless/init", privy.url());
        let request = world.http.request(http::Method::OPTIONS, url).header("origin", origin);
        let answer = Answer::to(request.header("access-control-request-method", "POST")).await;
        let allowed = if status == 204 { origin } else { "" };
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, allowed));
        assert_eq!(answer.header("access-control-allow-headers").contains("privy-app-id"), status == 204);
    }
    mailed(&world, &email).await;
}

#[tokio::test]
async fn codes_are_mailed_so_often_to_whoever_can_be_and_not_past_a_captcha() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    let (email, other) = (Person::new().email, Person::new().email);
    for _ in 0..5 {
        mailed(&world, &email).await;
    }
    let init = |email: &str| json!({ "email": email });
    refused(&ask(&world, "passwordless/init", &init(&email), &[]).await, 429, "too_many_requests");
    mailed(&world, &other).await;
    privy.pass(MINUTE);
    mailed(&world, &email).await;
    for wrong in [json!({}), json!({ "email": 7 }), init("ann"), init("@b.example"), init("a b@c.example"), json!("x")]
    {
        refused(&ask(&world, "passwordless/init", &wrong, &[]).await, 400, "invalid_data");
    }
    let code = privy.mailed_code(&email).expect("a code");
    privy.demand_captcha(true);
    for further in [json!({ "email": email }), json!({ "email": email, "token": "solved" })] {
        refused(&ask(&world, "passwordless/init", &further, &[]).await, 401, "invalid_captcha");
    }
    assert_eq!(privy.mailed_code(&email), Some(code.clone()), "none was mailed");
    privy.fail(Some(http::StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(opened(&world, &email, &code).await.status, 503);
    privy.fail(None);
    opened(&world, &email, &code).await.success();
}

#[tokio::test]
async fn the_ways_to_sign_in_are_those_that_are_configured() {
    let world = World::start().await;
    let privy = &world.platform.privy;
    let app = json!({ "app_id": privy.app_id(), "url": privy.url() });
    let neither = [("PRIVY_APP_ID", ""), ("FROM_EMAIL", "")];
    let cases = [
        (&[][..], json!({ "mail": true, "privy": app })),
        (&neither[..1], json!({ "mail": true, "privy": null })),
        (&neither[..], json!({ "mail": false, "privy": null })),
        (&[("PRIVY_VERIFICATION_KEY", "not a key")][..], json!({ "mail": true, "privy": null })),
        (&[("PRIVY_APP_SECRET", "never told")][..], json!({ "mail": true, "privy": app })),
    ];
    for (variables, mut wanted) in cases {
        wanted["object"] = json!("sign_in_methods");
        let base_url = world.another_gateway_with(variables).await;
        let answer = Answer::to(world.http.get(format!("{base_url}/auth/methods"))).await;
        assert_eq!(
            (answer.success(), answer.header("cache-control")),
            (wanted, "public, max-age=300"),
            "{variables:?}"
        );
    }
}
