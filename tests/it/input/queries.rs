//! Paths and query parameters that are not as they should be.

use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

#[tokio::test]
async fn parameters_that_are_unknown_or_out_of_range_are_refused() {
    let world = World::start().await;
    let account = world.account(0).await;
    let cases = [
        ("/models?limit=0", "invalid_request"),
        ("/models?limit=101", "invalid_request"),
        ("/models?limit=-1", "invalid_request"),
        ("/models?limit=1.5", "invalid_request"),
        ("/models?limit=ten", "invalid_request"),
        ("/models?limit=", "invalid_request"),
        ("/models?limit=4294967296", "invalid_request"),
        ("/models?limit=1&limit=2", "invalid_request"),
        ("/models?free=maybe", "invalid_request"),
        ("/models?free=1", "invalid_request"),
        ("/models?page=2", "unknown_field"),
        ("/models?Limit=2", "unknown_field"),
        ("/v1/models?limit=1001", "invalid_request"),
        ("/v1/models?unknown", "unknown_field"),
        ("/user/credit-transactions?limit=0", "invalid_request"),
        ("/user/credit-transactions?limit=101", "invalid_request"),
        ("/user/credit-transactions?cursor=abc", "invalid_request"),
        ("/user/credit-transactions?cursor=1.5", "invalid_request"),
        ("/user/credit-transactions?cursor=99999999999999999999", "invalid_request"),
        ("/user/credit-transactions?from=yesterday", "invalid_request"),
        ("/user/credit-transactions?from=2026-13-01T00:00:00Z", "invalid_request"),
        ("/user/credit-transactions?from=2026-01-01", "invalid_request"),
        ("/user/credit-transactions?to=1767225600", "invalid_request"),
        ("/user/credit-transactions?from=-009998-01-01T00:00:00Z", "invalid_request"),
        ("/user/credit-transactions?account_id=1", "unknown_field"),
        ("/user/credit-transactions?type=nonsense", "invalid_request"),
        ("/user/credit-transactions?type=Usage", "invalid_request"),
        ("/user/credit-transactions?type=", "invalid_request"),
        ("/user/credit-transactions?source=admin_credit", "invalid_request"),
        ("/models/developers/test?limit=0", "invalid_request"),
        ("/models/developers/test?provider=chutes", "unknown_field"),
        ("/user/environment-usage?from=yesterday", "invalid_request"),
        ("/user/environment-usage?to=-000001-01-01T00:00:00Z", "invalid_request"),
        ("/user/activity/stats?window=day", "unknown_field"),
        ("/user/activity/stats?from=2026-01-01", "invalid_request"),
        ("/user/activity/log?outcome=refused", "invalid_request"),
        ("/user/activity/log?key_id=1", "invalid_request"),
        ("/user/activity/log?cursor=1", "invalid_request"),
        ("/user/activity/log?cursor=1-1", "invalid_request"),
        ("/user/activity/log?limit=101", "invalid_request"),
        ("/user/activity/log?account_id=1", "unknown_field"),
        ("/user/api-keys/usage?cursor=abc", "invalid_request"),
        ("/user/api-keys/usage?limit=0", "invalid_request"),
        ("/v1/responses/resp_1?stream=true", "invalid_request"),
        ("/v1/responses/resp_1?limit=1", "unknown_field"),
        ("/v1/responses/resp_1/input_items?limit=0", "invalid_request"),
        ("/v1/responses/resp_1/input_items?limit=101", "invalid_request"),
        ("/v1/responses/resp_1/input_items?limit=ten", "invalid_request"),
        ("/v1/responses/resp_1/input_items?order=newest", "invalid_request"),
        ("/v1/responses/resp_1/input_items?before=msg_1", "unknown_field"),
    ];
    for (path, code) in cases {
        let answer = Answer::to(world.get(path, &account.key)).await;
        assert_eq!(answer.outcome(), (400, code.to_owned()), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_refused_parameter_is_named() {
    let world = World::start().await;
    let account = world.account(0).await;
    for (path, param) in [
        ("/models?page=2", "page"),
        ("/models?limit=0", "limit"),
        ("/user/credit-transactions?cursor=abc", "cursor"),
        ("/user/credit-transactions?limit=101", "limit"),
        ("/user/credit-transactions?account=1", "account"),
        ("/user/credit-transactions?type=nonsense", "type"),
        ("/user/credit-transactions?from=yesterday", "from"),
        ("/user/activity/log?key_id=1", "key_id"),
        ("/user/activity/log?cursor=1-1", "cursor"),
        ("/user/activity/stats?to=-000001-01-01T00:00:00Z", "to"),
    ] {
        assert_eq!(Answer::to(world.get(path, &account.key)).await.error()["param"], param, "{path}");
    }
}

#[tokio::test]
async fn no_text_in_a_query_or_a_path_breaks_anything() {
    let world = World::start().await;
    let account = world.administrator().await;
    let texts = [
        "%00",
        "a%00b",
        "%ff",
        "%c3%28",
        "%ed%a0%80",
        "%",
        "%zz",
        "%25",
        "%2500",
        "%01",
        "%7f",
        "%0a%0d",
        "'",
        "%22",
        "%5C",
        "%5Cu0000",
        "--",
        "%27%20or%201=1",
        "%F0%9F%92%B0",
        "%E2%80%AE",
        "*",
        "..",
        "%2e%2e%2f",
        "%25s",
        "%3B",
        "null",
        "[]",
        "%5Bx%5D",
    ];
    let patterns = [
        "/models?search=",
        "/models?provider=",
        "/models?modality=",
        "/models?cursor=",
        "/v1/models?search=",
        "/v1/models/",
        "/v1/models/test%2F",
        "/models/test/",
        "/models/",
        "/user/credit-transactions?type=",
        "/user/credit-transactions?source=",
        "/user/credit-transactions?cursor=",
        "/user/credit-transactions?from=",
        "/user/api-keys/audit-logs?action=",
        "/user/api-keys/audit-logs?cursor=",
        "/admin/audit-logs?action=",
        "/admin/audit-logs?request_id=",
        "/admin/audit-logs?ip=",
        "/admin/audit-logs?key_id=",
        "/admin/users?email=",
        "/admin/users?role=",
        "/admin/users?plan=",
        "/admin/users?status=",
        "/admin/users?cursor=",
        "/admin/users/",
        "/admin/roles?cursor=",
        "/admin/roles/admin/users?cursor=",
        "/user/activity/log?model=",
        "/user/activity/log?provider=",
        "/user/activity/log?cursor=",
        "/user/activity/stats?from=",
        "/models/developers/",
        "/models/developers/test?cursor=",
        "/api/models/developers/[name]?name=",
        "/api/v1/models/[id]?id=",
        "/api/models/[provider]/[model]?provider=test&model=",
        "/api/",
        "/",
        "/ping?x=",
        "/health?x=",
    ];
    let (mut served, mut refused) = (0, 0);
    for pattern in patterns {
        for text in texts {
            let path = format!("{pattern}{text}");
            let answer = Answer::to(world.get(&path, &account.key)).await;
            answer.served_or_blamed(&path);
            *(if answer.status == 200 { &mut served } else { &mut refused }) += 1;
        }
        // As long as a line of a request may be.
        let path = format!("{pattern}{}", "x".repeat(60_000));
        Answer::to(world.get(&path, &account.key)).await.served_or_blamed(pattern);
    }
    // The texts reach both sides, or they would prove nothing.
    assert!(served >= 100 && refused >= 100, "{served} served, {refused} refused");
}

#[tokio::test]
async fn a_model_with_nul_in_its_name_is_not_the_one_without() {
    let world = World::start().await;
    for path in ["/v1/models/test%2Fmodel", "/models/test/model"] {
        assert_eq!(Answer::to(world.http.get(format!("{}{path}", world.base_url))).await.success()["id"], "test/model");
        let answer = Answer::to(world.http.get(format!("{}{path}%00", world.base_url))).await;
        assert!(matches!(answer.outcome().0, 400 | 404), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn other_methods_and_other_paths_are_refused_in_the_same_shape() {
    let world = World::start().await;
    let account = world.account(0).await;
    for (method, path, status, code) in [
        ("GET", "/nowhere", 404, "not_found"),
        ("POST", "/v2/chat/completions", 404, "not_found"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("DELETE", "/user/balance", 405, "method_not_allowed"),
        ("PATCH", "/admin/create", 405, "method_not_allowed"),
        ("NONSENSE", "/models", 405, "method_not_allowed"),
    ] {
        let method = method.parse().expect("a method");
        let request = world.http.request(method, format!("{}{path}", world.base_url)).bearer_auth(&account.key);
        Answer::to(request).await.refused(status, code);
    }
    let head = tests::world::send(world.http.head(format!("{}/models", world.base_url))).await;
    assert_eq!(head.status(), 200);
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(0));
}
