//! A call: one chat completion from its admission to its settle, owned by one task.
//!
//! The task is handed to the platform before the handler awaits anything; the handler and the response body only read
//! from it. So whatever happens to the client's connection, a hold that was placed is settled.
//!
//! - `admit`: the hold and the limits, asked at the same time; what to do when they disagree.
//! - `dispatch`: the candidates in turn, until one answers.
//! - `plain`, `stream`: the answer on its way to the client.
//! - `bill`: what was used and what it costs.
//! - `feed`: the response body that reads from the task.

mod admit;
mod bill;
mod dispatch;
mod feed;
mod head;
mod plain;
mod stream;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::response::Response;
use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use crate::api_key::without_keys;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::chat::request::ChatRequest;
use crate::credits::hold::Hold;
use crate::credits::settle::{Outcome, Settlement, drain_outbox, settle};
use crate::error::{Code, Error};
use crate::limits;
use crate::providers::own_keys::{self, Outdated};
use crate::serve::Invocation;
use admit::Admitted;
use bill::Produced;
use head::Timing;

/// A hold outlives its call's deadline by this much, so that the settle finds it.
const HOLD_MARGIN: Duration = Duration::from_secs(60);
/// After the deadline a settle has this long before it goes to the outbox: the platform leaves 20 s.
const SETTLE_TIME: Duration = Duration::from_secs(10);

/// A call and everything it needs.
pub struct Call {
    app: SharedApp,
    caller: Caller,
    request: ChatRequest,
    app_name: Option<String>,
    id: Uuid,
    started: Instant,
    deadline: Instant,
    ends_with_task: bool,
}

/// How the task hands the response's head, or a refusal, to the handler.
type HeadSender = oneshot::Sender<Result<Response, Error>>;

/// Runs a call and answers as soon as there is a head.
///
/// # Errors
/// Every refusal and failure that comes before the first byte.
pub async fn run(
    app: SharedApp,
    invocation: &Invocation,
    caller: Caller,
    request: ChatRequest,
    app_name: Option<String>,
) -> Result<Response, Error> {
    let (head, answer) = oneshot::channel();
    let call = Call {
        app,
        caller,
        request,
        app_name,
        id: Uuid::now_v7(),
        started: Instant::now(),
        deadline: invocation.ends_at,
        ends_with_task: invocation.ends_with_task,
    };
    let (running, over) = oneshot::channel::<Infallible>();
    invocation.tasks.spawn(async move {
        // Dropped when the task is over, however that comes about.
        let _running = running;
        call.drive(head).await;
    });
    let answer = answer.await.unwrap_or_else(|_| Err(Error::new(Code::InternalError)));
    if answer.is_err() && invocation.ends_with_task {
        // The end of an error's body cannot be withheld, so its head is.
        let _ = over.await;
    }
    answer
}

impl Call {
    #[tracing::instrument(name = "call", skip_all, fields(call_id = %self.id, model = %without_keys(&self.request.model)))]
    async fn drive(self, head: HeadSender) {
        let mut timing = Timing::default();
        let admitted = match admit::admit(&self, &mut timing).await {
            Ok(admitted) => admitted,
            Err(refused) => {
                let _ = head.send(Err(refused.error.with_headers(|headers| timing.write(headers, &self))));
                return refused.undo.run(&self).await;
            }
        };
        let mut produced = Produced::default();
        let relayed = AssertUnwindSafe(self.relay(&admitted, head, timing, &mut produced)).catch_unwind().await;
        // What the body withholds its end for is dropped with this value: after the settle.
        let _end = relayed.unwrap_or_else(|_| {
            produced.outcome = Outcome::Cut;
            None
        });
        self.finish(&admitted, produced).await;
    }

    /// Asks the providers and passes the answer on. Gives back what keeps the client's body open, if the end of the
    /// body would end the run.
    async fn relay(
        &self,
        admitted: &Admitted,
        mut head: HeadSender,
        mut timing: Timing,
        produced: &mut Produced,
    ) -> Option<feed::End> {
        if head.is_closed() {
            // The client has left meanwhile: no provider need be asked.
            produced.outcome = Outcome::Refused;
            return None;
        }
        // A reasoning model is read on when its client leaves: only its usage tells what it has produced.
        let gives_up = !admitted.hold.reasoning;
        let opened = tokio::select! {
            opened = dispatch::open(self, admitted, &mut timing, produced) => opened,
            () = head.closed(), if gives_up => {
                // Whether the provider had begun is unknown; what is known is that it had the prompt.
                produced.outcome = if produced.provider.is_some() { Outcome::ClientLeft } else { Outcome::Refused };
                return None;
            }
        };
        match opened {
            Err(error) => {
                produced.outcome = Outcome::Failed;
                produced.error = Some(error.code);
                let _ = head.send(Err(self.failed(error, admitted, &timing)));
                None
            }
            Ok(opened) if self.request.stream => stream::relay(self, admitted, opened, head, timing, produced).await,
            Ok(opened) => plain::relay(self, admitted, opened, head, timing, produced).await,
        }
    }

    /// A failure as its caller gets it: with the headers of every inference answer.
    fn failed(&self, error: Error, admitted: &Admitted, timing: &Timing) -> Error {
        error.with_headers(|headers| {
            admitted.admission.standing.write(headers);
            timing.write(headers, self);
        })
    }

    /// The two calls after the answer: the settle, and the end of the lease.
    async fn finish(&self, admitted: &Admitted, mut produced: Produced) {
        produced.count(self, &admitted.hold).await;
        let settlement = self.settlement(&produced, Some(&admitted.hold));
        let tokens = produced.usage.map_or(0, |usage| usage.total());
        let until = self.deadline + SETTLE_TIME;
        let (stored, waiting) = tokio::join!(
            settle(&self.app, &settlement, until),
            limits::release(&self.app, self.id, &admitted.admission, tokens, &produced.reports),
        );
        tracing::info!(
            outcome = ?settlement.outcome,
            provider = settlement.provider.as_deref(),
            estimated = settlement.estimated,
            duration_ms = settlement.duration_ms,
            stored,
            "call ended"
        );
        self.renew_own_key(admitted, &produced).await;
        if stored && waiting > 0 {
            let drained = drain_outbox(&self.app).await;
            tracing::info!(drained, "settles from the outbox are in the books");
        }
    }

    /// The caller's own key goes under the newest version of the keyring, if it was used and an older one made it.
    async fn renew_own_key(&self, admitted: &Admitted, produced: &Produced) {
        let Some(provider) = produced.provider.filter(|_| produced.own_key) else { return };
        let Some(sealed) = admitted.hold.own_keys.get(provider) else { return };
        if own_keys::is_outdated(&self.app, sealed) {
            let (account_id, provider, sealed) = (admitted.hold.account_id, provider.to_owned(), sealed.clone());
            own_keys::renew(&self.app, &Outdated { account_id, provider, sealed }).await;
        }
    }

    fn settlement(&self, produced: &Produced, hold: Option<&Hold>) -> Settlement {
        Settlement {
            call_id: self.id,
            outcome: produced.outcome,
            provider: produced.provider.map(str::to_owned),
            usage: produced.usage,
            estimated: produced.estimated,
            charge_hold: produced.charge_hold,
            request_id: self.caller.request_id.clone(),
            error_code: produced.error.map(Code::as_str),
            stream: self.request.stream,
            first_byte_ms: produced.first_byte.map(|at| ms(at.duration_since(self.started))),
            duration_ms: ms(self.started.elapsed()),
            app: self.app_name.clone(),
            hold: hold.map(|hold| hold.facts(produced.provider)),
        }
    }

    /// What is left until the deadline.
    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
