//! A plain answer on its way to the client.

use axum::body::Body;
use bytes::{Bytes, BytesMut};

use super::admit::Admitted;
use super::bill::Produced;
use super::dispatch::Opened;
use super::head::{self, Timing};
use super::{Call, HeadSender, feed};
use crate::chat::answer::{Completion, GatewayNote};
use crate::credits::settle::Outcome;
use crate::error::{Code, Error};
use crate::providers::failure::Failure;

/// The largest answer that is taken, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// Why there is no answer.
enum NoAnswer {
    ClientLeft,
    Failed(Error),
}

/// Reads the whole answer, adds its cost and sends it.
pub async fn relay(
    call: &Call,
    admitted: &Admitted,
    opened: Opened,
    mut head: HeadSender,
    mut timing: Timing,
    produced: &mut Produced,
) -> Option<feed::End> {
    let provider = opened.provider;
    let waiting = tokio::time::Instant::now();
    let read = read(call, admitted, opened, &mut head).await;
    timing.upstream += waiting.elapsed();
    let failed = match read {
        Ok(completion) => {
            produced.note(provider, true);
            produced.outcome = Outcome::Completed;
            produced.plain = Some(completion);
            produced.count(call, &admitted.hold).await;
            match answer(call, admitted, provider, produced) {
                Ok(body) => {
                    let (end, body) = if call.ends_with_task { feed::withheld(body) } else { (None, Body::from(body)) };
                    let response = head::answer(call, admitted, &timing, provider, "application/json", body);
                    let _ = head.send(Ok(response));
                    return end;
                }
                Err(error) => error,
            }
        }
        Err(NoAnswer::ClientLeft) => {
            produced.outcome = Outcome::ClientLeft;
            return None;
        }
        Err(NoAnswer::Failed(error)) => {
            produced.note(provider, false);
            produced.outcome = Outcome::Failed;
            error
        }
    };
    produced.error = Some(failed.code);
    let _ = head.send(Err(call.failed(failed, admitted, &timing)));
    None
}

async fn read(call: &Call, admitted: &Admitted, opened: Opened, head: &mut HeadSender) -> Result<Completion, NoAnswer> {
    let garbled = || NoAnswer::Failed(Failure::garbled(opened.provider).error);
    // A reasoning model is read on: only its usage tells what it has produced.
    let gives_up = !admitted.hold.reasoning;
    let body = tokio::select! {
        body = collect(opened.response) => body.ok_or_else(garbled)?,
        () = head.closed(), if gives_up => return Err(NoAnswer::ClientLeft),
        () = tokio::time::sleep_until(call.deadline) => {
            return Err(NoAnswer::Failed(Error::new(Code::DeadlineExceeded)));
        }
    };
    Completion::read(body).ok_or_else(garbled)
}

async fn collect(mut response: reqwest::Response) -> Option<Bytes> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > LARGEST {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body.freeze())
}

fn answer(call: &Call, admitted: &Admitted, provider: &str, produced: &Produced) -> Result<Bytes, Error> {
    let note = GatewayNote { provider, request_id: &call.caller.request_id };
    let completion = produced.plain.as_ref();
    let bill = produced.bill(call, &admitted.hold);
    completion.zip(bill).and_then(|(completion, bill)| completion.with_bill(&bill, &note).ok()).ok_or_else(|| {
        tracing::error!(provider, "an answer cannot be worded");
        Error::new(Code::InternalError)
    })
}
