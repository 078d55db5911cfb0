//! Runs endpoints as a Vercel function, as a Lambda function or as a plain server: one binary can do all three.
//!
//! - `invocation`: what a handler knows about the run it is part of, and the tasks that outlive it.
//! - `application`: the layers around every router, the same on each platform.
//! - `vercel`, `lambda`, `plain`: the platforms.
//! - `logs`: the subscriber and the panic hook.

mod access;
mod application;
mod body;
mod encoding;
mod errors;
mod invocation;
mod lambda;
pub mod logs;
mod nowhere;
mod path;
mod plain;
mod vercel;

use std::env;

use axum::Router;

use crate::app::{AppError, SharedApp};
use crate::cold_start::AskedFirst;
use crate::deployment;

pub use application::application;
pub use body::{BODY_LIMIT, Payload};
pub use invocation::{Invocation, LONGEST, Tasks};
pub use path::OPENAI_MARK;
pub use plain::serve_plain;

/// Why a function could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the async runtime cannot be built: {0}")]
    Runtime(std::io::Error),
    #[error(transparent)]
    App(#[from] AppError),
    #[error("cannot listen on port {port}: {source}")]
    Listen { port: u16, source: std::io::Error },
    #[error("the server stopped: {0}")]
    Plain(std::io::Error),
    #[error("{0} is missing or malformed: the Lambda service sets it, so does any stand-in that is worth its name")]
    LambdaVariable(&'static str),
    #[error("the Lambda runtime stopped: {0}")]
    Lambda(lambda_http::Error),
    #[error("the Vercel runtime stopped: {0}")]
    Vercel(vercel_runtime::Error),
}

/// Where this process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Platform {
    Vercel,
    Lambda,
    Plain,
}

impl Platform {
    /// A pulled `.env` may hold `VERCEL=1`, so only what the Vercel runtime itself is given counts.
    fn detect(is_set: impl Fn(&str) -> bool) -> Self {
        if is_set("VERCEL_IPC_PATH") || is_set("VERCEL_DEV_PORT") {
            Self::Vercel
        } else if is_set("AWS_LAMBDA_RUNTIME_API") {
            Self::Lambda
        } else {
            Self::Plain
        }
    }
}

/// Serves `endpoints` on the platform that this process runs on, until a signal stops it. Connections to those who are asked
/// first are opened meanwhile.
///
/// # Errors
/// [`ServeError`].
pub fn serve(endpoints: Router<SharedApp>, app: SharedApp, asked_first: &AskedFirst) -> Result<(), ServeError> {
    // One thread carries all calls: each waits for others nearly all of its time, and to hand tasks from thread to thread costs
    // more than a second thread saves. What computes for long, such as counting tokens, has the threads for blocking work.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Runtime)?;
    let outcome = runtime.block_on(async {
        asked_first.open(&app).await;
        // Beside the first calls, which need not wait for it.
        let looking = app.clone();
        tokio::spawn(async move { deployment::report(&looking).await });
        match Platform::detect(|name| env::var_os(name).is_some_and(|value| !value.is_empty())) {
            Platform::Vercel => vercel::serve(endpoints, app).await,
            Platform::Lambda => lambda::serve(endpoints, app).await,
            Platform::Plain => plain::serve(endpoints, app).await,
        }
    });
    // A name lookup that hangs in a blocking thread must not keep the process.
    runtime.shutdown_background();
    outcome
}

/// Resolves at SIGTERM or ctrl-c.
pub async fn stopped() {
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be watched");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    let interrupted = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "ctrl-c cannot be watched");
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = terminated => {}
        () = interrupted => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_told_by_what_its_runtime_is_given() {
        let detect = |set: &[&str]| Platform::detect(|name| set.contains(&name));
        assert_eq!(detect(&["VERCEL_IPC_PATH"]), Platform::Vercel);
        assert_eq!(detect(&["VERCEL_DEV_PORT", "AWS_LAMBDA_RUNTIME_API"]), Platform::Vercel);
        assert_eq!(detect(&["AWS_LAMBDA_RUNTIME_API"]), Platform::Lambda);
        assert_eq!(detect(&["VERCEL", "VERCEL_ENV"]), Platform::Plain);
    }
}
