//! A stand-in of Upstash Redis's REST API: one command by `POST /`, executed in this process or by a real Redis.
//!
//! It knows the commands that the gateway uses and no others, checks what Upstash checks and answers as Upstash and Redis 7
//! answer. Commands, scripts and their errors are compared with a real redis-server in `differential`.
//!
//! # Layout
//! - `http`, `command`, `reply`: the REST API
//! - `engine`: the choice between `memory`, a small Redis with Lua scripts, and `redis`, a client of a real one
//! - `control`: what tests can watch and spoil

mod command;
mod control;
#[cfg(test)]
mod differential;
mod engine;
mod http;
mod memory;
mod redis;
mod reply;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub use control::{Call, Control, Fault, Gate};
pub use engine::Engine;
pub use redis::{BadRedisUrl, RedisServer, spawn_redis_server};
pub use reply::Reply;

use engine::Backend;
use http::Service;

/// Why the stand-in does not start, or a command has no reply.
#[derive(Debug, thiserror::Error)]
pub enum UpstashError {
    #[error(transparent)]
    BadRedisUrl(#[from] BadRedisUrl),
    /// Redis cannot be reached, dropped the connection or refused the credentials.
    #[error("Redis is unavailable: {0}")]
    Unavailable(String),
    #[error("the Lua interpreter does not start: {0}")]
    Lua(String),
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(#[from] std::io::Error),
    /// The clock of a real Redis cannot be moved.
    #[error("only the in-process engine's clock can be moved")]
    NoClock,
    /// What a real Redis holds is asked of that one.
    #[error("only the in-process engine shows all that it holds")]
    NoContents,
}

/// A running stand-in. It stops when it is stopped or dropped.
pub struct Upstash {
    address: SocketAddr,
    token: String,
    service: Arc<Service>,
    tasks: TaskTracker,
    stop: DropGuard,
}

impl Upstash {
    /// Listens on a free port of 127.0.0.1 and accepts the bearer `token`.
    ///
    /// # Errors
    /// When the Redis named cannot be used or there is no port to listen on.
    pub async fn start(engine: Engine, token: impl Into<String>) -> Result<Self, UpstashError> {
        let token = token.into();
        let service = Arc::new(Service {
            backend: Backend::start(engine).await?,
            control: Control::default(),
            authorization: format!("Bearer {token}"),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let accepting = accept(listener, Arc::clone(&service), tasks.clone(), stop.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        Ok(Self { address, token, service, tasks, stop: stop.drop_guard() })
    }

    /// `http://127.0.0.1:PORT`, for `UPSTASH_REDIS_REST_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The token it accepts, for `UPSTASH_REDIS_REST_TOKEN`.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What tests can watch and spoil.
    pub fn control(&self) -> Control {
        self.service.control.clone()
    }

    /// Runs a command past HTTP, recording and faults.
    ///
    /// # Errors
    /// [`UpstashError::Unavailable`] when a real Redis does not answer. An error of the command is a [`Reply::Error`].
    pub async fn execute(&self, command: &[&str]) -> Result<Reply, UpstashError> {
        let command: Vec<&[u8]> = command.iter().map(|word| word.as_bytes()).collect();
        self.service.backend.execute(&command).await
    }

    /// Every key and what it holds, a line each, in no order.
    ///
    /// # Errors
    /// [`UpstashError::NoContents`] with a real Redis.
    pub fn contents(&self) -> Result<Vec<String>, UpstashError> {
        match &self.service.backend {
            Backend::Memory(memory) => Ok(memory.contents()),
            Backend::Redis(_) => Err(UpstashError::NoContents),
        }
    }

    /// Moves the engine's clock ahead.
    ///
    /// # Errors
    /// [`UpstashError::NoClock`] with a real Redis.
    pub fn advance_clock(&self, by: Duration) -> Result<(), UpstashError> {
        match &self.service.backend {
            Backend::Memory(memory) => {
                memory.clock().advance(by);
                Ok(())
            }
            Backend::Redis(_) => Err(UpstashError::NoClock),
        }
    }

    /// Stops the engine's clock at `since_epoch`; from then on only [`Upstash::advance_clock`] moves it.
    ///
    /// # Errors
    /// [`UpstashError::NoClock`] with a real Redis.
    pub fn stop_clock(&self, since_epoch: Duration) -> Result<(), UpstashError> {
        match &self.service.backend {
            Backend::Memory(memory) => {
                memory.clock().stop(since_epoch);
                Ok(())
            }
            Backend::Redis(_) => Err(UpstashError::NoClock),
        }
    }

    /// Closes the port and every connection, and returns once they are closed.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn accept(listener: TcpListener, service: Arc<Service>, tasks: TaskTracker, stop: CancellationToken) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and waited for; without this option it costs nothing but delay.
                drop(stream.set_nodelay(true));
                let connection = http::serve_connection(Arc::clone(&service), stream);
                tasks.spawn(stop.clone().run_until_cancelled_owned(connection));
            }
            Err(error) => {
                // Too many open files, as a rule: there is nothing to accept with until some are closed.
                tracing::warn!(%error, "the Upstash stand-in cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
