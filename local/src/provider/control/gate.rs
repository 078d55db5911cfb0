//! Gates at which answers wait until a test lets them go on.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Control, lock};

/// Where a gate stands.
#[derive(Clone, Copy, Debug)]
pub(in crate::provider) enum Place {
    /// Before the head of every answer.
    Head,
    /// In the middle of an answer that has a gate there.
    Within,
}

#[derive(Debug, Default)]
pub(super) struct GateState {
    pub(super) waiting: watch::Sender<usize>,
    pub(super) open: watch::Sender<bool>,
}

/// A closed gate, from [`Control::gate`] or [`Control::gate_within`]. Dropping it releases it.
#[derive(Debug)]
pub struct Gate {
    pub(super) state: Arc<GateState>,
    pub(super) place: Place,
    pub(super) control: Control,
}

impl Gate {
    /// Waits until at least `count` requests are waiting at the gate.
    pub async fn wait_for(&self, count: usize) {
        // Fails only when the sender is gone, and `self` holds it.
        let _ = self.state.waiting.subscribe().wait_for(|waiting| *waiting >= count).await;
    }

    /// How many requests are waiting now; one whose client has left is not.
    #[must_use]
    pub fn waiting(&self) -> usize {
        *self.state.waiting.borrow()
    }

    /// Lets the waiting requests go on, and those to come pass.
    pub fn release(self) {}
}

impl Drop for Gate {
    fn drop(&mut self) {
        let mut gate = lock(self.control.gate_at(self.place));
        if gate.as_ref().is_some_and(|gate| Arc::ptr_eq(gate, &self.state)) {
            *gate = None;
        }
        self.state.open.send_replace(true);
    }
}

/// Takes a request off the count of those waiting, also when its handler is dropped.
pub(super) struct Leaving<'a>(pub(super) &'a GateState);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|waiting| *waiting -= 1);
    }
}
