//! Whatever differs in two databases is seen.
use super::*;

/// Two databases: one made by the first SQL, one by the first and the second.
async fn compared(base: &str, change: &str) -> Vec<Difference> {
    let repository = Repository::new();
    let source = Source::detect(|name| std::env::var(name).ok(), None).expect("a source");
    let cluster = Cluster::start(source, Blueprint::default()).await.expect("a cluster");
    let mut catalogs = Vec::new();
    for sql in [base.to_owned(), format!("{base}\n{change}")] {
        let database = cluster.create_database().await.expect("a database");
        database.apply(&repository.layout.by_schemas().expect("schemas")).await.expect("made");
        database.execute(&sql).await.expect("valid SQL");
        catalogs.push(Catalog::read(&database).await.expect("a catalog"));
        database.stop().await;
    }
    compare(&catalogs[0], &catalogs[1])
}

/// One change of each kind, and the thing it must be seen in.
const CHANGES: [(&str, &str); 36] = [
    ("alter table gateway.plans add column more integer", "column gateway.plans.more"),
    ("alter table gateway.a alter column n type bigint", "column gateway.a.n"),
    ("alter table gateway.b alter column n set not null", "column gateway.b.n"),
    ("alter table gateway.c alter column n set default 7", "column gateway.c.n"),
    ("alter table gateway.d add column g integer generated always as (n * 2) stored", "column gateway.d.g"),
    ("alter table gateway.e add column i integer generated always as identity", "column gateway.e.i"),
    ("alter table gateway.f add constraint positive check (n > 0)", "constraint positive on gateway.f"),
    ("create index by_n on gateway.f (n)", "index gateway.by_n"),
    ("create trigger t after insert on gateway.f execute function gateway.changed()", "trigger t on gateway.f"),
    ("alter table gateway.g disable trigger g", "trigger g on gateway.g"),
    ("alter table gateway.a enable row level security", "table gateway.a"),
    ("alter table gateway.b force row level security", "table gateway.b"),
    ("create policy open on gateway.c using (true)", "policy open on gateway.c"),
    ("alter table gateway.d set (fillfactor = 80)", "table gateway.d"),
    ("create table gateway.h1 partition of gateway.h for values from (0) to (9)", "table gateway.h1"),
    ("create view gateway.v as select n from gateway.a", "table gateway.v"),
    ("create sequence gateway.s", "sequence gateway.s"),
    ("alter sequence gateway.r increment by 5", "sequence gateway.r"),
    ("create domain gateway.amount as bigint", "type gateway.amount"),
    ("alter domain gateway.count add constraint small check (value < 9)", "constraint small on gateway.count"),
    ("alter domain gateway.size set not null", "type gateway.size"),
    ("alter type gateway.mood add value 'fine'", "type gateway.mood"),
    ("alter type gateway.pair add attribute c integer", "type gateway.pair"),
    ("alter function gateway.one() stable", "function gateway.one()"),
    ("alter function gateway.two() security definer", "function gateway.two()"),
    ("alter function gateway.three() set search_path = ''", "function gateway.three()"),
    (
        "create or replace function gateway.four() returns integer language sql as 'select 44'",
        "function gateway.four()",
    ),
    ("create procedure gateway.p() language sql as ''", "procedure gateway.p()"),
    ("grant execute on function gateway.one() to anon", "privileges function gateway.one()"),
    ("grant select on gateway.a to service_role", "privileges table gateway.a"),
    ("grant select (n) on gateway.b to service_role", "privileges column gateway.b.n"),
    ("grant usage on schema gateway to service_role", "privileges schema gateway"),
    ("grant usage on sequence gateway.r to anon", "privileges sequence gateway.r"),
    (
        "alter default privileges in schema gateway grant select on tables to anon",
        "default privileges tables in schema gateway by the owner",
    ),
    ("comment on column gateway.a.n is 'A number.'", "comment column gateway.a.n"),
    ("create statistics gateway.together on n, m from gateway.h", "thing statistics object gateway.together"),
];

fn base() -> String {
    let mut sql = String::from(
        "create function gateway.changed() returns trigger language plpgsql as 'begin return null; end';
         create table gateway.h (n integer, m integer) partition by range (n);
         create sequence gateway.r; create domain gateway.count as integer; create domain gateway.size as integer;
         create type gateway.mood as enum ('well'); create type gateway.pair as (a integer, b integer);",
    );
    for table in ["a", "b", "c", "d", "e", "f", "g"] {
        sql.push_str(&format!("create table gateway.{table} (n integer);\n"));
    }
    for (number, function) in ["one", "two", "three", "four"].iter().enumerate() {
        sql.push_str(&format!(
            "create function gateway.{function}() returns integer language sql as 'select {number}';\n"
        ));
    }
    sql.push_str("create trigger g after insert on gateway.g execute function gateway.changed();");
    sql
}

#[tokio::test]
async fn every_kind_of_change_is_seen() {
    let changes: Vec<&str> = CHANGES.iter().map(|(sql, _)| *sql).collect();
    let seen = objects(&compared(&base(), &changes.join(";\n")).await);
    for (sql, object) in CHANGES {
        assert!(seen.iter().any(|other| other == object), "{sql}: {object} is not among {seen:#?}");
    }
    // Nothing else than that and what belongs to it: privileges of what is new, the sequence of an identity.
    let further: Vec<&String> = seen.iter().filter(|seen| CHANGES.iter().all(|(_, object)| seen != object)).collect();
    let new = ["e_i_seq", "gateway.h1", "gateway.v", "gateway.s", "gateway.amount", "gateway.p()"];
    assert!(further.iter().all(|object| new.iter().any(|new| object.contains(new))), "{further:#?}");
}

#[tokio::test]
async fn neither_the_place_of_a_column_nor_a_default_that_is_said_is_a_difference() {
    let moved = "drop table gateway.a; create table gateway.a (m integer, n integer);
                 grant execute on function gateway.one() to public;";
    let base = "create table gateway.a (n integer, m integer);
                create function gateway.one() returns integer language sql as 'select 1';";
    assert_eq!(objects(&compared(base, moved).await), [""; 0]);
}

#[test]
fn a_difference_shows_the_lines_that_differ() {
    let object = Object { kind: "function".to_owned(), name: "a.f()".to_owned() };
    let text = |lines: &[&str]| Some(lines.join("\n"));
    let before = text(&["begin", "  one;", "  two;", "end"]);
    let changed = Difference { object: object.clone(), before, after: text(&["begin", "  two;", "  three;", "end"]) };
    assert_eq!(changed.to_string(), "function a.f()\n  -   one;\n  +   three;");
    let new = Difference { object, before: None, after: Some(String::new()) };
    assert_eq!(new.to_string(), "function a.f()\n  + (is there)");
}
