//! The list of keys.

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::{PATH, ask, make, revoke, show};

async fn list(world: &World, owner: &Account, query: &str) -> Answer {
    ask(world, Method::GET, &format!("{PATH}{query}"), &owner.key, &Value::Null).await
}

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().expect("keys").iter().map(|key| key["id"].as_str().expect("an id").to_owned()).collect()
}

/// Seven keys besides the owner's own, of which the clock makes the last the newest.
async fn seven(world: &World) -> (Account, Vec<Account>) {
    let owner = world.account(0).await;
    let mut keys = Vec::new();
    for i in 0..7 {
        // Twice at the same moment.
        world.set_clock(&format!("2090-03-15 12:0{}Z", i / 2)).await;
        let environment = if i % 3 == 0 { "test" } else { "live" };
        let settings = json!({"name": format!("key {i}"), "environment": environment, "expires_in_days": i + 1});
        keys.push(make(world, &owner, settings).await.0);
    }
    (owner, keys)
}

#[tokio::test]
async fn keys_are_listed_newest_first_page_by_page() {
    let world = World::start().await;
    let (owner, keys) = seven(&world).await;
    make(&world, &world.account(0).await, json!({})).await;
    let all = list(&world, &owner, "").await.success();
    assert_eq!((&all["object"], &all["has_more"], &all["next_cursor"]), (&json!("list"), &json!(false), &Value::Null));
    let newest_first = ids(&all);
    assert_eq!(newest_first.len(), 8);
    assert_eq!((&newest_first[0], &newest_first[7]), (&keys[6].key_id.to_string(), &owner.key_id.to_string()));
    assert_eq!(all["data"][0], show(&world, &owner, &keys[6]).await);
    let made_at: Vec<&str> =
        all["data"].as_array().expect("keys").iter().filter_map(|key| key["created_at"].as_str()).collect();
    assert!(made_at.is_sorted_by(|a, b| a >= b), "{made_at:?}");
    for size in [1, 3, 7, 8] {
        let (mut seen, mut query) = (Vec::new(), format!("?limit={size}"));
        loop {
            let page = list(&world, &owner, &query).await.success();
            seen.extend(ids(&page));
            let Some(cursor) = page["next_cursor"].as_str() else {
                assert_eq!(page["has_more"], false);
                break;
            };
            assert_eq!((page["has_more"].clone(), ids(&page).len()), (json!(true), size));
            query = format!("?limit={size}&cursor={cursor}");
        }
        assert_eq!(seen, newest_first, "{size} a page");
    }
}

#[tokio::test]
async fn keys_are_found_by_environment_and_status() {
    let world = World::start().await;
    let (owner, keys) = seven(&world).await;
    revoke(&world, &owner, &keys[6]).await.success();
    world.set_clock("2090-03-18 12:00Z").await;
    let found = async |query: &str| {
        let mut found = ids(&list(&world, &owner, query).await.success());
        found.sort_unstable();
        found
    };
    let of = |places: &[usize]| {
        let mut ids: Vec<String> = places.iter().map(|place| keys[*place].key_id.to_string()).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(found("?environment=test").await, of(&[0, 3, 6]));
    assert_eq!(found("?status=expired").await, of(&[0, 1]));
    assert_eq!(found("?status=revoked").await, of(&[6]));
    assert_eq!(found("?status=active&environment=test").await, of(&[3]));
    assert_eq!(found("?status=expired&environment=staging").await, of(&[]));
    assert_eq!(found("?status=all").await.len(), 8);
    // Pages of what is found, not of all.
    let page = list(&world, &owner, "?environment=test&limit=2").await.success();
    assert_eq!(ids(&page), [keys[6].key_id.to_string(), keys[3].key_id.to_string()]);
    let rest = format!("?environment=test&cursor={}", page["next_cursor"].as_str().expect("a cursor"));
    assert_eq!(found(&rest).await, of(&[0]));
}

#[tokio::test]
async fn a_cursor_or_filter_that_is_none_is_refused_and_nobodys_cursor_finds_nothing() {
    let world = World::start().await;
    let (owner, stranger) = (world.account(0).await, world.account(0).await);
    for path in [PATH, "/user/rate-limits"] {
        for (query, param) in
            [("?cursor=x", "cursor"), ("?cursor=", "cursor"), ("?cursor=1", "cursor"), ("?limit=101", "limit")]
        {
            let refused = ask(&world, Method::GET, &format!("{path}{query}"), &owner.key, &Value::Null).await;
            assert_eq!(refused.refused(400, "invalid_request")["param"], param, "{path}{query}");
        }
        let foreign = format!("{path}?cursor={}", stranger.key_id);
        let page = ask(&world, Method::GET, &foreign, &owner.key, &Value::Null).await.success();
        assert_eq!((&page["data"], &page["has_more"]), (&json!([]), &json!(false)), "{path}");
    }
    for query in ["?environment=production", "?status=dead", "?limit=x"] {
        list(&world, &owner, query).await.refused(400, "invalid_request");
    }
    list(&world, &owner, "?name=x").await.refused(400, "unknown_field");
}

#[tokio::test]
async fn what_is_no_id_is_nobodys_key() {
    let world = World::start().await;
    let owner = world.account(0).await;
    for id in ["x", "1", "%00", "%F0%9F%94%91", "00000000-0000-0000-0000-000000000000", &"a".repeat(2_000)] {
        for (method, rest, body) in [
            (Method::GET, "", Value::Null),
            (Method::PATCH, "", json!({"name": "x"})),
            (Method::DELETE, "", Value::Null),
            (Method::POST, "/rotate", json!({})),
        ] {
            let asked = ask(&world, method.clone(), &format!("{PATH}/{id}{rest}"), &owner.key, &body).await;
            asked.refused(404, "api_key_not_found");
        }
        let path = format!("/user/rate-limits/{id}");
        ask(&world, Method::PUT, &path, &owner.key, &json!({})).await.refused(404, "api_key_not_found");
    }
    // Who asks goes before what is asked.
    ask(&world, Method::GET, &format!("{PATH}/x"), &format!("gw_live_{}", "x".repeat(43)), &Value::Null)
        .await
        .refused(401, "invalid_api_key");
}
