//! The life of a call: admitted, sent, answered, settled.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::StatusCode;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::admit::{self, Admitted};
use super::bill::CallRecord;
use super::cached;
use super::client::{Client, HeadSender};
use super::context::{Call, SETTLE_TIME};
use super::deliver;
use super::dispatch;
use super::head;
use super::opening::Opened;
use super::timing::Timing;
use super::trace::{Afterwards, Trace};
use crate::after_act;
use crate::api_key::without_keys;
use crate::credits::hold::Hold;
use crate::credits::settle::{Charged, Outcome, drain_outbox, settle};
use crate::error::{Code, Error};
use crate::keyring;
use crate::memory::stored::Ended;
use crate::payments::auto_topup::top_up;
use crate::providers::own_keys::{self, Outdated};

/// How long the end of an answer is held back at most: a database that is away keeps no client.
const HELD_BACK: Duration = Duration::from_secs(2);

impl Call {
    /// Starts it as a task of its run. What a call may come to is large, so it is boxed before it is handed on: a future is
    /// moved as a whole.
    pub fn start(self, head: HeadSender) {
        let span = tracing::info_span!("call", call_id = %self.id, model = %without_keys(&self.demand().model));
        let tasks = self.tasks.clone();
        span.in_scope(|| tasks.spawn(Box::pin(self.drive(head))));
    }

    async fn drive(mut self, head: HeadSender) {
        let mut timing = Timing::default();
        let mut admitted = match admit::admit(&mut self, &mut timing).await {
            Ok(admitted) => admitted,
            Err(refused) => {
                let mut answer = refused.answer;
                answer = answer.map_err(|error| error.with_headers(|headers| timing.write(headers, &self)));
                if let Ok(response) = &mut answer {
                    timing.write(response.headers_mut(), &self);
                }
                let refusal = answer.as_ref().err().map(|error| (error.code, error.http_status()));
                let _ = head.send(answer);
                refused.compensation.run(&self).await;
                if let Some((code, status)) = refusal {
                    self.app.refusals.count(code);
                    // Neither what was refused from memory nor what a stranger asks costs a store anything more.
                    let is_told = timing.stores_asked.is_some() && status != StatusCode::UNAUTHORIZED;
                    self.leave(Trace::of_refusal(&self, code, status, &timing), is_told).await;
                }
                return;
            }
        };
        let mut record = CallRecord::default();
        let relayed = AssertUnwindSafe(self.relay(&mut admitted, head, timing, &mut record)).catch_unwind().await;
        let client = relayed.unwrap_or_else(|_| {
            record.outcome = Outcome::Cut;
            None
        });
        self.finish(admitted, record, client, &timing).await;
    }

    /// Asks the providers and passes the answer on. Gives back the client, if the end of its answer is held back.
    async fn relay(
        &mut self,
        admitted: &mut Admitted,
        head: HeadSender,
        mut timing: Timing,
        record: &mut CallRecord,
    ) -> Option<Client> {
        let mut client = Client::new(head, self.holds_back());
        if client.has_left() {
            // No provider need be asked.
            record.outcome = Outcome::Refused;
            return None;
        }
        loop {
            match self.open(admitted, &mut client, &mut timing, record).await {
                None => {
                    // Whether the provider had begun is unknown; what is known is that it had the prompt.
                    record.outcome = if record.provider.is_some() { Outcome::ClientLeft } else { Outcome::Refused };
                    return None;
                }
                Some(Ok(opened)) => {
                    deliver::deliver(self, admitted, opened, &mut client, timing, record).await;
                    break;
                }
                Some(Err(error)) => {
                    let Err(error) = self.turn_to_next(admitted, error).await else { continue };
                    let cut_off = error.code == Code::DeadlineExceeded;
                    record.outcome = if cut_off { Outcome::Deadline } else { Outcome::Failed };
                    record.error = Some(error.code);
                    let event = self.request.failure_event(&error);
                    deliver::fail(self, admitted, &mut client, &timing, error, event).await;
                    break;
                }
            }
        }
        Some(client).filter(|_| self.holds_back())
    }

    /// Opens a provider's answer; `None` if the client has left before. A client that waits long for a stream gets its
    /// head all the same, and comments until there is output.
    async fn open(
        &self,
        admitted: &Admitted,
        client: &mut Client,
        timing: &mut Timing,
        record: &mut CallRecord,
    ) -> Option<Result<Opened, Error>> {
        let gives_up = !self.reads_on(&admitted.hold);
        let (asked, mut so_far) = (Instant::now(), *timing);
        let every = self.app.config.keep_alive;
        let (keep_alive, deadline) = (sleep(every), sleep_until(self.deadline));
        let open = dispatch::open(self, admitted, timing, record);
        tokio::pin!(open, keep_alive, deadline);
        loop {
            tokio::select! {
                opened = &mut open => return Some(opened),
                () = client.left(), if gives_up => return None,
                () = keep_alive.as_mut(), if self.demand().stream && !self.request.keep_alive(false).is_empty() => {
                    so_far.upstream = asked.elapsed();
                    client.begin(|body| head::answer(self, admitted, &so_far, None, self.request.content_type(), body));
                    client.send(Bytes::from_static(self.request.keep_alive(false)), deadline.as_mut()).await;
                    keep_alive.as_mut().reset(Instant::now() + every);
                }
            }
        }
    }

    /// The two calls after the answer: the settle, and the end of the lease.
    async fn finish(&self, admitted: Admitted, mut record: CallRecord, client: Option<Client>, timing: &Timing) {
        let Admitted { hold, lease } = admitted;
        let ended = Instant::now();
        record.count(self, &hold).await;
        record.measure(self, ended);
        let mut settlement = record.settlement(self, Some(&hold));
        if let Some(turn) = &self.turn {
            let stream = self.demand().stream;
            settlement.turn = Some(turn.kept(&self.app, stream, record.outcome, record.answer.as_deref()).await);
        }
        if let Some(stored) = &self.stored {
            let bill = record.bill(self, &hold);
            let ended = Ended {
                stream: self.demand().stream,
                outcome: record.outcome,
                error: record.error,
                answer: record.answer.as_deref(),
                bill: bill.as_ref(),
            };
            settlement.stored_response = stored.kept(&self.app, ended).await;
        }
        let tokens = record.usage.map_or(0, |usage| hold.bounded(&usage).total());
        let cached_at = record.cached_at(&hold);
        let until = self.deadline + SETTLE_TIME;
        let kept = cached::kept(self, &hold, &record);
        let (settled, over) = oneshot::channel::<()>();
        let asked = Instant::now();
        let settle = async {
            let charged = settle(&self.app, &settlement, until).await;
            let _ = settled.send(());
            (charged, Instant::now())
        };
        let release = lease.release(tokens, &record.reports, cached_at, kept.as_ref());
        let release = release.map(|waiting| (waiting, Instant::now()));
        let ((Charged { stored, topup_due }, charged), (waiting, released), ()) =
            tokio::join!(settle, release, self.give_rest(client, over));
        let after = Afterwards { ended, settle: (asked, charged), release: (asked, released) };
        let mut trace = Trace::of(self, &hold, &record, timing, &after);
        if let Some(trace) = trace.as_mut().filter(|_| hold.trace_content) {
            trace.tell_content(self, &record).await;
        }
        tracing::info!(
            outcome = ?settlement.outcome,
            provider = settlement.provider.as_deref(),
            estimated = settlement.estimated,
            duration_ms = settlement.duration_ms,
            stored,
            "call ended"
        );
        self.renew_own_key(&hold, &record).await;
        if let Some(account) = topup_due {
            top_up(&self.app, account).await;
        }
        after_act::send(&self.app).await;
        if stored && waiting > 0 {
            let drained = drain_outbox(&self.app).await;
            tracing::info!(drained, "settles from the outbox are in the books");
        }
        self.leave(trace, true).await;
    }

    /// What is sent last of all, when the client has all of its answer: the trace, and what calls were refused. The end of no answer is
    /// held back for that.
    async fn leave(&self, trace: Option<Trace>, tells_refusals: bool) {
        let app = self.app.clone();
        let tells = tells_refusals && !app.refusals.is_empty();
        if trace.is_none() && !tells {
            return;
        }
        let sent = async move {
            let sent = async {
                if let Some(trace) = trace {
                    trace.send().await;
                }
            };
            let told = async {
                if let Some(supabase) = app.supabase_if_configured().filter(|_| tells) {
                    app.refusals.tell(supabase).await;
                }
            };
            tokio::join!(sent, told);
        };
        self.tasks.last(sent).await;
    }

    /// Gives the client what was held back, once the call is in the books, or when the database takes too long.
    async fn give_rest(&self, client: Option<Client>, settled: oneshot::Receiver<()>) {
        let Some(mut client) = client else { return };
        let _ = timeout(HELD_BACK, settled).await;
        let patience = sleep(self.remaining().max(Duration::from_secs(1)));
        tokio::pin!(patience);
        client.release(patience).await;
    }

    /// The caller's own key goes under the newest version of the keyring, if it was used and an older one made it.
    async fn renew_own_key(&self, hold: &Hold, record: &CallRecord) {
        let Some(id) = record.own_key else { return };
        let Some(sealed) = hold.own_keys.get(&id) else { return };
        if keyring::is_outdated(&self.app, sealed) {
            let (account_id, sealed) = (hold.account_id, sealed.clone());
            own_keys::renew(&self.app, &Outdated { account_id, id, sealed }).await;
        }
    }
}
