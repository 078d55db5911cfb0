//! The command line of the local platform.

mod routes_command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The gateway on one machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the route table; with --write, derives the functions, their binaries and vercel.json from it.
    Routes(routes_command::Options),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Routes(options) => routes_command::run(&options),
    }
}
