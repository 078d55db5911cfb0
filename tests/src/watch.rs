//! What the stores were asked, as their stand-ins saw it.

use local::{postgrest, upstash};

use crate::certain;
use crate::world::World;

/// The calls of both stores from one moment on.
pub struct Watch {
    postgrest: postgrest::Control,
    upstash: upstash::Control,
}

impl Watch {
    /// From now on. Calls that are under way count when they end.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let watch = Self { postgrest: world.platform.postgrest.control(), upstash: world.platform.upstash.control() };
        watch.postgrest.record(true);
        watch.upstash.record(true);
        watch
    }

    /// Forgets what was seen so far.
    pub fn clear(&self) {
        self.postgrest.calls_clear();
        self.upstash.calls_clear();
    }

    /// The RPCs that were answered.
    #[must_use]
    pub fn rpcs(&self) -> Vec<postgrest::Call> {
        self.postgrest.calls()
    }

    /// The RPCs' names.
    #[must_use]
    pub fn functions(&self) -> Vec<String> {
        self.rpcs().into_iter().map(|call| call.function).collect()
    }

    /// The Redis commands that were answered.
    #[must_use]
    pub fn commands(&self) -> Vec<upstash::Call> {
        self.upstash.calls()
    }

    /// The commands' names.
    #[must_use]
    pub fn command_names(&self) -> Vec<String> {
        self.commands().into_iter().map(|call| call.command).collect()
    }

    /// How many scripts were run, by their text or by their SHA-1.
    ///
    /// # Panics
    /// When Redis was asked for anything else.
    #[must_use]
    pub fn evals(&self) -> usize {
        let names = self.command_names();
        assert!(names.iter().all(|name| name == "EVAL" || name == "EVALSHA"), "{names:?}");
        names.len()
    }

    /// Waits until that many RPCs and that many commands were answered.
    ///
    /// # Panics
    /// When they are not.
    pub async fn until(&self, rpcs: usize, commands: usize) {
        poll("the stores' calls", || async { self.rpcs().len() >= rpcs && self.commands().len() >= commands }).await;
    }
}

/// Waits until `happened` says so.
///
/// # Panics
/// When it never does.
pub async fn poll<F: Future<Output = bool>>(what: &str, mut happened: impl FnMut() -> F) {
    let polling = async {
        while !happened().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    certain(what, polling).await;
}
