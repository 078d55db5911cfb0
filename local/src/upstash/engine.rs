//! What executes commands: the in-process engine or a real Redis.

use super::UpstashError;
use super::memory::{Clock, Memory, lookup, unknown_command_message};
use super::redis::Redis;
use super::reply::Reply;

/// Which engine to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One of our own, in this process; its data end with it.
    InProcess,
    /// The Redis at this URL, `redis://[[user]:password@]host[:port][/database]`.
    Redis(String),
}

impl Engine {
    /// The Redis that `REDIS_URL` names, if it names one, else [`Engine::InProcess`]. `lookup` reads an environment variable.
    pub fn detect(lookup: impl Fn(&str) -> Option<String>) -> Self {
        match lookup("REDIS_URL") {
            Some(url) if !url.is_empty() => Self::Redis(url),
            _ => Self::InProcess,
        }
    }
}

/// A running engine.
pub(super) enum Backend {
    Memory(Memory),
    Redis(Redis),
}

impl Backend {
    pub(super) async fn start(engine: Engine) -> Result<Self, UpstashError> {
        match engine {
            Engine::InProcess => {
                Memory::new(Clock::wall()).map(Self::Memory).map_err(|error| UpstashError::Lua(error.to_string()))
            }
            Engine::Redis(url) => {
                let redis = Redis::new(&url)?;
                // A wrong address or password should show at the start, not on the first call.
                match redis.execute(&[b"PING"]).await {
                    Ok(Reply::Error(message)) => Err(UpstashError::Unavailable(message.into_owned())),
                    Ok(_) => Ok(Self::Redis(redis)),
                    Err(error) => Err(UpstashError::Unavailable(error.to_string())),
                }
            }
        }
    }

    /// Runs a command: its name, then its arguments. What the command itself answers, errors too, is the reply.
    ///
    /// # Errors
    /// [`UpstashError::Unavailable`] when there is no reply, because Redis cannot be reached.
    pub(super) async fn execute(&self, command: &[&[u8]]) -> Result<Reply, UpstashError> {
        match self {
            Self::Memory(memory) => Ok(memory.execute(command)),
            Self::Redis(redis) => {
                // Both engines know the same commands, so that nothing works with one that fails with the other.
                if let [name, arguments @ ..] = command
                    && lookup(name).is_none()
                {
                    return Ok(Reply::error(unknown_command_message(name, arguments)));
                }
                redis.execute(command).await.map_err(|error| UpstashError::Unavailable(error.to_string()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_url_chooses_the_engine() {
        let set = |value: &'static str| move |name: &str| (name == "REDIS_URL").then(|| value.to_owned());
        assert_eq!(Engine::detect(set("redis://localhost")), Engine::Redis("redis://localhost".to_owned()));
        assert_eq!(Engine::detect(set("")), Engine::InProcess);
        assert_eq!(Engine::detect(|_| None), Engine::InProcess);
    }
}
