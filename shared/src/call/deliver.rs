//! An answer on its way to the client: as a stream while it comes, or whole when it is all there.

use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::admit::Admitted;
use super::bill::CallRecord;
use super::cache_wish::Pieces;
use super::client::Client;
use super::context::Call;
use super::head;
use super::opening::{self, Opened};
use super::timing::Timing;
use crate::credits::settle::Outcome;
use crate::error::{Code, Error};
use crate::formats::{Broken, Progress};
use crate::limits::AttemptOutcome;
use crate::providers::failure::Failure;

/// How long a stream that is over is listened to for a usage that has not come.
const USAGE_BEHIND_THE_END: Duration = Duration::from_secs(1);

/// How the provider's part of an answer ended.
enum Ended {
    Complete,
    ClientLeft,
    Deadline,
    Broken(Box<Failure>),
    /// More than is kept for a client or waited for, whom it is told so.
    TooLarge(Box<Error>),
}

/// Passes the answer on and says in `record` how it ended.
pub async fn deliver(
    call: &Call,
    admitted: &Admitted,
    mut opened: Opened,
    client: &mut Client,
    mut timing: Timing,
    record: &mut CallRecord,
) {
    let provider = opened.provider;
    let streamed = call.demand().stream;
    if streamed {
        client.begin(|body| head::answer(call, admitted, &timing, Some(provider), call.request.content_type(), body));
    }
    let waiting = Instant::now();
    record.pieces = call.cached().filter(|_| streamed).map(|_| Pieces::default());
    let ended = pump(call, admitted, &mut opened, client, record.pieces.as_mut()).await;
    timing.upstream += waiting.elapsed();
    if matches!(ended, Ended::TooLarge(_)) {
        // It is we who do not read on, so what is not seen has been produced all the same.
        let nothing_seen = opened.answer.progress() == Progress::Waiting;
        record.charge_hold = nothing_seen || call.reads_on(&admitted.hold);
    }
    record.answer = Some(opened.answer);
    let (outcome, error) = match ended {
        // Whoever asked for the whole has all of it or nothing: a stream may have been left meanwhile.
        Ended::Complete if streamed && client.has_left() => (Outcome::ClientLeft, None),
        Ended::Complete => (Outcome::Completed, None),
        Ended::ClientLeft => (Outcome::ClientLeft, None),
        Ended::Deadline => (Outcome::Deadline, Some(Error::new(Code::DeadlineExceeded))),
        // Its length is what the caller asked for.
        Ended::TooLarge(error) => (Outcome::Cut, Some(*error)),
        Ended::Broken(failure) => {
            record.note_failure(provider, &failure);
            opening::log(provider, record.own_key.is_some(), &failure);
            (if streamed { Outcome::Cut } else { Outcome::Failed }, Some(failure.error))
        }
    };
    // Whether a plain answer is one shows when it is put together.
    if streamed && outcome == Outcome::Completed {
        record.note(provider, AttemptOutcome::Answered);
    }
    record.outcome = outcome;
    let error = match error {
        None if client.has_left() => return,
        None if streamed => return close(call, admitted, client, record).await,
        None => match whole(call, admitted, provider, client, &timing, record).await {
            Ok(()) => return,
            Err(error) => error,
        },
        Some(error) => error,
    };
    record.error = Some(error.code);
    let event = record.answer.as_ref().map(|answer| answer.fail(&error)).unwrap_or_default();
    fail(call, admitted, client, &timing, error, event).await;
}

/// Tells the client of a failure: in its place if there is no head yet, else by `event`, the last of the stream.
pub async fn fail(call: &Call, admitted: &Admitted, client: &mut Client, timing: &Timing, error: Error, event: Bytes) {
    if client.reads() {
        if event.is_empty() {
            return client.break_off().await;
        }
        return last(call, client, event).await;
    }
    client.refuse(error.with_headers(|headers| {
        admitted.lease.status.write(headers);
        timing.write(headers, call);
    }));
}

/// Moves frames until there are no more, or nobody who wants them.
async fn pump(
    call: &Call,
    admitted: &Admitted,
    opened: &mut Opened,
    client: &mut Client,
    mut kept: Option<&mut Pieces>,
) -> Ended {
    let provider = opened.provider;
    let (longest_silence, every) = (call.app.config.provider_silence, call.app.config.keep_alive);
    let (deadline, timer) = (sleep_until(call.deadline), sleep(longest_silence));
    tokio::pin!(deadline, timer);
    let (mut heard, mut told) = (Instant::now(), Instant::now());
    // Without a client, what can be counted is not waited for; looked at once, when it has left.
    let mut left_with_all = None;
    loop {
        for piece in opened.pieces.drain(..) {
            if let Some(kept) = &mut kept {
                kept.take(&piece);
            }
            client.send(piece, deadline.as_mut()).await;
        }
        if opened.broken == Some(Broken::TooLong) {
            return Ended::TooLarge(Box::new(opening::too_long(provider)));
        }
        if let Some(broken) = &opened.broken {
            return Ended::Broken(Box::new(opening::failure(call, opened, broken)));
        }
        if opened.is_too_large() {
            return Ended::TooLarge(Box::new(opening::too_large(provider)));
        }
        let progress = opened.answer.progress();
        // Some report the usage behind the end.
        let awaits_usage = progress == Progress::Done && opened.answer.report().is_none();
        let is_over = progress == Progress::Done && !(awaits_usage && heard.elapsed() < USAGE_BEHIND_THE_END);
        let Some(response) = opened.response.as_mut().filter(|_| !is_over) else {
            let complete = progress >= Progress::Complete;
            return if complete {
                Ended::Complete
            } else {
                Ended::Broken(Box::new(Failure::unreachable(provider, false)))
            };
        };
        let counts = || !call.reads_on(&admitted.hold) && opened.answer.written().is_all;
        if client.has_left() && *left_with_all.get_or_insert_with(counts) {
            return Ended::ClientLeft;
        }
        let silent_until = heard + if awaits_usage { USAGE_BEHIND_THE_END } else { longest_silence };
        timer.as_mut().reset(if client.reads() { silent_until.min(told + every) } else { silent_until });
        tokio::select! {
            biased;
            () = client.left(), if !client.has_left() => {}
            // Before the frames: a provider that always has one ready must not outrun it.
            () = deadline.as_mut() => return if awaits_usage { Ended::Complete } else { Ended::Deadline },
            frame = response.chunk() => match frame {
                Ok(frame) => {
                    if frame.is_some() {
                        (heard, told) = (Instant::now(), Instant::now());
                    }
                    opened.broken = opened.take(frame).err();
                }
                // What has ended cannot be cut.
                Err(_) if awaits_usage => opened.response = None,
                Err(_) => return Ended::Broken(Box::new(Failure::unreachable(provider, false))),
            },
            () = timer.as_mut() => {
                if awaits_usage {
                    continue;
                }
                if heard.elapsed() >= longest_silence {
                    return Ended::Broken(Box::new(Failure::silent(provider)));
                }
                if !call.request.keep_alive(true).is_empty() {
                    client.send(Bytes::from_static(call.request.keep_alive(true)), deadline.as_mut()).await;
                }
                told = Instant::now();
            }
        }
    }
}

/// Sends the whole answer with its bill.
async fn whole(
    call: &Call,
    admitted: &Admitted,
    provider: &'static str,
    client: &mut Client,
    timing: &Timing,
    record: &mut CallRecord,
) -> Result<(), Error> {
    record.count(call, &admitted.hold).await;
    let bill = record.bill(call, &admitted.hold);
    let body = record.answer.as_ref().zip(bill).and_then(|(answer, bill)| answer.plain(&bill).ok());
    let Some(body) = body else {
        record.outcome = Outcome::Failed;
        record.usage = None;
        record.note(provider, AttemptOutcome::Failed);
        return Err(Failure::garbled(provider).error);
    };
    record.note(provider, AttemptOutcome::Answered);
    if call.idempotency.is_some() {
        record.given = Some(body.clone());
    }
    let content_type = call.request.plain_type();
    client.answer(head::answer(call, admitted, timing, Some(provider), content_type, Body::from(body)));
    Ok(())
}

/// Ends a stream, with the bill if the client asked for it.
async fn close(call: &Call, admitted: &Admitted, client: &mut Client, record: &mut CallRecord) {
    let wants_bill = record.answer.as_ref().is_some_and(|answer| answer.wants_bill());
    if wants_bill {
        record.count(call, &admitted.hold).await;
    }
    let bill = if wants_bill { record.bill(call, &admitted.hold) } else { None };
    let Some(answer) = &record.answer else { return };
    match answer.close(bill.as_ref()) {
        Ok(events) => last(call, client, events).await,
        Err(error) => tracing::error!(%error, "a stream's end cannot be written"),
    }
}

/// Sends a stream's last bytes. A client that does not read is not waited for beyond the deadline.
async fn last(call: &Call, client: &mut Client, bytes: Bytes) {
    let patience = sleep(call.remaining().max(Duration::from_secs(1)));
    tokio::pin!(patience);
    let patience: Pin<&mut Sleep> = patience.as_mut();
    client.close(bytes, patience).await;
}
