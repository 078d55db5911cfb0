//! What the migrations are written like, and where they run.

use std::fs;

use local::database::{Cluster, Source};
use local::platform::repository;
use serde_json::json;
use tests::world::World;

/// Each migration's name and its statements, without comments, in lower case.
fn migrations() -> Vec<(String, String)> {
    let folder = repository().join("supabase/migrations");
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).expect("a file").to_lowercase();
        let code: Vec<&str> = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, code.join(" ").split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let migrations: Vec<_> = files.map(read).collect();
    assert!(migrations.len() >= 16);
    migrations
}

#[test]
fn no_migration_grants_anything_but_execution_to_the_service() {
    let mut grants = 0;
    for (name, code) in migrations() {
        for statement in code.split(';').map(str::trim) {
            // Inside a function `grant` would be a variable or text.
            let Some(granted) = statement.strip_prefix("grant ") else {
                assert!(
                    !statement.contains(" grant execute") && !statement.contains(" grant all"),
                    "{name}: {statement}"
                );
                continue;
            };
            grants += 1;
            let (what, to) = granted.rsplit_once(" to ").expect("a role");
            assert_eq!(to, "service_role", "{name}: {statement}");
            assert!(what.starts_with("execute on function public."), "{name}: {statement}");
        }
        assert!(!code.contains("disable row level security") && !code.contains("create policy"), "{name}");
    }
    assert!(grants >= 10, "{grants}");
}

#[tokio::test]
async fn the_schema_needs_no_extension() {
    for (name, code) in migrations() {
        assert!(!code.contains("create extension"), "{name}");
    }
    let world = World::start().await;
    let installed = "select jsonb_agg(extname) from pg_extension";
    assert_eq!(world.value(installed).await, json!(["plpgsql"]));
}

#[tokio::test]
async fn every_migration_runs_on_an_installed_postgres() {
    let path = |name: &str| match name {
        "GATEWAY_DATABASE" => Some("installed".to_owned()),
        name => std::env::var(name).ok(),
    };
    let Ok(source) = Source::detect(path, None) else {
        tests::skipped("the migrations on an installed Postgres: there is none");
        return;
    };
    let cluster = Cluster::start(source, &repository().join("supabase/migrations"), &[]).await.expect("migrated");
    let database = cluster.create_database().await.expect("a database");
    let rows = database
        .query(
            "select (select count(*) from supabase_migrations.schema_migrations), current_setting('server_version')",
            &[],
        )
        .await
        .expect("a row");
    let (applied, version): (i64, String) = (rows[0].get(0), rows[0].get(1));
    assert_eq!(usize::try_from(applied).expect("a count"), migrations().len(), "Postgres {version}");
}
