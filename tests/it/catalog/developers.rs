//! A developer's models.

use serde_json::json;
use tests::world::{Route, World};

use super::{data, get, ids, seeded};

#[tokio::test]
async fn a_developers_models_are_those_that_say_so_page_by_page() {
    let world = seeded().await;
    let all = get(&world, "/v1/models").await.success();
    let of = |name: &str| {
        let made = data(&all).iter().filter(|model| model["owned_by"] == name);
        made.map(|model| model["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let mut developers: Vec<&str> =
        data(&all).iter().map(|model| model["owned_by"].as_str().expect("a developer")).collect();
    developers.sort_unstable();
    developers.dedup();
    assert!(developers.len() > 3 && of("openai").len() > 2, "{developers:?}");
    for name in developers {
        for path in ["/models/developers/", "/catalog/models/developers/", "/api/models/developers/[name]?name="] {
            let list = get(&world, &format!("{path}{name}")).await;
            assert_eq!(ids(&list.success()), of(name), "{path}{name}");
            assert!(list.headers["cache-control"].to_str().expect("text").starts_with("public"));
        }
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    while seen.len() < of("openai").len() {
        let page = get(&world, &format!("/models/developers/openai?limit=1{cursor}")).await.success();
        seen.extend(ids(&page));
        assert_eq!(page["has_more"], json!(seen.len() < of("openai").len()));
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap_or_default().replace('/', "%2F"));
    }
    assert_eq!(seen, of("openai"));
    assert_eq!(
        data(&get(&world, "/models/developers/openai").await.success())[0],
        data(&get(&world, "/models?search=openai/").await.success())[0]
    );
}

#[tokio::test]
async fn a_developer_without_models_is_not_found() {
    let world = World::start().await;
    world.model("other/model", &[Route::new("chutes", "x")]).await;
    world.sql("update gateway.models set developer = 'other', enabled = false where id = 'other/model'").await;
    for name in ["nobody", "other", "Test", "test%20", "te%25t"] {
        let error = get(&world, &format!("/models/developers/{name}")).await.refused(404, "developer_not_found");
        assert_eq!(error["param"], "name");
    }
    assert_eq!(ids(&get(&world, "/models/developers/test").await.success()), ["test/model"]);
}
