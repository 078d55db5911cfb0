//! The draft of a migration after the first release: what the schemas say and the migrations do not make yet.
//!
//! Functions, their privileges and comments are taken from the schemas word for word. What becomes of the rows of a table
//! only a person can say: for tables and all else the draft names the differences, and is refused until they are written.
use super::{
    Difference, Layout, SchemaError, check,
    release::Releases,
    statements::{Statement, statements},
};
use std::{collections::BTreeSet, fmt::Write as _, fs};

/// What begins a part that has still to be written by hand.
pub const OPEN: &str = "-- OPEN:";

/// How a catalog says that a role may hand on what it may do.
const WITH_GRANT_OPTION: &str = " with grant option";

/// The longest name of a migration.
const LONGEST_NAME: usize = 60;

/// A migration that was written.
#[derive(Debug)]
pub struct Draft {
    /// Its path from the root.
    pub path: String,
    /// How many differences it leaves to be written by hand.
    pub open: usize,
}

/// The comment above what was taken from a file.
pub(super) fn heading(path: &str) -> String {
    format!("-- {path}\n")
}

/// Refuses what can be refused before any database is built.
pub fn check_request(layout: &Layout, name: &str) -> Result<(), SchemaError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.len() > LONGEST_NAME || !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.bytes().all(allowed) {
        return Err(SchemaError::Name(name.to_owned()));
    }
    if Releases::read(layout)?.is_empty() {
        return Err(SchemaError::NothingReleased);
    }
    match layout.migrations()?.into_iter().find(|migration| migration.text.contains(OPEN)) {
        Some(open) => Err(SchemaError::Open { file: open.path }),
        None => Ok(()),
    }
}

/// Writes a migration of these differences, and of the seeds that have changed; none if there is nothing to write.
pub fn draft(layout: &Layout, name: &str, differences: &[Difference]) -> Result<Option<Draft>, SchemaError> {
    check_request(layout, name)?;
    let migrations = layout.migrations()?;
    let seeds = check::uncarried(&Releases::read(layout)?, &migrations, layout.seeds()?);
    if differences.is_empty() && seeds.is_empty() {
        return Ok(None);
    }
    let schemas: Vec<Statement> = layout.schemas()?.iter().flat_map(statements).collect();
    let plan = Plan::of(differences, &schemas);
    let mut text = format!(
        "-- Drafted by `cargo run -- schema migration {name}`: functions, privileges and seeds are those of supabase/schemas\n\
         -- and supabase/seeds when it was.\n"
    );
    plan.write(&mut text, &schemas);
    for seed in &seeds {
        let _ = write!(text, "\n{}{}\n", heading(&seed.path), seed.text.trim_end());
    }
    let newest = migrations.iter().filter_map(|file| file.name().split_once('_')?.0.parse().ok()).max();
    let path = format!("supabase/migrations/{}_{name}.sql", version_after(newest.unwrap_or(0)));
    let file = layout.path(&path);
    fs::write(&file, text).map_err(SchemaError::io(&file))?;
    Ok(Some(Draft { path, open: plan.by_hand.len() }))
}

/// The present time (UTC) as the Supabase CLI writes it, or what comes after the newest migration, if that is later.
fn version_after(newest: u64) -> u64 {
    let now = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
    now.parse().unwrap_or(0).max(newest + 1)
}

/// What a migration has to do.
#[derive(Default)]
struct Plan<'a> {
    by_hand: Vec<&'a Difference>,
    /// With their arguments.
    dropped: Vec<&'a str>,
    /// By name alone, as are those below.
    created: BTreeSet<&'a str>,
    /// Those that are new, to which their privileges and comments have to be given.
    granted: BTreeSet<&'a str>,
    /// Statements about the privileges of others.
    privileges: Vec<String>,
    commented: BTreeSet<&'a str>,
}

impl<'a> Plan<'a> {
    fn of(differences: &'a [Difference], schemas: &[Statement]) -> Plan<'a> {
        let mut plan = Plan::default();
        for difference in differences.iter().filter(|difference| difference.object.kind == "function") {
            plan.function(difference, schemas);
        }
        for difference in differences.iter().filter(|difference| difference.object.kind != "function") {
            let (of, name) = difference.object.name.split_once(' ').unwrap_or_default();
            match (difference.object.kind.as_str(), of) {
                ("privileges", "function") => plan.privileges(difference, name),
                ("comment", _) => plan.comment(difference, of, name, schemas),
                _ => plan.by_hand.push(difference),
            }
        }
        plan
    }

    fn function(&mut self, difference: &'a Difference, schemas: &[Statement]) {
        let name = difference.object.name.as_str();
        let before = difference.before.as_deref();
        let Some(after) = difference.after.as_deref() else {
            self.dropped.push(name);
            return;
        };
        let bare = without_arguments(name);
        if !schemas.iter().any(|statement| creates(statement, bare)) {
            self.by_hand.push(difference);
            return;
        }
        self.created.insert(bare);
        // Postgres replaces a body, never the names and types that callers rely on.
        if before.is_none_or(|before| signature(before) != signature(after)) {
            self.dropped.extend(before.map(|_| name));
            // A new function has the default privileges and no comment.
            self.granted.insert(bare);
            self.commented.insert(bare);
        }
    }

    fn privileges(&mut self, difference: &'a Difference, function: &'a str) {
        // Without one of the two the function itself is new, or gone with its privileges.
        let (Some(before), Some(after)) = (&difference.before, &difference.after) else { return };
        if self.granted.contains(without_arguments(function)) {
            return;
        }
        let only_in = |one: &'a str, other: &'a str| one.lines().filter(move |line| other.lines().all(|o| o != *line));
        let lost = only_in(before, after).map(|line| {
            let (privilege, role) = line.trim_end_matches(WITH_GRANT_OPTION).split_once(" to ")?;
            Some((role, format!("revoke {privilege} on function {function} from {role};")))
        });
        let gained = only_in(after, before).map(|line| {
            let (privilege, role) = line.split_once(" to ")?;
            Some((
                role.trim_end_matches(WITH_GRANT_OPTION),
                format!("grant {privilege} on function {function} to {role};"),
            ))
        });
        let changes: Option<Vec<(&str, String)>> = lost.chain(gained).collect();
        match changes.filter(|changes| changes.iter().all(|(role, _)| *role != "the owner")) {
            Some(changes) => self.privileges.extend(changes.into_iter().map(|(_, statement)| statement)),
            None => self.by_hand.push(difference),
        }
    }

    fn comment(&mut self, difference: &'a Difference, of: &str, name: &'a str, schemas: &[Statement]) {
        let bare = without_arguments(name);
        let with_its_function = of == "function" && self.dropped.iter().any(|gone| without_arguments(gone) == bare);
        if difference.after.is_none() {
            if !with_its_function {
                self.by_hand.push(difference);
            }
        } else if schemas.iter().any(|statement| statement.comments_on().as_deref() == Some(bare)) {
            self.commented.insert(bare);
        } else {
            self.by_hand.push(difference);
        }
    }

    fn write(&self, text: &mut String, schemas: &[Statement]) {
        if !self.by_hand.is_empty() {
            let _ = writeln!(
                text,
                "\n{OPEN} write here what does this to the database, its rows included, then remove these lines; `-` is\n\
                 -- what the migrations make so far, `+` what the schemas say."
            );
        }
        for difference in &self.by_hand {
            for line in difference.to_string().lines() {
                let _ = writeln!(text, "-- {line}");
            }
        }
        for function in &self.dropped {
            let _ = writeln!(text, "\ndrop function {function};");
        }
        for statement in schemas.iter().filter(|statement| self.created.iter().any(|name| creates(statement, name))) {
            let _ = write!(text, "\n{}{}\n", heading(&statement.file), statement.replacing());
        }
        for statement in &self.privileges {
            let _ = write!(text, "\n{statement}\n");
        }
        let after = schemas.iter().filter(|statement| {
            self.granted.iter().any(|name| statement.is_about_privileges_of(name))
                || statement.comments_on().is_some_and(|name| self.commented.contains(name.as_str()))
        });
        for statement in after {
            let _ = write!(text, "\n{}{}\n", heading(&statement.file), statement.text);
        }
    }
}

fn creates(statement: &Statement, function: &str) -> bool {
    statement.creates().is_some_and(|created| created.strip_prefix("function ") == Some(function))
}

fn without_arguments(function: &str) -> &str {
    function.split('(').next().unwrap_or(function)
}

/// A function's definition up to its language: name, arguments and what it returns.
fn signature(definition: &str) -> &str {
    definition.split("\n LANGUAGE").next().unwrap_or(definition)
}
