//! The schemas as text.
use super::super::{
    layout::SourceFile,
    statements::{Statement, created_twice, statements},
};

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

fn parsed(sql: &str) -> Vec<Statement> {
    statements(&file("a.sql", sql))
}

#[test]
fn a_statement_ends_at_its_own_semicolon() {
    let sql = "-- A heading; of the file.\n\n-- About f; not its end.\nCREATE Function a.f(x text) -- ;\n  returns text as $b$ ; $$ '; $b$;\n\
               /* ; /* nested; */ */ select 'it''s;' || $$;$$; -- after; the first\n\n  \nselect 2\n";
    let found = parsed(sql);
    let texts: Vec<&str> = found.iter().map(|statement| statement.text.as_str()).collect();
    assert_eq!(texts.len(), 3, "{texts:#?}");
    assert!(texts[0].starts_with("-- About f; not its end.\nCREATE") && texts[0].ends_with("$b$;"), "{}", texts[0]);
    assert_eq!(texts[1], "/* ; /* nested; */ */ select 'it''s;' || $$;$$;");
    assert_eq!(texts[2].trim(), "select 2");
    let codes: Vec<&str> = found.iter().map(|statement| statement.code.as_str()).collect();
    assert_eq!(codes, ["create function a.f(x text) returns text as ''", "select '''' || ''", "select 2"]);
    assert!(found[0].replacing().contains("end.\ncreate or replace function a.f"), "{}", found[0].replacing());
    for open in ["select 'open", "select $$open", "/* open", "", "-- only\n"] {
        assert!(parsed(open).len() <= 1, "{open}");
    }
}

#[test]
fn what_a_statement_is_about() {
    let creates = |sql: &str| parsed(sql)[0].creates();
    for (sql, what) in [
        ("create function a.f() returns int as ''", "function a.f"),
        ("CREATE OR REPLACE\n  FUNCTION \"a\".f (x int) returns int", "function a.f"),
        ("create table a.t (x int)", "table a.t"),
        ("create unlogged table if not exists a.t(x int)", "table a.t"),
    ] {
        assert_eq!(creates(sql).as_deref(), Some(what), "{sql}");
    }
    for sql in ["create index function on a.t (x)", "drop function a.f()", "-- create function a.f()\nselect 1"] {
        assert_eq!(creates(sql), None, "{sql}");
    }
    let grant = &parsed("grant execute on function\n  a.f(int, text),\n  a.g() to service_role")[0];
    assert!(grant.is_about_privileges_of("a.f") && grant.is_about_privileges_of("a.g"));
    assert!(!grant.is_about_privileges_of("a.ff") && !grant.is_about_privileges_of("f"));
    assert!(!parsed("select grant.on function a.f()")[0].is_about_privileges_of("a.f"));
    let comments = |sql: &str| parsed(sql)[0].comments_on();
    assert_eq!(comments("comment on function a.f(int) is 'x'").as_deref(), Some("a.f"));
    assert_eq!(comments("comment on constraint c on a.t is null").as_deref(), Some("c on a.t"));
}

#[test]
fn what_is_created_in_two_places_is_found() {
    let first = "create table a.t (x int); create function a.f() returns int as 'select 1';";
    let clean = [file("1.sql", first), file("2.sql", "-- create table a.t\nselect 'create table a.t (x int);';")];
    assert_eq!(created_twice(&clean), [""; 0]);
    let doubled = [file("1.sql", first), file("2.sql", "Create Or  Replace\nFunction a.f(y int) returns int as '';")];
    assert_eq!(created_twice(&doubled), ["function a.f is created in 1.sql and in 2.sql"]);
    let within = [file("1.sql", &format!("{first}\nCREATE TABLE A.T ();"))];
    assert_eq!(created_twice(&within), ["table a.t is created in 1.sql and in 1.sql"]);
}
