//! Whether the migrations make what the schemas say.
use super::{
    Catalog, Difference, Layout, SchemaError, compare,
    derive::{FIRST, first_migration},
    layout::SourceFile,
    migration::{OPEN, heading},
    release::Releases,
    statements::created_twice,
};
use crate::database::{Blueprint, Cluster, DatabaseError, Source};

/// What is wrong with the files, a sentence each; it takes no database to see it.
pub fn problems(layout: &Layout) -> Result<Vec<String>, SchemaError> {
    let mut problems = created_twice(&layout.schemas()?);
    let releases = Releases::read(layout)?;
    let migrations = layout.migrations()?;
    if releases.is_empty() {
        problems.extend(stale(layout, &migrations)?);
    } else {
        problems.extend(unfrozen(&releases, &migrations));
        let open = migrations.iter().filter(|migration| migration.text.contains(OPEN));
        problems
            .extend(open.map(|migration| format!("{} still says `{OPEN}`: write what it leaves open", migration.path)));
        let left = uncarried(&releases, &migrations, layout.seeds()?);
        problems.extend(left.iter().map(|seed| {
            format!(
                "{} has changed since its release and no migration carries it, but the Supabase CLI never runs a seed \
                 twice: run `cargo run -- schema migration NAME`",
                seed.path
            )
        }));
    }
    Ok(problems)
}

/// While nothing is released there is one migration, and it is the schemas.
fn stale(layout: &Layout, migrations: &[SourceFile]) -> Result<Vec<String>, SchemaError> {
    let mut problems = Vec::new();
    let wanted = first_migration(layout)?;
    let first = migrations.iter().find(|migration| migration.name() == FIRST);
    if first.is_none_or(|first| first.text != wanted) {
        let there = first.map(|first| first.text.as_str()).unwrap_or_default();
        let same = there.lines().zip(wanted.lines()).take_while(|(there, wanted)| there == wanted).count();
        problems.push(format!(
            "supabase/migrations/{FIRST} is not what supabase/schemas says, from line {} on: \
             run `cargo run -- schema --write`",
            same + 1
        ));
    }
    let others: Vec<&str> = migrations.iter().map(SourceFile::name).filter(|name| *name != FIRST).collect();
    if !others.is_empty() {
        problems.push(format!(
            "beside {FIRST} stand {}: while nothing is released, that one says everything; write what they do into \
             supabase/schemas and remove them",
            others.join(", ")
        ));
    }
    Ok(problems)
}

/// Released migrations that have changed or are gone, and others that would run before one of them.
fn unfrozen(releases: &Releases, migrations: &[SourceFile]) -> Vec<String> {
    let mut problems = Vec::new();
    let files = releases.files();
    let released: Vec<&str> = files.keys().copied().filter(|path| path.starts_with("supabase/migrations/")).collect();
    for path in &released {
        let there = migrations.iter().find(|migration| migration.path == *path);
        if !there.is_some_and(|there| releases.holds(there)) {
            problems.push(format!("{path} is released, so it is frozen, but has changed or is gone: restore it"));
        }
    }
    let last = released.iter().max().copied().unwrap_or_default();
    for early in migrations.iter().filter(|migration| !files.contains_key(migration.path.as_str())) {
        if early.path.as_str() < last {
            problems.push(format!("{} would run before {last}, which is released: give it a later number", early.path));
        }
    }
    problems
}

/// The seeds whose present text no deployed database would get: neither did the last release have it, nor does a migration
/// since then carry it. The Supabase CLI runs a seed once and never again, however it changes.
pub(super) fn uncarried(releases: &Releases, migrations: &[SourceFile], seeds: Vec<SourceFile>) -> Vec<SourceFile> {
    let carried = |seed: &SourceFile| {
        let heading = heading(&seed.path);
        let since = |migration: &&SourceFile| !releases.holds(migration) && migration.text.contains(&heading);
        let last = migrations.iter().rfind(since);
        last.map_or_else(|| releases.holds(seed), |last| last.text.contains(seed.text.trim_end()))
    };
    seeds.into_iter().filter(|seed| !carried(seed)).collect()
}

/// What is not the same in a database that the migrations made (before) and one that the schemas made (after).
pub async fn differences(layout: &Layout, source: Source) -> Result<Vec<Difference>, DatabaseError> {
    let cluster = Cluster::start(source, Blueprint::default()).await?;
    let migrated = made(&cluster, &[layout.by_migrations()?]).await?;
    Ok(compare(&migrated, &made(&cluster, &[layout.by_schemas()?]).await?))
}

/// For each release by name, the same for a database that was made then and has run the later migrations since.
pub async fn upgrades(layout: &Layout, source: Source) -> Result<Vec<(String, Vec<Difference>)>, SchemaError> {
    let releases = Releases::read(layout)?;
    let cluster = Cluster::start(source, Blueprint::default()).await?;
    let wanted = made(&cluster, &[layout.by_schemas()?]).await?;
    let mut upgrades = Vec::new();
    for release in releases.iter() {
        let Some(last) = release.last_migration() else { continue };
        let then = layout.by_migrations()?.up_to(last);
        let upgraded = made(&cluster, &[then, layout.by_migrations()?]).await?;
        upgrades.push((release.version.clone(), compare(&upgraded, &wanted)));
    }
    Ok(upgrades)
}

/// The catalog of a new database after these have been applied to it, one after the other.
async fn made(cluster: &Cluster, blueprints: &[Blueprint]) -> Result<Catalog, DatabaseError> {
    let database = cluster.create_database().await?;
    for blueprint in blueprints {
        database.apply(blueprint).await?;
    }
    let catalog = Catalog::read(&database).await?;
    database.stop().await;
    Ok(catalog)
}
