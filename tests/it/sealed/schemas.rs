//! supabase/schemas is where everything is said, once, and the migrations make the same of a database.

use std::collections::BTreeSet;
use std::fs;

use local::database::{DatabaseError, Source};
use local::schema::statements::{Statement, created_twice, statements};
use local::schema::{Catalog, Difference, Layout, differences, upgrades};
use tests::world::World;

use super::created;

fn source() -> Result<Source, DatabaseError> {
    Source::detect(|name| std::env::var(name).ok(), None)
}

fn shown(differences: &[Difference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_migrations_make_what_the_schemas_say() {
    let found = differences(&Layout::of_repository(), source().expect("a source")).await.expect("two databases");
    assert!(found.is_empty(), "- by the migrations, + by the schemas:\n{}", shown(&found));
    // The comparison is of everything there is.
    let world = World::start().await;
    let catalog = Catalog::read(&world.platform.database).await.expect("a catalog");
    let functions = created("function", "public").len() + created("function", "gateway").len();
    assert_eq!(catalog.count("function"), functions);
    for (kind, from) in [
        ("table", "pg_class where relnamespace = 'gateway'::regnamespace and relkind in ('r', 'p')"),
        ("index", "pg_index join pg_class on oid = indexrelid where relnamespace = 'gateway'::regnamespace"),
        ("constraint", "pg_constraint where connamespace = 'gateway'::regnamespace"),
        ("trigger", "pg_trigger where not tgisinternal"),
        (
            "column",
            "pg_attribute join pg_class on oid = attrelid
             where relnamespace = 'gateway'::regnamespace and relkind in ('r', 'p') and attnum > 0 and not attisdropped",
        ),
    ] {
        let count = world.value(&format!("select count(*) from {from}")).await;
        assert!(count.as_u64().is_some_and(|count| count > 0), "{kind}");
        assert_eq!(count, catalog.count(kind), "{kind}");
    }
}

/// The first statement of the schemas that this can change, changed.
fn changed(all: &[Statement], change: impl Fn(&Statement) -> Option<String>) -> (String, String, String) {
    let first = all.iter().find_map(|statement| Some((statement, change(statement)?)));
    let (statement, text) = first.expect("a statement of this kind");
    assert_ne!(statement.text, text);
    (statement.file.clone(), statement.text.clone(), text)
}

#[tokio::test]
async fn a_schema_that_changes_without_its_migration_is_found() {
    let repository = Layout::of_repository();
    let copy = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = copy.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    let schemas = repository.schemas().expect("schemas");
    for file in schemas.iter().chain(&repository.migrations().expect("migrations")) {
        write(&file.path, &file.text);
    }
    let all: Vec<Statement> = schemas.iter().flat_map(statements).collect();
    let edit = |statement: &Statement, begins: &str, from: &str, to: &str| {
        let fits = statement.code.starts_with(begins) && statement.text.contains(from);
        fits.then(|| statement.text.replacen(from, to, 1))
    };
    let changes = [
        ("function", changed(&all, |statement| edit(statement, "create function", "\nbegin\n", "\nbegin\n  null;\n"))),
        ("privileges", changed(&all, |statement| edit(statement, "grant execute", "service_role", "authenticated"))),
        ("column", changed(&all, |statement| edit(statement, "create table", "default 0", "default 1"))),
        ("comment", changed(&all, |statement| edit(statement, "comment on table", "';", " Or not.';"))),
        ("index", changed(&all, |statement| statement.code.starts_with("create index").then(String::new))),
    ];
    for (_, (path, from, to)) in &changes {
        let text = fs::read_to_string(copy.path().join(path)).expect("the copy");
        assert_eq!(text.matches(from).count(), 1, "{path}: {from}");
        write(path, &text.replace(from, to));
    }
    let found = differences(&Layout::at(copy.path()), source().expect("a source")).await.expect("two databases");
    let kinds: BTreeSet<&str> = found.iter().map(|difference| difference.object.kind.as_str()).collect();
    assert_eq!(kinds, changes.iter().map(|(kind, _)| *kind).collect(), "{}", shown(&found));
    assert_eq!(found.len(), changes.len(), "{}", shown(&found));
}

#[test]
fn each_function_and_each_table_is_created_once() {
    let mut files = Layout::of_repository().schemas().expect("schemas");
    assert_eq!(created_twice(&files), [""; 0]);
    let last = files.last_mut().expect("a schema");
    last.text.push_str("\nCREATE OR REPLACE\n FUNCTION Gateway.Now() returns int language sql return 1;");
    let twice = created_twice(&files);
    assert!(twice.len() == 1 && twice[0].starts_with("function gateway.now is created in "), "{twice:?}");
}

#[tokio::test]
async fn a_database_of_each_release_becomes_what_the_schemas_say() {
    for (version, left) in upgrades(&Layout::of_repository(), source().expect("a source")).await.expect("databases") {
        assert!(
            left.is_empty(),
            "{version}, brought up to date (-), is not what the schemas say (+):\n{}",
            shown(&left)
        );
    }
}
