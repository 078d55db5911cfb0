//! A change of a role holds on the very next request of everyone who has it, at every instance.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{World, hello};

use super::{assign, send};

#[tokio::test]
async fn a_changed_permission_holds_on_the_very_next_request_at_another_instance() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(1_000_000_000).await);
    let other = world.another_gateway().await;
    let balance = async |gateway: &str| {
        let request = world.http.get(format!("{gateway}/user/balance")).bearer_auth(&account.key);
        Answer::to(request).await.outcome()
    };
    let call = async |gateway: &str| {
        let request = world.http.post(format!("{gateway}/v1/chat/completions")).bearer_auth(&account.key);
        let request = request.header("content-type", "application/json").body(hello(&json!({})).to_string());
        Answer::to(request).await.outcome()
    };
    let allowed = || (200, String::new());
    let refused = || (403, "insufficient_scope".to_owned());
    Answer::to(world.post("/admin/roles", &admin.key, &json!({"name": "worker", "permissions": ["inference"]})))
        .await
        .success();
    for gateway in [&world.base_url, &other] {
        assert_eq!((balance(gateway).await, call(gateway).await), (allowed(), allowed()));
    }
    assign(&world, &admin.key, &account, "worker").await.success();
    for gateway in [&other, &world.base_url] {
        assert_eq!((balance(gateway).await, call(gateway).await), (refused(), allowed()));
    }
    for (permissions, may_read, may_call) in [
        (json!(["billing:read"]), allowed(), refused()),
        (json!([]), refused(), refused()),
        (json!(["inference", "billing:read"]), allowed(), allowed()),
    ] {
        let change = json!({"permissions": permissions});
        send(&world, "PUT", "/admin/roles/worker", &admin.key, &change).await.success();
        for gateway in [&other, &world.base_url] {
            assert_eq!((balance(gateway).await, call(gateway).await), (may_read.clone(), may_call.clone()), "{change}");
        }
    }
    assign(&world, &admin.key, &account, "user").await.success();
    assert_eq!(balance(&other).await, allowed());
    world.settled().await;
}
