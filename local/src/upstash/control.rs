//! What tests can see and spoil: the calls that arrive, and faults in their answers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::memory::sha1_hex;

/// An authenticated command that arrived over HTTP.
#[derive(Clone, Debug)]
pub struct Call {
    /// The command's name, in upper case.
    pub command: String,
    /// Its first argument, which is the first key of every command that has keys; for EVAL and EVALSHA the script's SHA-1 in
    /// hexadecimal.
    pub key: Option<String>,
    /// When the whole request had been read.
    pub started: Instant,
    /// When its answer was ready, or the connection was about to be closed.
    pub finished: Instant,
}

/// Something that goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed without an answer, and the command is not run.
    Refuse,
    /// The command is run after this time, even if the client has gone by then.
    Delay(Duration),
    /// This is answered, and the command is not run.
    Answer { status: u16, body: String },
}

/// Watches and spoils the calls of an [`Upstash`](super::Upstash). Costs one atomic load per call while it is unused. Clones
/// are handles to the same.
#[derive(Clone, Debug, Default)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    active: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    recording: bool,
    calls: Vec<Call>,
    /// In the order in which they were asked for; each with how many calls it has left, or without an end.
    faults: VecDeque<(Fault, Option<u32>)>,
    gate: Option<Arc<Barrier>>,
}

#[derive(Debug, Default)]
struct Barrier {
    waiting: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Control {
    /// Starts or stops recording calls; what was recorded stays.
    pub fn record(&self, on: bool) {
        self.change(|state| state.recording = on);
    }

    /// The calls recorded so far, in the order in which they finished.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub fn calls_clear(&self) {
        self.state().calls.clear();
    }

    /// Spoils the next `count` calls, once the faults that were asked for before have had theirs.
    pub fn fault_next(&self, count: u32, fault: Fault) {
        if count > 0 {
            self.change(|state| state.faults.push_back((fault, Some(count))));
        }
    }

    /// Spoils every call until [`faults_clear`](Self::faults_clear), once the faults that were asked for before have had theirs.
    pub fn fault_always(&self, fault: Fault) {
        self.change(|state| state.faults.push_back((fault, None)));
    }

    pub fn faults_clear(&self) {
        self.change(|state| state.faults.clear());
    }

    /// Holds every call before it is run, until the gate is opened; then it is run, even if its client has gone by then. A
    /// gate closed before is opened by it.
    #[must_use = "a dropped gate is open"]
    pub fn gate(&self) -> Gate {
        let barrier = Arc::new(Barrier::default());
        self.change(|state| {
            if let Some(previous) = state.gate.replace(Arc::clone(&barrier)) {
                previous.open.send_replace(true);
            }
        });
        Gate { control: self.clone(), barrier }
    }

    /// Waits at the gate, if there is one.
    pub(super) async fn pass_gate(&self) {
        let Some(gate) = self.state().gate.clone() else { return };
        let mut open = gate.open.subscribe();
        gate.waiting.send_modify(|waiting| *waiting += 1);
        // Fails only when the sender is gone, and `gate` holds it.
        let _ = open.wait_for(|open| *open).await;
    }

    /// Whether a call has to be shown to [`take_fault`](Self::take_fault) and [`observe`](Self::observe).
    pub(super) fn is_active(&self) -> bool {
        self.shared.active.load(Ordering::Acquire)
    }

    /// The fault of the call that has just arrived.
    pub(super) fn take_fault(&self) -> Option<Fault> {
        let mut taken = None;
        self.change(|state| {
            let Some((fault, left)) = state.faults.front_mut() else {
                return;
            };
            taken = Some(fault.clone());
            match left {
                Some(1) => drop(state.faults.pop_front()),
                Some(left) => *left -= 1,
                None => {}
            }
        });
        taken
    }

    /// Records a call that has finished now.
    pub(super) fn observe(&self, command: &[&[u8]], started: Instant) {
        let mut state = self.state();
        if state.recording {
            let call = describe(command, started);
            state.calls.push(call);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        let active = state.recording || !state.faults.is_empty() || state.gate.is_some();
        self.shared.active.store(active, Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A gate that holds calls. It opens when dropped.
#[derive(Debug)]
pub struct Gate {
    control: Control,
    barrier: Arc<Barrier>,
}

impl Gate {
    /// Waits until that many calls have come to it.
    pub async fn waiting(&self, calls: usize) {
        // Fails only when the sender is gone, and `self` holds it.
        let _ = self.barrier.waiting.subscribe().wait_for(|waiting| *waiting >= calls).await;
    }

    /// Lets the held calls go on, and those to come pass.
    pub fn open(self) {}
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.control.change(|state| {
            if state.gate.as_ref().is_some_and(|gate| Arc::ptr_eq(gate, &self.barrier)) {
                state.gate = None;
            }
        });
        self.barrier.open.send_replace(true);
    }
}

fn describe(command: &[&[u8]], started: Instant) -> Call {
    let text = |bytes: &&[u8]| String::from_utf8_lossy(bytes).into_owned();
    let name = command.first().map(text).unwrap_or_default().to_uppercase();
    let first = command.get(1);
    let key = match name.as_str() {
        "EVAL" => first.map(|script| sha1_hex(script)),
        "EVALSHA" => first.map(|sha| text(sha).to_lowercase()),
        _ => first.map(text),
    };
    Call { command: name, key, started, finished: Instant::now() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_taken_in_their_order_and_number() {
        let control = Control::default();
        assert!(!control.is_active());
        control.fault_next(2, Fault::Refuse);
        control.fault_next(0, Fault::Refuse);
        control.fault_always(Fault::Delay(Duration::ZERO));
        let taken: Vec<_> = (0..4).map(|_| control.take_fault()).collect();
        let delay = Some(Fault::Delay(Duration::ZERO));
        assert_eq!(taken, [Some(Fault::Refuse), Some(Fault::Refuse), delay.clone(), delay]);
        control.faults_clear();
        assert_eq!(control.take_fault(), None);
        assert!(!control.is_active());
    }

    #[test]
    fn the_last_fault_taken_ends_the_watch() {
        let control = Control::default();
        control.fault_next(1, Fault::Refuse);
        assert!(control.is_active());
        control.take_fault();
        assert!(!control.is_active());
    }

    #[test]
    fn a_call_is_described_by_its_key_or_its_script() {
        let control = Control::default();
        let now = Instant::now();
        control.observe(&[b"GET", b"unrecorded"], now);
        control.record(true);
        control.observe(&[b"get", b"a"], now);
        control.observe(&[b"PING"], now);
        control.observe(&[b"EVAL", b"return 1", b"0"], now);
        control.observe(&[b"EVALSHA", b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", b"0"], now);
        let seen: Vec<_> = control.calls().into_iter().map(|call| (call.command, call.key)).collect();
        let sha = Some("e0e1f9fabfc9d4800c877a703b823ac0578ff8db".to_owned());
        assert_eq!(
            seen,
            [
                ("GET".to_owned(), Some("a".to_owned())),
                ("PING".to_owned(), None),
                ("EVAL".to_owned(), sha.clone()),
                ("EVALSHA".to_owned(), sha),
            ]
        );
        control.calls_clear();
        assert!(control.calls().is_empty());
    }
}
