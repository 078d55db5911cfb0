//! The response body that reads from a call's task.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;

/// Frames under way to a client that reads slower than the provider writes.
const CAPACITY: usize = 32;

/// The task's side. Sending waits for the client; once the client has left, it fails.
pub type Sender = mpsc::Sender<Result<Bytes, BrokenOff>>;

/// The body is not all of the answer, and nothing in it can say so: its connection breaks off.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer has broken off")]
pub struct BrokenOff;

/// Keeps a body from ending, as long as it lives.
pub struct End {
    _sender: Sender,
}

/// A body and its task's side.
pub fn feed() -> (Sender, Body) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    (sender, Body::new(Feed { receiver }))
}

/// A body with this content whose end is withheld.
pub fn withheld(content: Bytes) -> (End, Body) {
    let (sender, body) = feed();
    // The channel is empty, so there is room.
    let _ = sender.try_send(Ok(content));
    (End { _sender: sender }, body)
}

impl End {
    /// Withholds the end of the body that `sender` feeds.
    pub fn of(sender: Sender) -> Self {
        Self { _sender: sender }
    }
}

struct Feed {
    receiver: mpsc::Receiver<Result<Bytes, BrokenOff>>,
}

impl http_body::Body for Feed {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.receiver.poll_recv(cx).map(|bytes| bytes.map(|bytes| bytes.map(Frame::data)))
    }
}
