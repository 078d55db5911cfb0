//! The whole life of a function: its configuration, its endpoints, and whatever platform it finds itself on.

use std::io::Write as _;
use std::process::ExitCode;

use axum::Router;

use crate::app::{App, SharedApp};
use crate::cold_start::AskedFirst;
use crate::config::Config;
use crate::routes::{self, ROUTES};
use crate::serve::{self, ServeError, logs};

/// Serves `endpoints` as the function `file` (its name under `api/`) until a signal stops it. A start that fails is
/// one line on stderr.
#[must_use]
pub fn run(file: &str, endpoints: fn() -> Router<SharedApp>) -> ExitCode {
    match start(file, endpoints) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `eprintln!`, which panics when nobody holds the other end of stderr.
            let _ = writeln!(std::io::stderr(), "cannot serve {file}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(file: &str, endpoints: fn() -> Router<SharedApp>) -> Result<(), ServeError> {
    let config = Config::from_env();
    logs::start(logs::Format::choose(config.environment), &config.log_levels);
    for misconfigured in config.malformed.iter().chain(routes::unusable_settings(file, &config)) {
        misconfigured.log();
    }
    let app = App::new(config, ROUTES)?;
    let asked_first = AskedFirst::by(file, &app.config);
    serve::serve(endpoints(), app, &asked_first)
}
