//! The life of a schema: written, released, changed, migrated.
mod comparison;
mod text;

use super::{release::Releases, *};
use crate::database::{Blueprint, Cluster, Source, sql_files};
use std::fs;
use tempfile::TempDir;

/// A repository of a few tables and functions.
struct Repository {
    folder: TempDir,
    layout: Layout,
}

const TABLES: &str = "\
create schema gateway;
alter default privileges in schema public revoke execute on functions from public, anon, authenticated;

create table gateway.plans (
  id text primary key,
  burst bigint not null default 5
);
comment on table gateway.plans is 'Limits.';
create index plans_by_burst on gateway.plans (burst);
";

const FUNCTIONS: &str = "\
-- Twice as much; with a ; in this comment.
create function gateway.twice(n integer) returns integer language plpgsql set search_path = '' as $$
begin
  -- Inside of the body.
  return 2 * n;
end;
$$;

create function public.health() returns text language sql security definer set search_path = ''
as 'select ''ok''';
comment on function public.health() is 'Whether it answers.';
";

const GRANTS: &str = "revoke execute on function gateway.twice(integer) from public;\n\
                      grant execute on function public.health() to service_role;\n";

impl Repository {
    fn new() -> Repository {
        let folder = tempfile::tempdir().expect("a folder");
        let layout = Layout::at(folder.path());
        let repository = Repository { folder, layout };
        repository.write("supabase/schemas/10_tables.sql", TABLES);
        repository.write("supabase/schemas/20_functions.sql", FUNCTIONS);
        repository.write("supabase/schemas/90_grants.sql", GRANTS);
        repository.write(
            "supabase/seeds/plans.sql",
            "insert into gateway.plans values ('free', 1) on conflict do nothing;\n",
        );
        repository
    }

    /// One that is released as v1.
    fn released() -> Repository {
        let repository = Repository::new();
        assert!(derive::write(&repository.layout).expect("written"));
        release::release(&repository.layout, "v1").expect("released");
        repository
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).expect("a file")
    }

    /// Replaces a text that stands there once.
    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "{from}");
        self.write(path, &text.replace(from, to));
    }

    fn problems(&self) -> Vec<String> {
        problems(&self.layout).expect("readable")
    }

    async fn differences(&self) -> Vec<Difference> {
        let source = Source::detect(|name| std::env::var(name).ok(), None).expect("a source");
        differences(&self.layout, source).await.expect("two databases")
    }
}

fn objects(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(|difference| difference.object.to_string()).collect()
}

#[test]
fn what_is_checked_in_agrees() {
    let problems = problems(&Layout::of_repository()).expect("readable");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_supabase_cli_is_told_the_files_that_are_loaded() {
    let layout = Layout::of_repository();
    let text = fs::read_to_string(layout.path("supabase/config.toml")).expect("the configuration");
    let config: toml::Table = text.parse().expect("TOML");
    // Each entry is a pattern below supabase/; what it matches runs in the order of the names.
    let named = |section: &str, key: &str| -> Vec<String> {
        let section = &config["db"][section];
        assert_eq!(section["enabled"].as_bool(), Some(true));
        let patterns = section[key].as_array().expect("a list").iter().map(|entry| entry.as_str().expect("a text"));
        let folders = patterns.map(|entry| {
            let folder = entry.strip_prefix("./").and_then(|entry| entry.strip_suffix("/*.sql"));
            format!("supabase/{}", folder.unwrap_or_else(|| panic!("{entry} is not of the form ./FOLDER/*.sql")))
        });
        folders
            .flat_map(|folder| {
                let files = sql_files(&layout.path(&folder)).expect("a folder");
                files.into_iter().map(move |file| format!("{folder}/{file}"))
            })
            .collect()
    };
    let loaded = |files: Vec<SourceFile>| files.into_iter().map(|file| file.path).collect::<Vec<_>>();
    assert_eq!(named("migrations", "schema_paths"), loaded(layout.schemas().expect("schemas")));
    assert_eq!(named("seed", "sql_paths"), loaded(layout.seeds().expect("seeds")));
}

#[test]
fn the_first_migration_is_derived_until_it_is_released() {
    let repository = Repository::new();
    let layout = &repository.layout;
    assert!(repository.problems()[0].contains("schema --write"), "{:?}", repository.problems());
    assert!(matches!(release::release(layout, "v1"), Err(SchemaError::Unready(_))), "nothing stale is released");
    assert!(matches!(migration::check_request(layout, "x"), Err(SchemaError::NothingReleased)));
    assert!(derive::write(layout).expect("written"));
    assert!(!derive::write(layout).expect("written"), "it had to change twice");
    assert_eq!(repository.problems(), [""; 0]);

    repository.edit("supabase/schemas/10_tables.sql", "default 5", "default 6");
    let problems = repository.problems();
    assert!(problems.len() == 1 && problems[0].contains("from line 11 on"), "{problems:?}");
    repository.write("supabase/migrations/20270101000000_second.sql", "select 1;");
    assert_eq!(repository.problems().len(), 2, "a second migration beside the first");
    fs::remove_file(repository.folder.path().join("supabase/migrations/20270101000000_second.sql")).expect("removed");
    derive::write(layout).expect("written");

    for wrong in ["", "two words"] {
        assert!(matches!(release::release(layout, wrong), Err(SchemaError::Version(_))), "{wrong}");
    }
    let frozen = release::release(layout, "v1").expect("released");
    assert_eq!(frozen, [format!("supabase/migrations/{}", derive::FIRST)]);
    assert!(matches!(release::release(layout, "v1"), Err(SchemaError::Version(_))), "a name twice");
    assert!(matches!(release::release(layout, "v2"), Err(SchemaError::NothingNew)));
    assert!(matches!(derive::write(layout), Err(SchemaError::Frozen)));
    assert_eq!(repository.problems(), [""; 0]);
    let releases = Releases::read(layout).expect("releases");
    let last: Vec<_> = releases.iter().map(|release| (release.version.as_str(), release.last_migration())).collect();
    assert_eq!(last, [("v1", Some(derive::FIRST))]);
}

#[test]
fn what_is_released_never_changes() {
    let repository = Repository::released();
    let first = format!("supabase/migrations/{}", derive::FIRST);
    let text = repository.read(&first);
    repository.write(&first, &format!("{text}\n"));
    assert!(repository.problems()[0].contains("frozen"), "{:?}", repository.problems());
    fs::remove_file(repository.folder.path().join(&first)).expect("removed");
    assert!(repository.problems()[0].contains("frozen"), "{:?}", repository.problems());
    repository.write(&first, &text);
    repository.write("supabase/migrations/20200101000000_early.sql", "select 1;");
    assert!(repository.problems()[0].contains("later number"), "{:?}", repository.problems());

    for (line, text) in ["0  supabase/migrations/first.sql", "# v1\nnonsense"].into_iter().enumerate() {
        repository.write("supabase/RELEASED", text);
        let refused = problems(&repository.layout).expect_err("a broken list");
        assert!(matches!(refused, SchemaError::Released { line: at } if at == line + 1), "{refused}");
    }
}

#[tokio::test]
async fn a_migration_of_functions_is_written_word_for_word() {
    let repository = Repository::released();
    assert_eq!(repository.differences().await, []);
    assert!(migration::draft(&repository.layout, "nothing", &[]).expect("nothing").is_none());
    for name in ["", "Upper", "1st", "a-b", "a/b", &"a".repeat(61)] {
        assert!(matches!(migration::check_request(&repository.layout, name), Err(SchemaError::Name(_))), "{name}");
    }

    // A body, a return type, a privilege, a comment; one function less and one more.
    let functions = "supabase/schemas/20_functions.sql";
    repository.edit(functions, "return 2 * n;", "return n + n;  -- Told apart by its comments too.");
    repository.edit(functions, "public.health() returns text", "public.health() returns varchar");
    repository.edit(functions, "'Whether it answers.'", "'Whether it answers; a word.'");
    repository.write(
        "supabase/schemas/30_more.sql",
        "-- New.\ncreate function gateway.more() returns integer language sql return 1;\n\
         revoke execute on function gateway.more() from public;\n",
    );
    repository.edit("supabase/schemas/90_grants.sql", "to service_role", "to service_role, authenticated");
    repository.write(
        "supabase/seeds/plans.sql",
        "insert into gateway.plans values ('free', 2) on conflict (id) do update set burst = 2;\n",
    );
    let seed = &repository.problems()[0];
    assert!(seed.contains("supabase/seeds/plans.sql"), "{seed}");

    let differences = repository.differences().await;
    let draft = migration::draft(&repository.layout, "functions", &differences).expect("a draft").expect("a migration");
    let text = repository.read(&draft.path);
    assert_eq!(draft.open, 0, "{text}");
    let twice = repository.read(functions);
    let twice =
        twice.split("\n\n").next().expect("a function").replace("create function", "create or replace function");
    assert!(text.contains(&format!("-- supabase/schemas/20_functions.sql\n{twice}\n")), "{text}");
    assert!(text.contains("drop function public.health();"), "{text}");
    assert!(!text.contains("drop function gateway.twice"), "{text}");
    assert_eq!(repository.problems(), [""; 0], "the migration carries the seed");
    let left = repository.differences().await;
    assert_eq!(objects(&left), [""; 0], "{text}");

    release::release(&repository.layout, "v2").expect("released");
    assert_eq!(Releases::read(&repository.layout).expect("releases").iter().count(), 2);
    repository.edit(functions, "gateway.twice(n integer)", "gateway.double(n integer)");
    repository.edit("supabase/schemas/90_grants.sql", "gateway.twice(integer)", "gateway.double(integer)");
    let differences = repository.differences().await;
    let earlier = draft.path;
    let draft = migration::draft(&repository.layout, "renamed", &differences).expect("a draft").expect("a migration");
    assert!(draft.path > earlier && *earlier > *"supabase/migrations/20261201000000_first.sql", "{}", draft.path);
    assert_eq!(objects(&repository.differences().await), [""; 0], "{}", repository.read(&draft.path));
}

#[tokio::test]
async fn who_may_run_a_function_and_what_it_is_said_to_do_change_without_it() {
    let repository = Repository::released();
    repository.edit("supabase/schemas/90_grants.sql", "to service_role", "to authenticated");
    repository.edit("supabase/schemas/20_functions.sql", "'Whether it answers.'", "'Whether it is well.'");
    // Public may execute what nobody has closed: here that is taken back, and there it is given.
    repository.edit("supabase/schemas/90_grants.sql", "from public", "from service_role");
    let differences = repository.differences().await;
    let draft = migration::draft(&repository.layout, "grants", &differences).expect("a draft").expect("a migration");
    let text = repository.read(&draft.path);
    assert!(!text.contains("create") && text.contains("comment on function"), "{text}");
    assert_eq!(draft.open, 0, "{text}");
    let left = repository.differences().await;
    assert_eq!(objects(&left), [""; 0], "{text}");
}

#[tokio::test]
async fn what_becomes_of_a_table_is_left_to_a_person_and_asked_for() {
    let repository = Repository::released();
    repository.edit("supabase/schemas/10_tables.sql", "  burst bigint", "  note text not null,\n  burst bigint");
    repository.edit(
        "supabase/schemas/10_tables.sql",
        "create index plans_by_burst",
        "create unique index plans_by_burst",
    );
    let differences = repository.differences().await;
    let draft = migration::draft(&repository.layout, "notes", &differences).expect("a draft").expect("a migration");
    assert_eq!(draft.open, 2);
    let text = repository.read(&draft.path);
    for line in ["-- column gateway.plans.note", "--   + text not null", "-- index gateway.plans_by_burst"] {
        assert!(text.lines().any(|other| other == line), "{line}: {text}");
    }
    assert!(repository.problems()[0].contains(migration::OPEN), "{:?}", repository.problems());
    let another = migration::check_request(&repository.layout, "another");
    assert!(matches!(another, Err(SchemaError::Open { .. })));
    assert!(matches!(release::release(&repository.layout, "v2"), Err(SchemaError::Unready(_))));

    repository.write(
        &draft.path,
        "alter table gateway.plans add column note text not null default '';\n\
         alter table gateway.plans alter column note drop default;\n\
         drop index gateway.plans_by_burst;\ncreate unique index plans_by_burst on gateway.plans (burst);\n",
    );
    assert_eq!(repository.problems(), [""; 0]);
    assert_eq!(
        objects(&repository.differences().await),
        [""; 0],
        "in another place of the table, it is the same column"
    );
}

#[tokio::test]
async fn a_database_of_each_release_can_be_brought_up_to_date() {
    let repository = Repository::released();
    repository.edit("supabase/schemas/20_functions.sql", "return 2 * n", "return 3 * n");
    let differences = repository.differences().await;
    migration::draft(&repository.layout, "thrice", &differences).expect("a draft").expect("a migration");
    release::release(&repository.layout, "v2").expect("released");
    let source = Source::detect(|name| std::env::var(name).ok(), None).expect("a source");
    let upgraded = upgrades(&repository.layout, source).await.expect("every release");
    assert_eq!(upgraded, [("v1".to_owned(), vec![]), ("v2".to_owned(), vec![])]);
}
