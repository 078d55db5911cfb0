//! Nobody sees, and nobody counts, what is somebody else's.

use serde_json::json;
use tests::world::{World, hello};

use super::{another_key, get, raw, record_many, sums};

#[tokio::test]
async fn another_accounts_requests_are_neither_counted_nor_shown() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:30Z").await;
    let (busy, idle) = (world.account(1_000_000_000).await, world.administrator().await);
    record_many(&world, &busy, "test/secret", ("2027-03-17 02:00Z", "1 minute"), 300, 5).await;
    world.completion(&busy.key, &hello(&json!({}))).await;
    world.settled().await;
    for path in [
        "/user/monitor".to_owned(),
        "/user/environment-usage?from=2027-01-01T00:00:00Z".to_owned(),
        "/user/activity/stats".to_owned(),
        "/user/activity/log".to_owned(),
        format!("/user/activity/log?key_id={}", busy.key_id),
        "/user/activity/log?model=test/secret".to_owned(),
        "/user/api-keys/usage".to_owned(),
    ] {
        let text = get(&world, &idle, &path).await.to_string();
        for secret in ["test/secret", &busy.key_id.to_string(), &busy.id.to_string(), "openrouter"] {
            assert!(!text.contains(secret), "{path}: {text}");
        }
    }
    assert_eq!(sums(&get(&world, &idle, "/user/monitor").await["all_time"]), [0; 9]);
    assert_eq!(sums(&get(&world, &busy, "/user/monitor").await["all_time"]), raw(&world, &busy, "true").await);
    // By the place of one of the other's requests.
    let first = get(&world, &busy, "/user/activity/log?limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("more");
    let page = get(&world, &idle, &format!("/user/activity/log?cursor={cursor}")).await;
    assert_eq!((&page["data"], &page["has_more"]), (&json!([]), &json!(false)));
}

#[tokio::test]
async fn the_pages_of_keys_hold_every_key_of_the_account_once() {
    let world = World::start().await;
    world.set_clock("2027-03-17 12:30Z").await;
    let (account, stranger) = (world.account(0).await, world.account(0).await);
    another_key(&world, &stranger, "live").await;
    let mut keys = vec![account.key_id.to_string()];
    for at in 0..8 {
        let key = another_key(&world, &account, "staging").await;
        record_many(&world, &key, "m", ("2027-03-17 12:00Z", "0 s"), at, 0).await;
        keys.push(key.key_id.to_string());
    }
    // A revoked one has used what it used.
    world.sql(&format!("update gateway.api_keys set revoked_at = gateway.now() where id = '{}'", keys[8])).await;
    for limit in [1, 2, 4, 8, 9, 10] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = get(&world, &account, &format!("/user/api-keys/usage?limit={limit}{cursor}")).await;
            for entry in page["data"].as_array().expect("data") {
                seen.push((entry["key_id"].as_str().expect("an id").to_owned(), sums(&entry["usage"])[0]));
            }
            assert!(seen.len() <= keys.len(), "the pages never end");
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        // The last one made comes first.
        let used = [7, 6, 5, 4, 3, 2, 1, 0, 0];
        let wanted: Vec<_> = keys.iter().rev().cloned().zip(used).collect();
        assert_eq!(seen, wanted, "{limit} a page");
    }
}
