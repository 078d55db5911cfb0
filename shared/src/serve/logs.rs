//! The log: JSON lines in production, readable lines on a developer's terminal. `RUST_LOG` says how much.

use std::io::{self, IsTerminal as _};
use std::panic::PanicHookInfo;

use tracing::Level;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Environment, LogLevels};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, on stdout, where Vercel and Lambda collect it without taking it for an error.
    Json,
    /// For people, on stderr.
    Readable,
}

impl Format {
    /// Readable for a developer, else JSON.
    #[must_use]
    pub fn choose(environment: Environment) -> Self {
        let developer = environment == Environment::Development || io::stdout().is_terminal();
        if developer { Self::Readable } else { Self::Json }
    }
}

/// The target under which the Lambda runtime logs whole events at trace level, with keys, codes and prompts in them. It stays at
/// WARN whatever `RUST_LOG` says.
const WHOLE_EVENTS: &str = "lambda_runtime::layers::api_response";

/// Starts the log of this process. A second start changes nothing.
pub fn start(format: Format, levels: &LogLevels) {
    let levels = levels.0.clone().with_target(WHOLE_EVENTS, Level::WARN);
    let lines = tracing_subscriber::registry().with(levels);
    // An error means that there is a subscriber already.
    let _ = match format {
        Format::Json => {
            std::panic::set_hook(Box::new(log_panic));
            lines.with(fmt::layer().json().flatten_event(true).with_current_span(false)).try_init()
        }
        Format::Readable => {
            lines.with(fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal())).try_init()
        }
    };
}

/// Logs a panic as one line. A message that was formatted at run time may quote a prompt (that of string slicing does), so only
/// literal messages are written.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(composed message withheld)");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(panic = message, location, "panicked");
}
