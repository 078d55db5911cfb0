//! The command line of the local platform.

mod catalog_command;
mod guides_command;
mod routes_command;
mod schema_command;
mod start;
mod variables_command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use local::{admin_command, settle_command, stripe_command};

/// The gateway on one machine. Without a command it starts and prints keys that work.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    start: start::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the route table; with --write, derives the functions, their binaries and vercel.json from it.
    Routes(routes_command::Options),
    /// Prints the environment's variables; with --write, derives .env.example, README's table and template.yaml from them.
    Variables(variables_command::Options),
    /// Says whether the migrations make what supabase/schemas says; with --write, derives the first one from it.
    Schema(schema_command::Options),
    /// Prints what becomes of the figures of models; with --write, derives the seed of models and routes from them.
    Catalog(catalog_command::Options),
    /// Lists the guides; with --write, derives the pages at /docs/guides from their Markdown.
    Guides(guides_command::Options),
    /// Administrators of the deployment that the environment names.
    Admin(admin_command::Options),
    /// Books the settlements that log lines hold, in the deployment that the environment names.
    Settle(settle_command::Options),
    /// What the deployment that the environment names needs at Stripe.
    Stripe(stripe_command::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        None => start::run(&arguments.start),
        Some(Command::Routes(options)) => routes_command::run(&options),
        Some(Command::Variables(options)) => variables_command::run(&options),
        Some(Command::Schema(options)) => schema_command::run(&options),
        Some(Command::Catalog(options)) => catalog_command::run(&options),
        Some(Command::Guides(options)) => guides_command::run(&options),
        Some(Command::Admin(options)) => admin_command::run(&options),
        Some(Command::Settle(options)) => settle_command::run(&options),
        Some(Command::Stripe(options)) => stripe_command::run(&options),
    }
}
