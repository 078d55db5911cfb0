//! Apps get keys that their users agree to, and nobody else does.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello};

use super::{ask, get, refused};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn wish(further: &Value) -> Value {
    let mut wish =
        json!({ "code_challenge": CHALLENGE, "limit": 0.5, "callback_url": "https://app.example/back/nonce" });
    wish.as_object_mut().expect("an object").extend(further.as_object().expect("an object").clone());
    wish
}

/// The code that a user gets who agrees.
async fn code(world: &World, user: &Account, further: &Value) -> String {
    let told = ask(world, Method::POST, "/auth/keys/code", user, &wish(further)).await.success();
    told["data"]["id"].as_str().expect("a code").to_owned()
}

/// What an app is told that exchanges a code.
async fn exchange(world: &World, body: &Value) -> Answer {
    let request = world.http.post(format!("{}/api/v1/auth/keys", world.base_url));
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

async fn keys_of(world: &World, user: &Account) -> Value {
    world.value(&format!("select count(*) from gateway.api_keys where account_id = '{}'", user.id)).await
}

#[tokio::test]
async fn an_app_gets_a_key_that_may_spend_what_its_user_agreed_to() {
    let world = World::start().await;
    let user = world.account(1_000_000_000).await;
    let further = json!({ "key_label": "An app", "usage_limit_type": "monthly", "expires_at": "2090-01-01T00:00:00Z" });
    let code = code(&world, &user, &further).await;
    assert!(!world.is_stored(&code).await, "a code is kept as its hash only");
    let told = exchange(&world, &json!({ "code": code, "code_verifier": VERIFIER })).await.success();
    assert_eq!(told["user_id"], json!(user.id));
    let app = Account { key: told["key"].as_str().expect("a key").to_owned(), ..user.clone() };
    let key = get(&world, "/key", &app).await.success()["data"].clone();
    assert_eq!((&key["limit"], &key["limit_reset"]), (&json!(0.5), &json!("monthly")));
    assert!(key["expires_at"].as_str().is_some_and(|at| at.starts_with("2090-01-01T00:00:00")), "{key}");
    ask(&world, Method::POST, "/chat/completions", &app, &hello(&json!({}))).await.success();
    for path in ["/keys", "/credits"] {
        refused(&get(&world, path, &app).await, 403, "insufficient_scope");
    }
    Answer::to(world.get("/user/profile", &app.key)).await.refused(403, "insufficient_scope");
    // Its user sees it by its name, whose it is on the trail, and ends it.
    let kept = get(&world, "/keys", &user).await.success()["data"][0].clone();
    assert_eq!(kept["name"], "An app");
    let trail = Answer::to(world.get("/user/api-keys/audit-logs", &user.key)).await.success();
    assert!(
        trail["data"].to_string().contains("https://app.example") && !trail.to_string().contains("nonce"),
        "{trail}"
    );
    ask(&world, Method::DELETE, &format!("/keys/{}", kept["hash"].as_str().expect("an id")), &user, &Value::Null)
        .await
        .success();
    refused(&get(&world, "/key", &app).await, 401, "api_key_revoked");
}

#[tokio::test]
async fn a_code_is_good_once_and_for_whoever_knows_what_its_challenge_was_made_of() {
    let world = World::start().await;
    let user = world.account(1_000_000_000).await;
    let before = keys_of(&world, &user).await;
    // A wrong answer ends it: no second guess.
    for wrong in [
        json!({}),
        json!({ "code_verifier": null }),
        json!({ "code_verifier": "" }),
        json!({ "code_verifier": CHALLENGE }),
        json!({ "code_verifier": format!("{VERIFIER}x") }),
        json!({ "code_verifier": VERIFIER, "code_challenge_method": "plain" }),
    ] {
        let code = code(&world, &user, &json!({})).await;
        let mut body = wrong.clone();
        body["code"] = json!(code);
        refused(&exchange(&world, &body).await, 403, "invalid_auth_code");
        refused(&exchange(&world, &json!({ "code": code, "code_verifier": VERIFIER })).await, 403, "invalid_auth_code");
    }
    // So does time, and the end of the account's use.
    for sql in [
        "update gateway.auth_codes set expires_at = gateway.now()".to_owned(),
        format!("update gateway.accounts set disabled_at = gateway.now() where id = '{}'", user.id),
    ] {
        let code = code(&world, &user, &json!({})).await;
        world.sql(&sql).await;
        refused(&exchange(&world, &json!({ "code": code, "code_verifier": VERIFIER })).await, 403, "invalid_auth_code");
        world.change_account(&user, "disabled_at = null").await;
    }
    for nobodys in ["", "auth_code_x", "gw_live_x", user.key.as_str()] {
        refused(
            &exchange(&world, &json!({ "code": nobodys, "code_verifier": VERIFIER })).await,
            403,
            "invalid_auth_code",
        );
    }
    assert_eq!(keys_of(&world, &user).await, before, "a refused exchange makes no key");
    // A plain challenge is its own answer.
    let plain = json!({ "code_challenge": VERIFIER, "code_challenge_method": "plain" });
    let code = code(&world, &user, &plain).await;
    exchange(&world, &json!({ "code": code, "code_verifier": VERIFIER, "code_challenge_method": "plain" }))
        .await
        .success();
}

#[tokio::test]
async fn a_code_outlives_a_change_of_the_pepper() {
    let world = World::start().await;
    let user = world.account(1_000_000_000).await;
    let code = code(&world, &user, &json!({})).await;
    let ring = format!("1:{},2:the-next-pepper-of-this-deployment-0001", world.platform.variables()["API_KEY_PEPPER"]);
    let changed = world.another_gateway_with(&[("API_KEY_PEPPERS", &ring)]).await;
    let body = json!({ "code": code, "code_verifier": VERIFIER }).to_string();
    let request = world.http.post(format!("{changed}/api/v1/auth/keys")).header("content-type", "application/json");
    assert!(Answer::to(request.body(body)).await.success()["key"].is_string());
}

#[tokio::test]
async fn of_many_that_exchange_a_code_at_once_one_gets_a_key() {
    let Some(world) = World::concurrent("pkce: at once").await else { return };
    let user = world.account(1_000_000_000).await;
    let body = json!({ "code": code(&world, &user, &json!({})).await, "code_verifier": VERIFIER });
    let answers = join_all((0..8).map(|_| exchange(&world, &body))).await;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(served, 1, "{answers:?}");
    assert_eq!(keys_of(&world, &user).await, json!(2));
}

#[tokio::test]
async fn nobody_agrees_to_more_than_he_has_or_to_what_cannot_be() {
    let world = World::start().await;
    let user = world.account(1_000_000_000).await;
    for scopes in ["inference,models:read", "keys:write", "keys:write,inference"] {
        let narrow = world.another_key(&user, scopes).await;
        refused(
            &ask(&world, Method::POST, "/auth/keys/code", &narrow, &wish(&json!({}))).await,
            403,
            "insufficient_scope",
        );
    }
    for (wrong, member) in [
        (json!({ "callback_url": "http://app.example/" }), "callback_url"),
        (json!({ "callback_url": "https://gateway.example@app.example/" }), "callback_url"),
        (json!({ "callback_url": "javascript:alert(1)" }), "callback_url"),
        (json!({ "code_challenge": "short" }), "code_challenge"),
        (json!({ "limit": 0 }), "limit"),
        (json!({ "expires_at": "2020-01-01T00:00:00Z" }), "expires_at"),
        (json!({ "key_label": "" }), "key_label"),
    ] {
        let told = ask(&world, Method::POST, "/auth/keys/code", &user, &wish(&wrong)).await;
        assert_eq!(refused(&told, 400, "invalid_request")["metadata"]["param"], member);
    }
    for _ in 0..30 {
        code(&world, &user, &json!({})).await;
    }
    refused(&ask(&world, Method::POST, "/auth/keys/code", &user, &wish(&json!({}))).await, 429, "too_many_attempts");
}

#[tokio::test]
async fn the_page_is_in_no_frame_and_holds_no_script_but_its_own() {
    let world = World::start().await;
    let query = format!(
        "code_challenge={CHALLENGE}&callback_url=https%3A%2F%2Fapp.example%2F&key_label=%22%3E%3Cscript%3Ealert(1)"
    );
    let page = Answer::to(world.http.get(format!("{}/auth?{query}", world.base_url))).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let policy = page.header("content-security-policy");
    for rule in
        ["default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'", "connect-src 'self'"]
    {
        assert!(policy.contains(rule), "{rule}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in
        [("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"), ("cache-control", "no-store")]
    {
        assert_eq!(page.header(name), value);
    }
    assert!(page.header("set-cookie").is_empty() && !page.text.contains("<script>alert"), "{}", page.text);
    assert!(page.text.contains("https://app.example/"));
    for wrong in ["", "code_challenge=x", &format!("code_challenge={CHALLENGE}&callback_url=http://app.example/")] {
        let request = || world.http.get(format!("{}/auth?{wrong}", world.base_url));
        Answer::to(request()).await.refused(400, "invalid_request");
        let page = Answer::to(request().header("accept", "text/html,*/*;q=0.8")).await;
        assert_eq!((page.status, page.header("content-type")), (400, "text/html; charset=utf-8"), "{wrong}");
    }
}
