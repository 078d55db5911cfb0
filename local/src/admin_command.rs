//! `cargo run -- admin create EMAIL`: an administrator for the deployment that the environment names.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shared::api_key::NewKey;
use shared::app::{App, SharedApp};
use shared::config::Config;

/// What to do about administrators.
#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Makes an administrator, or makes one of an account, and prints a new key once.
    Create {
        /// The account's e-mail address.
        email: String,
    },
}

/// Acts on the Supabase project of the environment or `.env`. What goes wrong is one line on stderr.
pub fn run(options: &Options) -> ExitCode {
    let Action::Create { email } = &options.action;
    match create(email) {
        Ok(key) => {
            println!("{email} is an administrator; the key is shown this once:\n{key}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn create(email: &str) -> Result<String, Box<dyn std::error::Error>> {
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        return Err(error.into());
    }
    let app: SharedApp = App::new(Config::from_env())?;
    let peppers = app.config.peppers.clone()?;
    // The command's own failures name the variable; an endpoint's would not.
    app.config.supabase.clone()?;
    let key = NewKey::generate(app.config.key_environment(), "Administrator".to_owned(), &peppers)?;
    let arguments = json!({ "request": { "email": email }, "key": key.stored });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _: Value = runtime.block_on(app.supabase()?.rpc("create_admin", &arguments))?;
    Ok(key.secret)
}
