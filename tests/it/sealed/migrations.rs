//! What schemas and migrations are written like, and where they run.

use std::collections::BTreeMap;

use local::database::{Cluster, Source};
use local::schema::{Layout, SourceFile};
use serde_json::json;
use tests::world::World;

use super::created;

/// Each file of SQL that makes a database, by its path, and its statements without comments, in lower case.
fn code() -> BTreeMap<String, String> {
    let layout = Layout::of_repository();
    let read = |file: SourceFile| {
        let text = file.text.to_lowercase();
        let code: Vec<&str> = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        (file.path, code.join(" ").split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (schemas, migrations) = (layout.schemas().expect("schemas"), layout.migrations().expect("migrations"));
    assert!(!schemas.is_empty() && !migrations.is_empty());
    schemas.into_iter().chain(migrations).map(read).collect()
}

#[test]
fn nothing_is_granted_but_each_function_of_the_api_once_and_to_the_service() {
    let mut granted = Vec::new();
    for (path, code) in code() {
        for statement in code.split(';').map(str::trim) {
            // Inside a function `grant` would be a variable or text.
            let Some(grant) = statement.strip_prefix("grant ") else {
                assert!(
                    !statement.contains(" grant execute") && !statement.contains(" grant all"),
                    "{path}: {statement}"
                );
                continue;
            };
            let (what, to) = grant.rsplit_once(" to ").expect("a role");
            assert_eq!(to, "service_role", "{path}: {statement}");
            let function =
                what.strip_prefix("execute on function public.").unwrap_or_else(|| panic!("{path}: {statement}"));
            let (name, arguments) = function.split_once('(').expect("arguments");
            assert!(
                arguments.ends_with(')') && !arguments.contains('('),
                "{path}: one function a statement: {statement}"
            );
            if path.starts_with("supabase/schemas/") {
                granted.push(name.to_owned());
            }
        }
        assert!(!code.contains("disable row level security") && !code.contains("create policy"), "{path}");
    }
    granted.sort();
    assert_eq!(granted, created("function", "public").into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn the_schema_needs_no_extension() {
    for (path, code) in code() {
        assert!(!code.contains("create extension"), "{path}");
    }
    let world = World::start().await;
    let installed = "select jsonb_agg(extname) from pg_extension";
    assert_eq!(world.value(installed).await, json!(["plpgsql"]));
}

#[tokio::test]
async fn every_migration_and_seed_runs_on_an_installed_postgres() {
    let path = |name: &str| match name {
        "GATEWAY_DATABASE" => Some("installed".to_owned()),
        name => std::env::var(name).ok(),
    };
    let Ok(source) = Source::detect(path, None) else {
        tests::skipped("the migrations on an installed Postgres: there is none");
        return;
    };
    let layout = Layout::of_repository();
    let cluster = Cluster::start(source, layout.for_local().expect("migrations")).await.expect("migrated");
    let database = cluster.create_database().await.expect("a database");
    let rows = database
        .query(
            "select (select jsonb_agg(version || '_' || name || '.sql' order by version)
                     from supabase_migrations.schema_migrations),
                    (select jsonb_agg(path order by path) from supabase_migrations.seed_files)",
            &[],
        )
        .await
        .expect("a row");
    let names = |files: Vec<SourceFile>| files.iter().map(|file| file.name().to_owned()).collect::<Vec<_>>();
    let mut seeds: Vec<String> = layout.seeds().expect("seeds").into_iter().map(|seed| seed.path).collect();
    // The Supabase CLI records them by these paths, so that neither runs what the other has run.
    seeds.insert(0, "local/seed.sql".to_owned());
    let recorded = |column: usize| rows[0].get::<_, serde_json::Value>(column);
    assert_eq!(recorded(0), json!(names(layout.migrations().expect("migrations"))));
    assert_eq!(recorded(1), json!(seeds));
}
