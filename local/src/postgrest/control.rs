//! What a test may see and do: the calls that came, and faults in place of answers. Costs one load where unused.
use super::answer::{Answer, status};
use axum::http::{HeaderValue, StatusCode};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// A call of a function, from its arrival until its answer is on its way.
#[derive(Debug, Clone)]
pub struct Call {
    pub function: String,
    pub started: Instant,
    pub finished: Instant,
    /// None if a fault withheld the answer.
    pub status: Option<u16>,
}

/// What happens to a call in place of its answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The connection is closed without an answer, and nothing is executed.
    Refuse,
    /// The function is executed, then the connection is closed without an answer.
    DropAnswer,
    /// The call waits, then is executed.
    DelayBefore(Duration),
    /// The call is executed, then the answer waits: a commit that its caller may no longer hear of.
    DelayAfter(Duration),
    /// This is answered, and nothing is executed.
    Answer { status: u16, content_type: String, body: String },
    /// What PostgREST answers for this SQLSTATE is answered (`40P01`, `40001`, `57014`), and nothing is executed.
    Raise(String),
}

/// The control of one stand-in. Clones are the same control.
#[derive(Clone, Default)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    recording: AtomicBool,
    armed: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    faults: VecDeque<Armed>,
    gates: Vec<Arc<Barrier>>,
}

struct Armed {
    function: Option<String>,
    left: Option<usize>,
    fault: Fault,
}

struct Barrier {
    function: Option<String>,
    state: watch::Sender<Waiting>,
}

#[derive(Default)]
struct Waiting {
    calls: usize,
    open: bool,
}

impl Control {
    /// Starts or stops the record of calls. It grows without bound while on.
    pub fn record(&self, on: bool) {
        self.shared.recording.store(on, Ordering::SeqCst);
    }

    /// The calls recorded so far that have been answered, in the order of their ends.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Forgets the calls recorded so far.
    pub fn calls_clear(&self) {
        self.state().calls.clear();
    }

    /// Arms a fault for the next `times` calls, or until [`Control::clear`], of one function or of every one. Of several
    /// that fit a call, the one armed first happens.
    pub fn fail(&self, function: Option<&str>, times: Option<usize>, fault: Fault) {
        if times == Some(0) {
            return;
        }
        let function = function.map(str::to_owned);
        let mut state = self.state();
        state.faults.push_back(Armed { function, left: times, fault });
        self.arm(&state);
    }

    /// Disarms all faults. Gates stay.
    pub fn clear(&self) {
        let mut state = self.state();
        state.faults.clear();
        self.arm(&state);
    }

    /// Holds every call of a function (or of all) before it is executed, until the gate is opened.
    pub fn gate(&self, function: Option<&str>) -> Gate {
        let barrier = Arc::new(Barrier { function: function.map(str::to_owned), state: watch::Sender::default() });
        let mut state = self.state();
        state.gates.push(Arc::clone(&barrier));
        self.arm(&state);
        drop(state);
        Gate { control: self.clone(), barrier }
    }

    /// Waits at the gates for this function, then says which fault is to happen.
    pub(super) async fn pass(&self, function: &str) -> Option<Fault> {
        if !self.shared.armed.load(Ordering::Relaxed) {
            return None;
        }
        let gates: Vec<Arc<Barrier>> =
            self.state().gates.iter().filter(|gate| fits(&gate.function, function)).cloned().collect();
        for gate in gates {
            gate.state.send_modify(|waiting| waiting.calls += 1);
            // An error is a gate that is gone, so open.
            let _ = gate.state.subscribe().wait_for(|waiting| waiting.open).await;
            gate.state.send_modify(|waiting| waiting.calls -= 1);
        }
        let mut state = self.state();
        let position = state.faults.iter().position(|armed| fits(&armed.function, function))?;
        let armed = &mut state.faults[position];
        let fault = armed.fault.clone();
        if let Some(left) = &mut armed.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.faults.remove(position);
            }
        }
        self.arm(&state);
        Some(fault)
    }

    pub(super) fn note(&self, function: &str, started: Instant, status: Option<StatusCode>) {
        if self.shared.recording.load(Ordering::Relaxed) {
            let call = Call {
                function: function.to_owned(),
                started,
                finished: Instant::now(),
                status: status.map(|status| status.as_u16()),
            };
            self.state().calls.push(call);
        }
    }

    fn arm(&self, state: &State) {
        let armed = !state.faults.is_empty() || !state.gates.is_empty();
        self.shared.armed.store(armed, Ordering::SeqCst);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can be left half done.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fits(wanted: &Option<String>, function: &str) -> bool {
    wanted.as_deref().is_none_or(|wanted| wanted == function)
}

/// A gate that holds calls. It opens when dropped.
pub struct Gate {
    control: Control,
    barrier: Arc<Barrier>,
}

impl Gate {
    /// Waits until that many calls are held at once.
    pub async fn waiting(&self, calls: usize) {
        // The sender lives as long as this gate.
        let _ = self.barrier.state.subscribe().wait_for(|waiting| waiting.calls >= calls).await;
    }

    /// Opens the gate: every held call goes on.
    pub fn open(self) {}
}

impl Drop for Gate {
    fn drop(&mut self) {
        let mut state = self.control.state();
        state.gates.retain(|gate| !Arc::ptr_eq(gate, &self.barrier));
        self.control.arm(&state);
        drop(state);
        self.barrier.state.send_modify(|waiting| waiting.open = true);
    }
}

/// The answer that a test put in place of the real one.
pub(super) fn verbatim(status: u16, content_type: &str, body: String) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        content_type: HeaderValue::from_str(content_type).ok(),
        body: body.into(),
        headers: Box::default(),
    }
}

/// PostgREST's answer for an SQLSTATE, with Postgres's text for those that tests raise.
pub(super) fn raised(code: &str) -> Answer {
    let (message, hint) = match code {
        "40P01" => ("deadlock detected", Some("See server log for query details.")),
        "40001" => ("could not serialize access due to concurrent update", None),
        "57014" => ("canceling statement due to statement timeout", None),
        _ => ("raised by a test", None),
    };
    Answer::error(status(code, message, false), code, message, None, hint)
}
