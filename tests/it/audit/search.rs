//! The trail as administrators search it.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::World;
use uuid::Uuid;

use super::all_pages;

const PATH: &str = "/admin/audit-logs";

/// What the entries of these tests differ by.
struct Cast {
    accounts: [Uuid; 3],
    keys: [Uuid; 3],
}

const ACTIONS: [&str; 6] = ["key.create", "key.revoke", "keyring.open", "key", "role.assign", "sign_in"];

/// Puts `count` entries on the trail, an hour apart, whose members go round in different rhythms.
async fn write(world: &World, cast: &Cast, from: usize, count: usize) {
    let at = |i: usize| format!("2027-03-{:02} {:02}:00Z", 1 + i / 24, i % 24);
    for i in from..from + count {
        world.set_clock(&at(i)).await;
        let (actor, target) = (cast.accounts[i % 3], cast.accounts[i / 3 % 3]);
        let (key, about) = (cast.keys[i % 2], cast.keys[i / 2 % 3]);
        let caller = json!({
            "ip": if i % 4 == 0 { "2001:db8::7".to_owned() } else { format!("192.0.2.{}", i % 4) },
            "user_agent": "console", "request_id": format!("request-{}", i % 10),
        });
        world
            .sql(&format!(
                "select gateway.audit('{caller}', '{actor}', '{key}', '{}', '{target}', '{about}', '{{\"i\": {i}}}')",
                ACTIONS[i % ACTIONS.len()]
            ))
            .await;
    }
}

async fn written() -> (World, String, Cast) {
    let world = World::start().await;
    let admin = world.administrator().await;
    let cast = Cast { accounts: [(); 3].map(|()| Uuid::new_v4()), keys: [(); 3].map(|()| Uuid::new_v4()) };
    write(&world, &cast, 0, 72).await;
    // Entries of nobody about nothing.
    world.sql("select gateway.audit('{}', null, null, 'key.create', null, null, '{}')").await;
    (world, admin.key, cast)
}

/// A search, and whether an entry belongs to what it finds.
type Search = (String, Box<dyn Fn(&Value) -> bool>);

fn is(member: &'static str, value: impl Into<Value>) -> Box<dyn Fn(&Value) -> bool> {
    let value = value.into();
    Box::new(move |entry| entry[member] == value)
}

fn searches(cast: &Cast) -> Vec<Search> {
    let (actor, target) = (cast.accounts[1].to_string(), cast.accounts[2].to_string());
    let (about_and_by, about) = (cast.keys[0].to_string(), cast.keys[2].to_string());
    let text = |entry: &Value, member: &str| entry[member].as_str().unwrap_or_default().to_owned();
    let concerns = |key: String| move |entry: &Value| entry["actor_key_id"] == *key || entry["target_id"] == *key;
    let (one, two) = (concerns(about_and_by.clone()), concerns(about.clone()));
    let both = (actor.clone(), target.clone());
    vec![
        ("".to_owned(), Box::new(|_| true)),
        ("action=key.create".to_owned(), is("action", "key.create")),
        // Exact: neither key.create nor keyring.open.
        ("action=key".to_owned(), is("action", "key")),
        // What begins so: not keyring.open, nor key itself.
        ("action=key.".to_owned(), Box::new(move |entry| text(entry, "action").starts_with("key."))),
        ("action=k".to_owned(), Box::new(|_| false)),
        ("action=.".to_owned(), Box::new(|_| false)),
        ("action=key.%25".to_owned(), Box::new(|_| false)),
        (format!("actor_account_id={actor}"), is("actor_account_id", actor.clone())),
        (format!("target_account_id={target}"), is("target_account_id", target.clone())),
        (format!("actor_account_id={}", Uuid::new_v4()), Box::new(|_| false)),
        (format!("key_id={about_and_by}"), Box::new(one)),
        (format!("key_id={about}"), Box::new(two)),
        ("ip=192.0.2.3".to_owned(), is("ip", "192.0.2.3")),
        ("ip=2001:DB8:0::7".to_owned(), is("ip", "2001:db8::7")),
        ("request_id=request-3".to_owned(), is("request_id", "request-3")),
        ("request_id=request".to_owned(), Box::new(|_| false)),
        (
            "from=2027-03-01T05:00:00Z&to=2027-03-02T05:00:00Z".to_owned(),
            Box::new(|entry| (5..29).contains(&entry["details"]["i"].as_i64().unwrap_or(99))),
        ),
        (
            format!("actor_account_id={actor}&target_account_id={target}&action=key.&to=2027-03-03T00:00:00Z"),
            Box::new(move |entry| {
                (entry["actor_account_id"] == *both.0 && entry["target_account_id"] == *both.1)
                    && entry["action"].as_str().is_some_and(|action| action.starts_with("key."))
                    && entry["details"]["i"].as_i64().is_some_and(|i| i < 48)
            }),
        ),
    ]
}

fn ids<'a>(entries: impl IntoIterator<Item = &'a Value>) -> Vec<i64> {
    entries.into_iter().map(|entry| entry["id"].as_i64().expect("an id")).collect()
}

#[tokio::test]
async fn every_filter_and_every_page_size_gives_exactly_the_matching_entries_newest_first() {
    let (world, admin, cast) = written().await;
    let all = world.value("select jsonb_agg(l order by id desc) from gateway.audit_logs l").await;
    let all = all.as_array().expect("rows");
    assert_eq!(all.len(), 73);
    let mut found_some = 0;
    for (query, wanted) in searches(&cast) {
        let wanted = ids(all.iter().filter(|entry| wanted(entry)));
        found_some += usize::from(!wanted.is_empty());
        for limit in [1, 7, 36, 73, 100] {
            let found = all_pages(&world, &format!("{PATH}?{query}"), &admin, limit, async || {}).await;
            assert_eq!(ids(&found), wanted, "{query}, {limit} a page");
        }
    }
    assert!(found_some >= 12, "{found_some}");
}

#[tokio::test]
async fn the_pages_are_complete_while_new_entries_arrive() {
    let (world, admin, cast) = written().await;
    let all = world.value("select jsonb_agg(l order by id desc) from gateway.audit_logs l").await;
    let all = all.as_array().expect("rows");
    let newest = all[0]["id"].as_i64().expect("an id");
    for (query, wanted) in searches(&cast) {
        let wanted = ids(all.iter().filter(|entry| wanted(entry)));
        let mut written = 72;
        let found = all_pages(&world, &format!("{PATH}?{query}"), &admin, 20, async || {
            write(&world, &cast, written, 6).await;
            written += 6;
        })
        .await;
        // Nothing twice, nothing left out, nothing that came later than the first page.
        let first = ids(&found).first().copied().unwrap_or_default();
        let before: Vec<i64> = ids(&found).into_iter().filter(|id| *id <= newest).collect();
        assert_eq!(before, wanted, "{query}");
        let mut sorted = ids(&found);
        sorted.dedup();
        assert!(sorted.is_sorted_by(|a, b| a > b) && sorted.len() == found.len(), "{query}");
        assert!(found.iter().all(|entry| entry["id"].as_i64() <= Some(first)), "{query}");
    }
}

#[tokio::test]
async fn a_search_that_cannot_be_is_refused_and_says_why() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for (query, param) in [
        ("cursor=abc", "cursor"),
        ("cursor=-1", "cursor"),
        ("cursor=99999999999999999999", "cursor"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("to=-000001-01-01T00:00:00Z", "to"),
        ("from=yesterday", "from"),
        ("actor_account_id=me", "actor_account_id"),
        ("ip=localhost", "ip"),
        ("ip=10.0.0.0/8", "ip"),
    ] {
        let told = Answer::to(world.get(&format!("{PATH}?{query}"), &admin.key)).await.refused(400, "invalid_request");
        assert_eq!(told["param"], param, "{query}");
    }
    let told = Answer::to(world.get(&format!("{PATH}?account=x"), &admin.key)).await.refused(400, "unknown_field");
    assert_eq!(told["param"], "account");
    for query in ["action=%27%20or%201=1--", "action=%25", "request_id=%F0%9F%92%B0", "action=.", "action="] {
        Answer::to(world.get(&format!("{PATH}?{query}"), &admin.key)).await.success();
    }
}
