//! A deployment whose pepper is not the one that keys were made under says so, and makes none that it would refuse.

use serde_json::{Value, json};
use shared::deployment::{self, Misfit};
use tests::answer::Answer;
use tests::world::World;

const OTHER: &str = "another-pepper-of-this-deployment-00001";

async fn health(world: &World, base_url: &str) -> (u16, Value) {
    let answer = Answer::to(world.http.get(format!("{base_url}/health"))).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_wrong_pepper_is_noticed_and_a_new_one_with_a_new_version_is_not_wrong() {
    let world = World::start().await;
    assert_eq!(health(&world, &world.base_url).await.0, 200);
    let own = &world.platform.variables()["API_KEY_PEPPER"];
    let wrong = world.another_gateway_with(&[("API_KEY_PEPPER", OTHER)]).await;
    let ring = format!("2:{OTHER},1:{own}");
    let renewed = world.another_gateway_with(&[("API_KEY_PEPPERS", &ring)]).await;
    for _ in 0..2 {
        let (status, body) = health(&world, &wrong).await;
        assert_eq!((status, &body["status"], &body["database"]), (503, &json!("degraded"), &json!("mismatch")));
        assert!(!body.to_string().contains("pepper"), "{body}");
        assert_eq!(health(&world, &world.base_url).await.0, 200);
    }
    assert_eq!(health(&world, &renewed).await.0, 200);
    // Known by now, whatever its number.
    assert_eq!(health(&world, &wrong).await.0, 200);
    // What is kept is no pepper.
    let kept = world.value("select jsonb_agg(fingerprint) from gateway.peppers").await.to_string();
    assert!(!kept.contains(OTHER) && !kept.contains(own.as_str()), "{kept}");
}

#[tokio::test]
async fn no_administrator_is_made_under_a_wrong_pepper() {
    let world = World::start().await;
    health(&world, &world.base_url).await;
    let variables = world.platform.variables().clone();
    let config = |pepper: Option<&str>| {
        shared::config::Config::from_lookup(|name| match (name, pepper) {
            ("API_KEY_PEPPER", Some(pepper)) => Some(pepper.to_owned()),
            _ => variables.get(name).cloned(),
        })
    };
    let refused = local::admin_command::create(config(Some(OTHER)), "root@test.example").await.expect_err("a refusal");
    assert_eq!(refused.to_string(), Misfit::WrongPepper(1).to_string());
    assert_eq!(world.value("select count(*) from gateway.accounts").await, json!(0));
    local::admin_command::create(config(None), "root@test.example").await.map_err(|e| e.to_string()).expect("one");
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_not_healthy() {
    let world = World::start().await;
    assert_eq!(health(&world, &world.base_url).await.0, 200);
    // As on a full disk.
    world
        .sql(
            "create function gateway.full() returns trigger language plpgsql as $$ begin
               raise exception sqlstate '53100' using message = 'could not extend file: No space left on device'; end $$;
             create trigger disk_full before insert on gateway.heartbeat for each row execute function gateway.full()",
        )
        .await;
    let (status, body) = health(&world, &world.base_url).await;
    assert_eq!((status, &body["status"], &body["database"]), (503, &json!("degraded"), &json!("unavailable")));
    assert!(!body.to_string().contains("space"), "{body}");
}

#[test]
fn the_migration_that_a_deployment_needs_is_the_newest_there_is() {
    let migrations = local::schema::Layout::of_repository().migrations().expect("migrations");
    let newest = migrations.last().expect("a migration").name().split('_').next().map(str::to_owned);
    assert_eq!(newest.as_deref(), Some(deployment::MIGRATION));
}
