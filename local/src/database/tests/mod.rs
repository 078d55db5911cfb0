//! The database of this machine: an installed Postgres if there is one, else the embedded engine.
mod server;

use super::*;
use std::fs;
use tempfile::TempDir;

fn source() -> Source {
    Source::detect(|name| std::env::var(name).ok(), None).expect("a source")
}

/// A folder of migrations, by name and SQL.
fn migrations(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, sql) in files {
        fs::write(folder.path().join(name), sql).expect("a file");
    }
    folder
}

/// A fresh database without migrations.
async fn database() -> Database {
    match source() {
        // Not the given server's own database: these tests change it.
        url @ Source::Url(_) => {
            let cluster = Cluster::start(url, Blueprint::default()).await.expect("a cluster");
            cluster.create_database().await.expect("a database")
        }
        other => Database::start(other, None).await.expect("a database"),
    }
}

/// Applies a folder's migrations.
async fn migrate(database: &Database, folder: &Path) -> Result<Migrated, DatabaseError> {
    database.apply(&Blueprint::migrations(folder)?).await
}

async fn text(database: &Database, sql: &str) -> String {
    database.query(sql, &[]).await.expect("a row")[0].get(0)
}

const FIRST: (&str, &str) =
    ("20260101000000_first.sql", "create table public.t (n integer); insert into t values (1);");
const SECOND: (&str, &str) = ("20260102000000_second.sql", "insert into public.t select n + 1 from public.t;");

#[tokio::test]
async fn a_migration_runs_once_and_in_order() {
    let database = database().await;
    let folder = migrations(&[SECOND, FIRST]);
    let migrated = migrate(&database, folder.path()).await.expect("migrated");
    assert_eq!(migrated.applied, [FIRST.0, SECOND.0]);
    assert_eq!(migrate(&database, folder.path()).await.expect("migrated"), Migrated::default());
    let records = "select string_agg(version || name, ',' order by version) from supabase_migrations.schema_migrations";
    assert_eq!(text(&database, records).await, "20260101000000first,20260102000000second");
    assert_eq!(text(&database, "select string_agg(n::text, ',' order by n) from public.t").await, "1,2");
}

#[tokio::test]
async fn history_cannot_be_rewritten() {
    let database = database().await;
    let folder = migrations(&[FIRST, SECOND]);
    migrate(&database, folder.path()).await.expect("migrated");
    let changed = migrations(&[FIRST, (SECOND.0, "select 1")]);
    let error = migrate(&database, changed.path()).await.expect_err("a changed migration");
    assert!(error.to_string().contains("--fresh"), "{error}");
    assert!(matches!(error, DatabaseError::MigrationChanged { file } if file == SECOND.0));
    let gone = migrate(&database, migrations(&[FIRST]).path()).await;
    assert!(matches!(gone, Err(DatabaseError::MigrationGone { .. })));
    let between = migrations(&[FIRST, ("20260101120000_between.sql", "select 1"), SECOND]);
    let late = migrate(&database, between.path()).await;
    assert!(matches!(late, Err(DatabaseError::MigrationOrder { .. })));
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_and_says_where() {
    let database = database().await;
    let broken = migrations(&[("1_broken.sql", "create table public.t (n integer);\nselect\n  wrong;")]);
    let error = migrate(&database, broken.path()).await.expect_err("a broken migration");
    let DatabaseError::Migration { line, message, .. } = error else { panic!("{error}") };
    assert!(line == 3 && message.contains("wrong"), "{line}: {message}");
    assert_eq!(text(&database, "select (to_regclass('public.t') is null)::text").await, "true");
    for name in ["nameless.sql", "x1_letters.sql"] {
        let misnamed = migrate(&database, migrations(&[(name, "select 1")]).path()).await;
        assert!(matches!(misnamed, Err(DatabaseError::MigrationName { .. })));
    }
}

#[tokio::test]
async fn a_seed_runs_again_when_it_has_changed() {
    let database = database().await;
    let folder = migrations(&[("seed.sql", "create table if not exists public.s (n integer)")]);
    let seed = || Blueprint::default().with_seeds(folder.path(), &["seed.sql"]).expect("a seed");
    let first = database.apply(&seed()).await.expect("seeded");
    assert_eq!(first.seeded, ["seed.sql"]);
    assert_eq!(database.apply(&seed()).await.expect("seeded"), Migrated::default());
    fs::write(folder.path().join("seed.sql"), "insert into public.s values (1)").expect("a file");
    assert_eq!(database.apply(&seed()).await.expect("seeded").seeded, ["seed.sql"]);
    assert_eq!(text(&database, "select count(*)::text from public.s").await, "1");
}

#[tokio::test]
async fn schemas_run_in_the_order_of_their_names_and_whole_or_not_at_all() {
    let database = database().await;
    let schemas =
        [("20_rows.sql", "insert into public.t values (1);"), ("10_t.sql", "create table public.t (n integer);")];
    let broken = migrations(&[schemas[0], schemas[1], ("30_broken.sql", "select 1;\nselect wrong;")]);
    let blueprint = Blueprint::schemas(broken.path()).expect("schemas");
    let error = database.apply(&blueprint).await.expect_err("a broken schema");
    let DatabaseError::Schema { file, line, message } = error else { panic!("{error}") };
    assert!(file == "30_broken.sql" && line == 2 && message.contains("wrong"), "{file}:{line}: {message}");
    let whole = migrations(&schemas);
    let blueprint = Blueprint::schemas(whole.path()).expect("schemas");
    assert_eq!(database.apply(&blueprint).await.expect("made"), Migrated::default());
    assert_eq!(text(&database, "select string_agg(n::text, ',') from public.t").await, "1");
}

#[tokio::test]
async fn migrations_can_end_where_a_release_did() {
    let database = database().await;
    let folder = migrations(&[FIRST, SECOND]);
    let then = Blueprint::migrations(folder.path()).expect("migrations").up_to(FIRST.0);
    assert_eq!(database.apply(&then).await.expect("migrated").applied, [FIRST.0]);
    assert_eq!(migrate(&database, folder.path()).await.expect("migrated").applied, [SECOND.0]);
}

#[tokio::test]
async fn what_a_migration_makes_in_public_is_open_until_revoked() {
    let database = database().await;
    let folder = migrations(&[(
        "1_functions.sql",
        "create function public.open() returns integer language sql as 'select 1';
         create function public.sealed() returns integer language sql as 'select 1';
         revoke execute on function public.sealed() from public;",
    )]);
    migrate(&database, folder.path()).await.expect("migrated");
    for role in ["anon", "authenticated", "service_role"] {
        for function in ["open", "sealed"] {
            let sql = format!("select has_function_privilege('{role}', 'public.{function}()', 'execute')::text");
            assert_eq!(text(&database, &sql).await, "true", "{role} {function}");
        }
    }
    let attributes = "select string_agg(rolname || rolbypassrls || rolcanlogin, ',' order by rolname) from pg_roles \
                      where rolname in ('anon', 'authenticator', 'service_role')";
    assert_eq!(text(&database, attributes).await, "anonfalsefalse,authenticatorfalsetrue,service_roletruefalse");
}

#[tokio::test]
async fn what_a_migration_has_closed_stays_closed() {
    let database = database().await;
    let folder = migrations(&[(
        "1_closed.sql",
        "alter default privileges in schema public revoke execute on functions from public, anon, authenticated;
         alter default privileges revoke execute on functions from public;",
    )]);
    migrate(&database, folder.path()).await.expect("migrated");
    migrate(&database, folder.path()).await.expect("migrated again");
    database.execute("create function public.later() returns integer language sql as 'select 1'").await.expect("made");
    for (role, allowed) in [("anon", "false"), ("authenticated", "false"), ("service_role", "true")] {
        let sql = format!("select has_function_privilege('{role}', 'public.later()', 'execute')::text");
        assert_eq!(text(&database, &sql).await, allowed, "{role}");
    }
}

#[tokio::test]
async fn work_cut_short_costs_its_connection_and_no_more() {
    let database = database().await;
    let lease = database.pool().acquire().await.expect("a connection");
    lease.connection.client.batch_execute("begin; create table public.half (n integer)").await.expect("a start");
    drop(lease);
    assert_eq!(text(&database, "select (to_regclass('public.half') is null)::text").await, "true");
}

#[tokio::test]
async fn copies_of_a_cluster_are_apart() {
    let folder = migrations(&[FIRST]);
    let cluster =
        Cluster::start(source(), Blueprint::migrations(folder.path()).expect("migrations")).await.expect("a cluster");
    let (one, two) = tokio::join!(cluster.create_database(), cluster.create_database());
    let (one, two) = (one.expect("a database"), two.expect("a database"));
    one.execute("insert into public.t values (7)").await.expect("a row");
    assert_eq!(text(&one, "select count(*)::text from public.t").await, "2");
    assert_eq!(text(&two, "select count(*)::text from public.t").await, "1");
    let url = one.url().to_owned();
    drop(one);
    assert!(tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_err(), "dropped with its handle");
    assert_eq!(text(&two, "select count(*)::text from public.t").await, "1");
}

#[tokio::test]
async fn a_real_server_takes_many_connections() {
    let database = database().await;
    if database.max_connections() == 1 {
        crate::skipped("a_real_server_takes_many_connections: the embedded engine has one");
        return;
    }
    let mut leases = Vec::new();
    for _ in 0..database.max_connections() {
        leases.push(database.pool().acquire().await.expect("a connection"));
    }
    let further = database.pool().acquire();
    assert!(futures_util::FutureExt::now_or_never(further).is_none(), "one more has to wait");
}

#[test]
fn the_database_in_a_url_is_replaced() {
    for (url, expected) in [
        ("postgres://u:p@h:1/a", "postgres://u:p@h:1/b"),
        ("postgres://u@h", "postgres://u@h/b"),
        ("postgres://u@h/a?sslmode=disable&host=/x", "postgres://u@h/b?sslmode=disable&host=/x"),
        ("host=/x user=u", "host=/x user=u dbname=b"),
    ] {
        assert_eq!(with_database(url, "b"), expected);
    }
}
