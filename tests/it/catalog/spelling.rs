//! However a model is called, allowlist, price and route are those of one and the same model, or it is called none.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, Route, World};

const MEANT: &str = "acme/Big-1.5";

/// Every way in which the model can be called.
const SPELLINGS: [&str; 13] = [
    MEANT,
    "ACME/BIG-1.5",
    "acme/big-1-5",
    "acme/big-1.5-latest",
    "acme/Big-1.5-20260922",
    "Big-1.5",
    "big-1-5",
    "big-1-5-20260922",
    "support",
    "SUPPORT",
    "support-latest",
    "chutes:acme/big-1.5",
    "Chutes:support",
];

async fn world() -> (World, Account) {
    let world = World::start().await;
    let route = |provider, prompt| Route { prompt, ..Route::new(provider, "standin/usage") };
    world.model(MEANT, &[route("chutes", 1_000_000_000)]).await;
    // Others that a careless reader could take for it.
    world.model("acme/big-1.5-mini", &[route("chutes", 9_000_000_000)]).await;
    world.model("other/support-2", &[route("chutes", 8_000_000_000)]).await;
    world.model("test/model", &[route("openrouter", 7_000_000_000)]).await;
    world.sql(&format!("insert into gateway.model_aliases (alias, model_id) values ('support', '{MEANT}')")).await;
    let account = world.account(1_000_000_000_000).await;
    (world, account)
}

async fn ask(world: &World, account: &Account, path: &str, body: String) -> Answer {
    let request = world.http.post(format!("{}{path}", world.base_url)).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body(body)).await
}

fn body(model: &str) -> Value {
    json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]})
}

#[tokio::test]
async fn allowlist_price_and_route_agree_for_every_spelling() {
    let (world, account) = world().await;
    let narrow = |allowed: &'static str| {
        let (world, account) = (&world, &account);
        async move {
            let key = world.another_key(account, "inference").await;
            world.change_key(&key, &format!("allowed_models = '{{{allowed}}}'")).await;
            key
        }
    };
    let by_id = narrow("acme/Big-1.5").await;
    let by_developer = narrow("acme/*").await;
    // By the name as it was written, an allowlist would let the model in.
    let others = narrow("support,Big-1.5,big-1-5,acme/big-1.5-mini,test/*,chutes:*,other/*").await;
    for spelling in SPELLINGS {
        for key in [&account, &by_id, &by_developer] {
            for path in ["/v1/chat/completions", "/v1/chat/completions?model=test/model", "/v1/messages"] {
                let answer = ask(&world, key, path, body(spelling).to_string()).await.success();
                assert_eq!(answer["model"], MEANT, "{spelling} at {path}");
            }
        }
        ask(&world, &others, "/v1/chat/completions", body(spelling).to_string())
            .await
            .refused(403, "model_not_allowed");
        // GET goes by the same.
        if !spelling.contains(':') {
            let shown = super::get(&world, &format!("/v1/models/{}", spelling.replace('/', "%2F"))).await.success();
            assert_eq!(shown["id"], MEANT, "{spelling}");
        }
    }
    world.settled().await;
    // 100 prompt tokens, of which 20 were cached, and 50 of completion, at the prices of the one model.
    let calls =
        world.value("select jsonb_agg(distinct jsonb_build_array(model, provider, cost)) from gateway.requests").await;
    assert_eq!(calls, json!([[MEANT, "chutes", 80 * 1_000 + 20 * 500 + 50 * 2_000]]));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_name_that_could_mean_two_or_stands_twice_means_none() {
    let (world, account) = world().await;
    world.model("rival/big-1-5", &[Route::new("chutes", "standin/normal")]).await;
    for (model, status, code) in [
        ("big-1.5", 404, "model_not_found"),
        ("acme/big", 404, "model_not_found"),
        ("supp", 404, "model_not_found"),
        ("", 400, "missing_model"),
        ("openrouter:acme/big-1.5", 503, "no_provider"),
        ("nobody:acme/big-1.5", 404, "model_not_found"),
        (" support", 404, "model_not_found"),
    ] {
        ask(&world, &account, "/v1/chat/completions", body(model).to_string()).await.refused(status, code);
    }
    // Whichever of two a reader takes, another may take the other.
    for twice in [
        r#"{"model":"test/model","model":"support","#,
        r#"{"model":"support","mod\u0065l":"test/model","#,
        r#"{"model":"support","Model":"test/model","#,
        r#"{"model":["support","test/model"],"#,
        r#"{"model":"support","models":["test/model"],"#,
    ] {
        let body = format!(r#"{twice}"messages":[{{"role":"user","content":"Hello"}}]}}"#);
        ask(&world, &account, "/v1/chat/completions", body).await.refused(400, "invalid_request");
    }
    let exact = ask(&world, &account, "/v1/chat/completions", body("rival/big-1.5").to_string()).await.success();
    assert_eq!(exact["model"], "rival/big-1-5");
    // An alias of a model that is disabled means nothing, and not another model either.
    world.sql(&format!("update gateway.models set enabled = false where id = '{MEANT}'")).await;
    ask(&world, &account, "/v1/chat/completions", body("support").to_string()).await.refused(404, "model_not_found");
    world.assert_ledger_clean().await;
}
