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

/// A body and its task's side.
pub fn feed() -> (Sender, Body) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    (sender, Body::new(Feed { receiver }))
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
