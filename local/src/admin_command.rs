//! `cargo run -- admin create EMAIL`: an administrator for the deployment that the environment names.

use std::error::Error;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use shared::api_key::NewKey;
use shared::app::{App, SharedApp};
use shared::config::Config;
use shared::deployment;
use shared::email_address;

use crate::environment;

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

/// An administrator that was made.
#[derive(Debug)]
pub struct Administrator {
    /// Its new key.
    pub key: String,
    /// Whether the account was disabled before, and so still is.
    pub disabled: bool,
}

/// Acts on the Supabase project of the environment or `.env`. What goes wrong is one line on stderr.
pub fn run(options: &Options) -> ExitCode {
    let Action::Create { email } = &options.action;
    match create_from_environment(email) {
        Ok(Administrator { key, disabled }) => {
            println!("{email} is an administrator; the key is shown this once:\n{key}");
            if disabled {
                println!("The account is disabled: the key is refused until another administrator enables it.");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn create_from_environment(email: &str) -> Result<Administrator, Box<dyn Error>> {
    environment::load()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(create(Config::from_env(), email))
}

/// Makes an administrator of the deployment that this configuration names, or makes one of an account there.
///
/// # Errors
/// When this is no address, when the configuration lacks something, which the error names, or when the database cannot be
/// used.
pub async fn create(config: Config, email: &str) -> Result<Administrator, Box<dyn Error>> {
    #[derive(Deserialize)]
    struct Made {
        disabled: bool,
    }
    // What nobody can write to, nobody could sign in with.
    let email = email_address::normal(email).ok_or_else(|| format!("`{email}` is not an e-mail address."))?;
    let app: SharedApp = App::new(config, shared::routes::ROUTES)?;
    let peppers = app.config.peppers.clone()?;
    // The command's own failures name the variable; an endpoint's would not.
    app.config.supabase.clone()?;
    // A key under a pepper that the deployment does not have would be refused by it.
    let report = deployment::inspect(app.supabase()?, &app.config).await?;
    if let Some(misfit) = report.misfits(app.config.environment).first() {
        return Err(misfit.to_string().into());
    }
    let key = NewKey::generate(app.config.key_environment(), "Administrator".to_owned(), &peppers)?;
    let arguments = json!({ "request": { "email": email }, "key": key.stored });
    let made: Made = app.supabase()?.rpc("create_admin", &arguments).await?;
    Ok(Administrator { key: key.secret, disabled: made.disabled })
}
