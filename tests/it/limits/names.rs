//! A limit is known by its name wherever it is spoken of: in the plans' columns, in SQL's list, in the text that the
//! database hands to the limiter, in Rust's table, and in what Redis answers. A new one cannot be forgotten anywhere.

use std::collections::BTreeSet;

use local::upstash::Reply;
use serde_json::{Value, json};
use shared::limits::LIMITS;
use tests::world::{Account, World};

use super::{call, limited, world};

fn known() -> BTreeSet<String> {
    LIMITS.iter().map(|limit| limit.name.to_owned()).collect()
}

/// The names in a JSON array of texts.
fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// The limits of an account's key as the database words them.
async fn worded(world: &World, account: &Account) -> String {
    let text = world
        .value(&format!(
            "select to_jsonb(gateway.limits(a, k, p)) from gateway.accounts a, gateway.api_keys k, gateway.plans p
             where a.id = '{}' and k.id = '{}' and p.id = gateway.plan_in_force(a, gateway.now())",
            account.id, account.key_id
        ))
        .await;
    text.as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn plans_sql_and_rust_name_the_same_limits() {
    let world = World::start().await;
    let listed = world.value("select to_jsonb(gateway.limit_names())").await;
    assert_eq!(names(&listed), known());
    let columns = world
        .value(
            "select jsonb_agg(attname::text) from pg_attribute
             where attrelid = 'gateway.plans'::regclass and attnum > 0 and not attisdropped
               and atttypid = 'bigint'::regtype and attname not in ('price_per_month', 'price_per_year', 'credits_per_month')",
        )
        .await;
    let months = names(&world.value("select to_jsonb(gateway.month_limit_names())").await);
    assert!(months.is_disjoint(&known()), "{months:?}");
    assert_eq!(names(&columns), &known() | &months);
    let shown = world.value("select jsonb_agg(name) from jsonb_object_keys(gateway.limits_view('{}')) as name").await;
    assert_eq!(names(&shown), names(&columns));
}

#[tokio::test]
async fn the_text_of_the_database_names_every_limit_of_key_and_account() {
    let world = world().await;
    let plain = world.account(1_000_000_000).await;
    let own = limited(&world, json!({ "burst": 7 })).await;
    for account in [&plain, &own] {
        let text = worded(&world, account).await;
        let mut pairs = text.split(' ').map(|pair| pair.split_once('=').expect("a pair"));
        assert_eq!(pairs.next(), Some(("account", account.id.to_string().as_str())), "{text}");
        assert_eq!(pairs.next(), Some(("key", account.key_id.to_string().as_str())), "{text}");
        assert_eq!(pairs.next(), Some(("plan", "customize")), "{text}");
        let mut named = BTreeSet::new();
        for (name, figures) in pairs {
            let (of_key, of_account) = figures.split_once('/').expect("two figures");
            assert!(of_key.parse::<u64>().is_ok() && of_account.parse::<u64>().is_ok(), "{text}");
            assert!(named.insert(name.to_owned()), "{text}");
        }
        assert_eq!(named, known(), "{text}");
    }
}

#[tokio::test]
async fn the_same_limits_are_the_same_text_however_they_come_about() {
    let world = world().await;
    let account = world.account(1_000_000_000).await;
    world.change_account(&account, "rate_limits = '{}'").await;
    let ready = worded(&world, &account).await;
    // A limit that changes nothing, so that the text is not the one that lies ready with the plan.
    let figure = ready.split("burst=").nth(1).and_then(|rest| rest.split('/').next()).expect("a figure").to_owned();
    world.limit(account.id, &json!({ "burst": figure.parse::<u64>().expect("a number") })).await;
    assert_eq!(worded(&world, &account).await, ready);
    // The plan's own figures change the text that lies ready.
    world.change_account(&account, "rate_limits = '{}'").await;
    world.sql("update gateway.plans set burst = burst + 1").await;
    let changed = worded(&world, &account).await;
    assert_ne!(changed, ready);
    let raised = figure.parse::<u64>().expect("a number") + 1;
    assert_eq!(changed, ready.replace(&format!("burst={figure}/{figure}"), &format!("burst={raised}/{raised}")));
}

#[tokio::test]
async fn limits_cached_in_another_form_are_a_miss_and_no_error() {
    let world = world().await;
    let account = limited(&world, json!({ "requests_per_minute": 100 })).await;
    let cache = format!("limits:{}", world.hash(&account.key));
    let by_position = format!("{},{},9,9,9,9,9,9,9,9,9,9,9,9,9,9", account.id, account.key_id);
    let text = worded(&world, &account).await;
    let without_one = text.replace(" concurrency=", " at_a_time=");
    for stale in [by_position.as_str(), without_one.as_str(), "", "account= key="] {
        world.platform.upstash.execute(&["SET", &cache, stale]).await.expect("SET");
        let answer = call(&world, &account).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-degraded")), (200, ""), "{stale}: {}", answer.text);
        assert_eq!(answer.header("x-ratelimit-limit-requests"), "100", "{stale}");
        let cached = world.platform.upstash.execute(&["GET", &cache]).await.expect("GET");
        assert_eq!(cached, Reply::Bulk(text.clone().into_bytes()), "{stale}");
    }
}
