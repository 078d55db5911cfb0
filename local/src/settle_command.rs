//! `cargo run -- settle`: books the settlements that log lines hold, for the deployment that the environment names.
//!
//! A settlement that neither the database nor the outbox took, or that the database refused, is one ERROR line with all
//! of it. Booking it again is safe: a settlement applies once by its call id.

use std::error::Error;
use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::app::{App, SharedApp};
use shared::config::Config;
use shared::money::Nanos;
use uuid::Uuid;

use crate::environment;

/// Which settlements to book.
#[derive(Args)]
pub struct Options {
    /// The file of log lines; without it they are read from stdin. A line may also be a settlement itself.
    file: Option<PathBuf>,
}

/// What became of one settlement.
#[derive(Debug, PartialEq, Eq)]
pub enum Booked {
    /// Charged now, at this cost.
    Charged(Nanos),
    /// Settled before, at this cost; nothing has changed.
    Before(Nanos),
    /// The call had not begun, as far as is known: it is not charged, and cannot begin any more.
    NotBegun,
}

impl fmt::Display for Booked {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Charged(cost) => write!(text, "charged {cost} dollars"),
            Self::Before(cost) => write!(text, "settled before, at {cost} dollars; nothing has changed"),
            Self::NotBegun => write!(text, "not begun, as far as the database knows; not charged"),
        }
    }
}

/// A settlement in a log line.
#[derive(Debug)]
pub struct Found {
    /// The call that it settles.
    pub call_id: Uuid,
    settlement: Box<RawValue>,
}

impl Found {
    /// Reads it from a line of the log, which holds it as text under `settlement` or, of the outbox, `entry`; from a line of
    /// a log service, which holds ours as text under `message` or behind a time; or from the settlement itself. None where
    /// a line holds none.
    #[must_use]
    pub fn in_line(line: &str) -> Option<Self> {
        let object = &line[line.find('{')?..];
        let value: Value = serde_json::from_str(object).ok()?;
        if let (Some(call_id), Some(_)) = (value["call_id"].as_str(), value["outcome"].as_str()) {
            // Taken over as it was written: nothing is read as a number that a float could spoil.
            let settlement = RawValue::from_string(object.trim_end().to_owned()).ok()?;
            return Some(Self { call_id: call_id.parse().ok()?, settlement });
        }
        ["settlement", "entry", "message"].iter().find_map(|name| Self::in_line(value[name].as_str()?))
    }
}

/// Books what the lines hold. What goes wrong is one line on stderr, and the exit code says that something did.
pub fn run(options: &Options) -> ExitCode {
    match book_from_environment(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn book_from_environment(options: &Options) -> Result<bool, Box<dyn Error>> {
    environment::load()?;
    let mut text = String::new();
    match &options.file {
        Some(file) => text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?,
        None => {
            std::io::stdin().read_to_string(&mut text)?;
        }
    }
    let found: Vec<Found> = text.lines().filter_map(Found::in_line).collect();
    if found.is_empty() {
        return Err(
            "No line holds a settlement: neither a log line with `settlement` or `entry`, nor a settlement.".into()
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = deployment(Config::from_env())?;
        let mut all = true;
        for found in &found {
            match book(&app, found).await {
                Ok(booked) => println!("{}: {booked}", found.call_id),
                Err(error) => {
                    eprintln!("{}: {error}", found.call_id);
                    all = false;
                }
            }
        }
        Ok(all)
    })
}

/// The deployment that this configuration names.
///
/// # Errors
/// When the configuration lacks the database, which the error names.
pub fn deployment(config: Config) -> Result<SharedApp, Box<dyn Error>> {
    let app = App::new(config, shared::routes::ROUTES)?;
    app.config.supabase.clone()?;
    Ok(app)
}

/// Books one settlement. Repeating it changes nothing.
///
/// # Errors
/// When the database cannot be used, or refuses the settlement.
pub async fn book(app: &App, found: &Found) -> Result<Booked, Box<dyn Error>> {
    #[derive(Deserialize)]
    struct Settled {
        cost: i64,
        #[serde(default)]
        repeated: bool,
        #[serde(default)]
        tombstone: bool,
    }
    let settled: Settled = app.supabase()?.rpc("finish_request", &found.settlement).await?;
    Ok(match settled {
        Settled { tombstone: true, .. } => Booked::NotBegun,
        Settled { repeated: true, cost, .. } => Booked::Before(Nanos(cost)),
        Settled { cost, .. } => Booked::Charged(Nanos(cost)),
    })
}
