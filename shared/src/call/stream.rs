//! A streamed answer on its way to the client.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::admit::Admitted;
use super::bill::Produced;
use super::dispatch::{self, Opened};
use super::head::{self, Timing};
use super::{Call, HeadSender, feed};
use crate::chat::answer::{GatewayNote, closing_events, error_event};
use crate::credits::settle::Outcome;
use crate::error::{Code, Error};
use crate::providers::failure::Failure;

/// The client's side of a stream.
struct Client {
    sender: feed::Sender,
    /// Whether it is still there.
    listens: bool,
}

/// How the provider's part of a stream ended.
enum Ended {
    Complete,
    ClientLeft,
    Deadline,
    Broken(Error),
}

/// Passes the stream on, closes it for the client, and says how it ended.
pub async fn relay(
    call: &Call,
    admitted: &Admitted,
    opened: Opened,
    head: HeadSender,
    timing: Timing,
    produced: &mut Produced,
) -> Option<feed::End> {
    let provider = opened.provider;
    let (sender, body) = feed::feed();
    let response = head::answer(call, admitted, &timing, provider, "text/event-stream", body);
    let mut client = Client { sender, listens: head.send(Ok(response)).is_ok() };

    let deadline = sleep_until(call.deadline);
    tokio::pin!(deadline);
    let ended = pump(call, admitted, opened, &mut client, deadline.as_mut(), produced).await;
    let error = match ended {
        Ended::Complete => {
            produced.note(provider, true);
            produced.outcome = if client.listens { Outcome::Completed } else { Outcome::ClientLeft };
            None
        }
        Ended::ClientLeft => {
            produced.outcome = Outcome::ClientLeft;
            None
        }
        Ended::Deadline => {
            produced.outcome = Outcome::Deadline;
            Some(Error::new(Code::DeadlineExceeded))
        }
        Ended::Broken(error) => {
            produced.note(provider, false);
            produced.outcome = Outcome::Cut;
            Some(error)
        }
    };
    produced.error = error.as_ref().map(|error| error.code);
    if client.listens {
        let last = match &error {
            Some(error) => Some(error_event(produced.stream.events().next(), error, produced.stream.is_mid_event())),
            None => closing(call, admitted, provider, produced).await,
        };
        if let Some(last) = last {
            // A client that does not read is not waited for beyond the deadline.
            let patience = sleep(call.remaining().max(Duration::from_secs(1)));
            tokio::pin!(patience);
            client.send(last, patience).await;
        }
    }
    call.ends_with_task.then(|| feed::End::of(client.sender))
}

/// Moves frames until there are no more, or nobody who wants them.
async fn pump(
    call: &Call,
    admitted: &Admitted,
    mut opened: Opened,
    client: &mut Client,
    mut deadline: std::pin::Pin<&mut Sleep>,
    produced: &mut Produced,
) -> Ended {
    let provider = opened.provider;
    let longest_silence = call.app.config.provider_silence;
    let silence = sleep(longest_silence);
    tokio::pin!(silence);
    let mut pieces = std::mem::take(&mut opened.first);
    let mut result = opened.broken.take().map_or(Ok(()), Err);
    loop {
        for piece in pieces.drain(..) {
            if client.listens && !client.send(piece, deadline.as_mut()).await {
                client.listens = false;
            }
        }
        if let Err(broken) = result {
            return Ended::Broken(dispatch::failure(provider, &opened.credential, &broken).error);
        }
        if produced.stream.is_done() {
            return Ended::Complete;
        }
        // A reasoning model is read on: only its usage tells what it has produced.
        if !client.listens && !admitted.hold.reasoning {
            return Ended::ClientLeft;
        }
        silence.as_mut().reset(Instant::now() + longest_silence);
        tokio::select! {
            biased;
            () = client.sender.closed(), if client.listens => {
                client.listens = false;
            }
            // Before the frames: a provider that always has one ready must not outrun it.
            () = deadline.as_mut() => return Ended::Deadline,
            frame = opened.response.chunk() => match frame {
                Ok(Some(frame)) => result = produced.stream.push(frame, &mut pieces),
                Ok(None) => {
                    result = produced.stream.end(&mut pieces);
                    return end(client, deadline, pieces, produced, provider, result.is_ok()).await;
                }
                Err(_) => return Ended::Broken(Failure::unreachable(provider, false).error),
            },
            () = silence.as_mut() => return Ended::Broken(Failure::silent(provider).error),
        }
    }
}

/// The provider has closed the stream: complete, or cut off without a word.
async fn end(
    client: &mut Client,
    mut deadline: std::pin::Pin<&mut Sleep>,
    pieces: Vec<Bytes>,
    produced: &Produced,
    provider: &str,
    well_formed: bool,
) -> Ended {
    for piece in pieces {
        if client.listens && !client.send(piece, deadline.as_mut()).await {
            client.listens = false;
        }
    }
    if well_formed && produced.stream.is_complete() {
        Ended::Complete
    } else {
        Ended::Broken(Failure::unreachable(provider, false).error)
    }
}

/// The usage, if the client asked for it, and `[DONE]`.
async fn closing(call: &Call, admitted: &Admitted, provider: &str, produced: &mut Produced) -> Option<Bytes> {
    let bill = if call.request.include_usage {
        produced.count(call, &admitted.hold).await;
        produced.bill(call, &admitted.hold)
    } else {
        None
    };
    let note = GatewayNote { provider, request_id: &call.caller.request_id };
    closing_events(produced.stream.events().next(), bill.as_ref(), &note)
        .inspect_err(|error| tracing::error!(%error, "a stream's end cannot be worded"))
        .ok()
}

impl Client {
    /// Waits for room, at most until `patience` ends. False when the client has left or does not read.
    async fn send(&self, bytes: Bytes, patience: std::pin::Pin<&mut Sleep>) -> bool {
        match self.sender.try_send(bytes) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(bytes)) => tokio::select! {
                sent = self.sender.send(bytes) => sent.is_ok(),
                () = patience => false,
            },
        }
    }
}
