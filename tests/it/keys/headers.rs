//! Where a key may stand.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{World, hello};

/// Headers, and what comes of them.
type Case<'a> = (&'a [(&'static str, &'a str)], u16, &'static str);

#[tokio::test]
async fn a_key_is_taken_from_either_header_and_the_bearer_token_goes_first() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let (good, other) = (account.key.as_str(), format!("gw_live_{}", "x".repeat(43)));
    let (bearer, lower) = (format!("Bearer {good}"), format!("bearer  {good} "));
    let (wrong, token) = (format!("Bearer {other}"), format!("Token {good}"));
    let cases: [Case<'_>; 15] = [
        (&[("authorization", &bearer)], 200, ""),
        (&[("authorization", &lower)], 200, ""),
        (&[("x-api-key", good)], 200, ""),
        (&[("authorization", &bearer), ("x-api-key", &other)], 200, ""),
        (&[("authorization", &wrong), ("x-api-key", good)], 401, "invalid_api_key"),
        (&[("authorization", "Basic dTpw"), ("x-api-key", good)], 200, ""),
        (&[("authorization", good)], 200, ""),
        (&[("authorization", &token)], 200, ""),
        (&[("api-key", good)], 200, ""),
        (&[("authorization", "Bearer undefined"), ("x-api-key", good)], 200, ""),
        (&[("authorization", "Bearer null"), ("api-key", good)], 200, ""),
        (&[("authorization", "Bearer dummy"), ("x-api-key", "undefined")], 401, "invalid_api_key"),
        (&[("authorization", "Bearer ")], 401, "missing_api_key"),
        (&[("x-api-key", "")], 401, "missing_api_key"),
        (&[], 401, "missing_api_key"),
    ];
    for (headers, status, code) in cases {
        for path in ["/user/balance", "/v1/chat/completions"] {
            let url = format!("{}{path}", world.base_url);
            let mut request = match path {
                "/user/balance" => world.http.get(url),
                _ => world.http.post(url).body(hello(&json!({})).to_string()),
            };
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = Answer::to(request).await;
            assert_eq!(answer.outcome(), (status, code.to_owned()), "{path} {headers:?}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_key_in_the_query_or_a_cookie_is_no_key() {
    let world = World::start().await;
    let key = world.account(0).await.key;
    let url = format!("{}/user/balance", world.base_url);
    let in_query = world.http.get(format!("{url}?api_key={key}&key={key}"));
    Answer::to(in_query).await.refused(401, "missing_api_key");
    let in_cookie = world.http.get(url).header("cookie", format!("api_key={key}"));
    Answer::to(in_cookie).await.refused(401, "missing_api_key");
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_without_asking_the_database() {
    let world = World::start().await;
    let control = world.platform.postgrest.control();
    control.record(true);
    let long = format!("gw_live_{}", "x".repeat(44));
    let odd = format!("gw_live_{}", "!".repeat(43));
    let environment = format!("gw_prod_{}", "x".repeat(43));
    for key in ["sk-abc", "gw_live_", "gw_live_short", "x", &long, &odd, &environment] {
        Answer::to(world.get("/user/balance", key)).await.refused(401, "invalid_api_key");
        Answer::to(world.chat(key, &hello(&json!({})))).await.refused(401, "invalid_api_key");
    }
    assert!(control.calls().is_empty(), "{:?}", control.calls());
}
