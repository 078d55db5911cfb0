//! `schema`: holds the migrations to `supabase/schemas`, writes the first one, drafts the next, freezes a release.

use std::error::Error;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use local::database::Source;
use local::schema::{Layout, SchemaError, derive, differences, migration, problems, release};

/// What to do about the schemas.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    action: Option<Action>,
    /// Derives the first migration from the schemas, while nothing is released.
    #[arg(long)]
    write: bool,
}

#[derive(Subcommand)]
enum Action {
    /// Drafts a migration of all that the schemas say and the migrations do not make yet.
    Migration {
        /// What it is for: lower-case letters, digits and _.
        name: String,
    },
    /// Freezes every migration that is not released yet: from now on databases exist that have run it.
    Release {
        /// The name of the release, such as v1.0.0.
        version: String,
    },
}

/// Acts on the tree that this program was built from. Whatever is wrong is a line on stderr.
pub fn run(options: &Options) -> ExitCode {
    match act(options, &Layout::of_repository()) {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn act(options: &Options, layout: &Layout) -> Result<String, Box<dyn Error>> {
    match &options.action {
        None if options.write => Ok(match derive::write(layout)? {
            true => format!("supabase/migrations/{} is derived anew", derive::FIRST),
            false => format!("supabase/migrations/{} says what the schemas say already", derive::FIRST),
        }),
        None => {
            check(layout)?;
            Ok("the migrations make what the schemas say".to_owned())
        }
        Some(Action::Migration { name }) => {
            migration::check_request(layout, name)?;
            Ok(match migration::draft(layout, name, &database_differences(layout)?)? {
                None => "the migrations make what the schemas say: nothing to write".to_owned(),
                Some(draft) if draft.open == 0 => format!("{} is written", draft.path),
                Some(draft) => {
                    format!("{} is written, but leaves {} differences to be written by hand", draft.path, draft.open)
                }
            })
        }
        Some(Action::Release { version }) => {
            check(layout)?;
            Ok(format!("{version} freezes {}", release::release(layout, version)?.join(", ")))
        }
    }
}

/// Refuses with everything that is wrong: first what the files show, then what two databases do.
fn check(layout: &Layout) -> Result<(), Box<dyn Error>> {
    let mut wrong = problems(layout)?;
    if wrong.is_empty() {
        wrong.extend(database_differences(layout)?.iter().map(ToString::to_string));
        if !wrong.is_empty() {
            wrong.insert(0, "the migrations (-) do not make what the schemas say (+):".to_owned());
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn database_differences(layout: &Layout) -> Result<Vec<local::schema::Difference>, SchemaError> {
    let source = Source::detect(|name| std::env::var(name).ok(), None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| SchemaError::Io { path: "the async runtime".into(), source: error })?;
    Ok(runtime.block_on(differences(layout, source))?)
}
