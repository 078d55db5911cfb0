//! A response body that plays a list of steps: bytes, pauses, and the ways in which a body can go wrong.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio_util::sync::ReusableBoxFuture;

use super::control::{Ending, Exchange};

/// One thing that a body does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Bytes that complete a chunk of the answer; they are counted.
    Chunk(Bytes),
    /// Bytes that do not.
    Part(Bytes),
    /// Lets the server write out what it has, so that what follows travels apart from it.
    Flush,
    Pause(Duration),
    /// What follows waits until the gate within is open.
    Gate,
    /// Nothing more comes, and the connection stays open.
    Hang,
    /// The connection dies before the body is complete.
    Abort,
}

/// Why a body ended early; the server closes the connection on it.
#[derive(Debug, thiserror::Error)]
#[error("the behaviour asked for breaks the connection here")]
pub(super) struct Aborted;

/// The body: its steps, and the exchange that is told how they went.
#[derive(Debug)]
pub(super) struct Script {
    steps: vec::IntoIter<Step>,
    /// A pause or a gate that is not over yet.
    wait: Option<ReusableBoxFuture<'static, ()>>,
    exchange: Option<Exchange>,
}

impl Script {
    pub(super) fn new(mut steps: Vec<Step>, exchange: Option<Exchange>) -> Self {
        // A flush after the last bytes would have them count as unsent when a client leaves right after reading them.
        while matches!(steps.last(), Some(Step::Flush)) {
            steps.pop();
        }
        let mut script = Self { steps: steps.into_iter(), wait: None, exchange };
        script.note_end();
        script
    }

    fn note_end(&mut self) {
        if self.steps.len() == 0
            && let Some(exchange) = &mut self.exchange
        {
            exchange.ends(Ending::Completed);
        }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        loop {
            if let Some(wait) = &mut self.wait {
                std::task::ready!(wait.poll(context));
                self.wait = None;
            }
            let Some(step) = self.steps.next() else {
                return Poll::Ready(None);
            };
            match step {
                Step::Chunk(bytes) => {
                    if let Some(exchange) = &self.exchange {
                        exchange.wrote_chunk();
                    }
                    self.note_end();
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Step::Part(bytes) => {
                    self.note_end();
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Step::Flush => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Step::Pause(duration) => self.wait = Some(ReusableBoxFuture::new(tokio::time::sleep(duration))),
                Step::Gate => {
                    self.wait =
                        self.exchange.as_ref().map(|exchange| ReusableBoxFuture::new(exchange.pass_gate_within()));
                }
                Step::Hang => {
                    // The list is kept from ending, so that no later poll takes the body for complete.
                    self.steps = vec![Step::Hang].into_iter();
                    return Poll::Pending;
                }
                Step::Abort => {
                    if let Some(exchange) = &mut self.exchange {
                        exchange.ends(Ending::Broken);
                    }
                    return Poll::Ready(Some(Err(Aborted)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.len() == 0
    }
}
