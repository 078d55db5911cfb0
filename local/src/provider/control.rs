//! The tests' side of the stand-ins: behaviours set from outside, recorded requests, gates, counts.

mod gate;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use http::HeaderMap;
use serde_json::Value;
use tokio::sync::watch;

pub use gate::Gate;
pub(super) use gate::Place;
use gate::{GateState, Leaving};

use super::{
    behaviour::{Chosen, UnknownBehaviour},
    format::Format,
    vendor::Vendor,
};

/// Why a behaviour could not be set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The name is none of [`super::NAMES`].
    #[error("there is no provider {0:?}")]
    Provider(String),
    /// The behaviour or one of its parameters is not in [`super::behaviour::TABLE`].
    #[error(transparent)]
    Behaviour(#[from] UnknownBehaviour),
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The whole answer was handed to the connection.
    Completed,
    /// The behaviour broke the connection.
    Broken,
    /// The connection closed before the answer was finished.
    ClientGone,
}

/// A completion that a stand-in was asked for, as it stands now.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// One of [`super::NAMES`].
    pub provider: &'static str,
    /// Where it was asked, under the provider's base path: `/chat/completions`, say.
    pub path: &'static str,
    /// The model asked for; empty if the body names none.
    pub model: String,
    /// All headers in their order, names in lower case. Bytes beyond ASCII are replaced.
    pub headers: Vec<(String, String)>,
    /// The body; null if it is not JSON.
    pub body: Value,
    /// When the request was complete.
    pub started: SystemTime,
    /// Chunks of the answer handed to the connection so far. A plain answer is one chunk.
    pub chunks: u64,
    /// `None` while the answer is under way.
    pub ending: Option<Ending>,
}

#[derive(Debug)]
struct Record {
    request: RecordedRequest,
    chunks: AtomicU64,
    ending: Mutex<Option<Ending>>,
}

#[derive(Debug, Default)]
struct State {
    behaviours: Mutex<[Option<Arc<Chosen>>; super::NAMES.len()]>,
    customers: Mutex<Vec<(Vendor, String)>>,
    gates: [Mutex<Option<Arc<GateState>>>; 2],
    recording: AtomicBool,
    records: Mutex<Vec<Arc<Record>>>,
    in_flight: AtomicUsize,
    /// Rises with every change of a record, so that a test can wait for one.
    changes: watch::Sender<u64>,
}

/// Steers and watches the stand-ins of one [`super::Providers`]. Clones act on the same.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<State>);

impl Control {
    /// From now on the provider behaves so whatever the model says; `None` gives the choice back to the model.
    /// The form is that of a model name, with or without `standin/`: `status?code=429&retry_after=2`.
    ///
    /// # Errors
    /// When the provider or the behaviour is not known.
    pub fn set(&self, provider: &str, behaviour: Option<&str>) -> Result<(), SetError> {
        let vendor = Vendor::named(provider).ok_or_else(|| SetError::Provider(provider.to_owned()))?;
        let chosen = behaviour.map(Chosen::parse).transpose()?.map(Arc::new);
        lock(&self.0.behaviours)[vendor as usize] = chosen;
        Ok(())
    }

    /// From now on the provider has another customer besides the gateway, with this key.
    ///
    /// # Errors
    /// When the provider is not known.
    pub fn add_customer(&self, provider: &str, key: &str) -> Result<(), SetError> {
        let vendor = Vendor::named(provider).ok_or_else(|| SetError::Provider(provider.to_owned()))?;
        lock(&self.0.customers).push((vendor, key.to_owned()));
        Ok(())
    }

    pub(super) fn is_customer(&self, vendor: Vendor, key: &str) -> bool {
        lock(&self.0.customers).iter().any(|(at, theirs)| *at == vendor && theirs == key)
    }

    /// Turns the recording of requests on or off; what was recorded stays.
    pub fn record(&self, on: bool) {
        self.0.recording.store(on, Ordering::SeqCst);
    }

    /// The requests recorded so far, oldest first, refused ones included.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.0.records).iter().map(|record| record.snapshot()).collect()
    }

    /// Forgets the requests recorded so far.
    pub fn clear(&self) {
        lock(&self.0.records).clear();
    }

    /// Waits until what is recorded satisfies the predicate, and returns it. For ever, if it never does.
    pub async fn wait_for(&self, mut satisfied: impl FnMut(&[RecordedRequest]) -> bool) -> Vec<RecordedRequest> {
        let mut changes = self.0.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let requests = self.requests();
            if satisfied(&requests) {
                return requests;
            }
            // The sender lives as long as `self`.
            if changes.changed().await.is_err() {
                return requests;
            }
        }
    }

    /// How many completions are being answered now, those waiting at a gate included.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::SeqCst)
    }

    /// Closes a gate: requests that pass the checks wait before the head of their answer until the gate is released
    /// or dropped. A gate closed before is released by it.
    #[must_use = "a dropped gate is open"]
    pub fn gate(&self) -> Gate {
        self.close(Place::Head)
    }

    /// The same in the middle of the answers that have a gate there: those of the behaviour `gated`.
    #[must_use = "a dropped gate is open"]
    pub fn gate_within(&self) -> Gate {
        self.close(Place::Within)
    }

    fn close(&self, place: Place) -> Gate {
        let state = Arc::new(GateState::default());
        if let Some(previous) = lock(self.gate_at(place)).replace(Arc::clone(&state)) {
            previous.open.send_replace(true);
        }
        Gate { state, place, control: self.clone() }
    }

    fn gate_at(&self, place: Place) -> &Mutex<Option<Arc<GateState>>> {
        &self.0.gates[place as usize]
    }

    pub(super) fn behaviour(&self, vendor: Vendor) -> Option<Arc<Chosen>> {
        lock(&self.0.behaviours)[vendor as usize].clone()
    }

    /// Begins the account of one request.
    pub(super) fn begin(&self, vendor: Vendor, format: Format, headers: &HeaderMap, body: &[u8]) -> Exchange {
        self.0.in_flight.fetch_add(1, Ordering::SeqCst);
        let record = self.0.recording.load(Ordering::SeqCst).then(|| {
            let record = Arc::new(Record::new(vendor, format, headers, body));
            lock(&self.0.records).push(Arc::clone(&record));
            self.changed();
            record
        });
        Exchange { control: self.clone(), record, ending: Ending::ClientGone }
    }

    /// Waits at the gate in that place, if there is one.
    pub(super) async fn pass_gate(&self, place: Place) {
        let Some(gate) = lock(self.gate_at(place)).clone() else {
            return;
        };
        let mut open = gate.open.subscribe();
        gate.waiting.send_modify(|waiting| *waiting += 1);
        let _leaving = Leaving(&gate);
        // Fails only when the sender is gone, and `gate` holds it.
        let _ = open.wait_for(|open| *open).await;
    }

    fn changed(&self) {
        self.0.changes.send_modify(|changes| *changes += 1);
    }
}

impl Record {
    fn new(vendor: Vendor, format: Format, headers: &HeaderMap, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let request = RecordedRequest {
            provider: vendor.name(),
            path: format.path(),
            model: body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned(),
            headers: headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
            body,
            started: SystemTime::now(),
            chunks: 0,
            ending: None,
        };
        Self { request, chunks: AtomicU64::new(0), ending: Mutex::new(None) }
    }

    fn snapshot(&self) -> RecordedRequest {
        RecordedRequest {
            chunks: self.chunks.load(Ordering::SeqCst),
            ending: *lock(&self.ending),
            ..self.request.clone()
        }
    }
}

/// The account of one request, kept by whoever is answering it: first the handler, then the body. Dropped before
/// [`Exchange::ends`] was called, it says that the client is gone: that is when the server drops either.
#[derive(Debug)]
pub(super) struct Exchange {
    control: Control,
    record: Option<Arc<Record>>,
    ending: Ending,
}

impl Exchange {
    pub(super) fn wrote_chunk(&self) {
        if let Some(record) = &self.record {
            record.chunks.fetch_add(1, Ordering::SeqCst);
            self.control.changed();
        }
    }

    pub(super) fn ends(&mut self, ending: Ending) {
        self.ending = ending;
    }

    /// Waits at the gate within the answer, if there is one.
    pub(super) fn pass_gate_within(&self) -> impl Future<Output = ()> + Send + use<> {
        let control = self.control.clone();
        async move { control.pass_gate(Place::Within).await }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.control.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        if let Some(record) = &self.record {
            *lock(&record.ending) = Some(self.ending);
            self.control.changed();
        }
    }
}

/// The values are valid after every statement, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
