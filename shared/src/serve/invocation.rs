//! What a handler knows about the run it is part of, and the tasks that outlive it.

use std::future::{Future, ready};
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use http::request::Parts;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use vercel_runtime::AppState;

use crate::error::{Code, Error};

/// The longest `maxDuration` that Vercel gives on every plan.
pub const LONGEST: Duration = Duration::from_secs(300);

/// Kept back from the platform's limit, to settle a call that is cut off.
const MARGIN: Duration = Duration::from_secs(20);

/// One run of a handler, as its platform sees it. In every request's extensions.
#[derive(Clone)]
pub struct Invocation {
    /// The client's address as the platform vouches for it; never from a header that the client can set.
    pub client_ip: Option<IpAddr>,
    /// When a call must be over: early enough before the platform's own limit to settle it.
    pub ends_at: Instant,
    /// Where to put work that must outlive the handler.
    pub tasks: Tasks,
    /// When the run began, where its limit is the route's own `maxDuration`.
    limited_by_route: Option<Instant>,
}

impl Invocation {
    /// A run whose limit is that of its route ([`Self::limit`]).
    pub(super) fn limited_by_route(client_ip: Option<IpAddr>, tasks: Tasks) -> Self {
        let now = Instant::now();
        let ends_at = now + time_for_call(LONGEST);
        Self { client_ip, ends_at, tasks, limited_by_route: Some(now) }
    }

    /// A run that the platform ends after `limit`.
    pub(super) fn limited_to(limit: Duration, client_ip: Option<IpAddr>, tasks: Tasks) -> Self {
        let ends_at = Instant::now() + time_for_call(limit);
        Self { client_ip, ends_at, tasks, limited_by_route: None }
    }

    /// A run that no platform ends: a call may take all of `limit`.
    pub(super) fn unlimited(limit: Duration, client_ip: Option<IpAddr>, tasks: Tasks) -> Self {
        let ends_at = Instant::now() + limit;
        Self { client_ip, ends_at, tasks, limited_by_route: None }
    }

    /// Tells the run its route's `maxDuration`; nothing changes where the platform does not go by it.
    pub(crate) fn limit(&mut self, max_duration: Duration) {
        if let Some(began) = self.limited_by_route {
            self.ends_at = began + time_for_call(max_duration);
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Invocation {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts.extensions.get().cloned().ok_or_else(|| {
            tracing::error!("a request came in past the platform: it has no invocation");
            Error::new(Code::InternalError)
        })
    }
}

/// What a call may take of a platform's limit.
fn time_for_call(limit: Duration) -> Duration {
    if limit < MARGIN * 2 { limit / 2 } else { limit - MARGIN }
}

/// Work that goes on when its handler is gone: a client that leaves takes the handler with it, not the tasks.
#[derive(Clone)]
pub struct Tasks {
    keeper: Keeper,
    /// Those of one run, where its platform must wait for them.
    of_run: Option<TaskTracker>,
}

#[derive(Clone)]
enum Keeper {
    /// Vercel holds the invocation's `end` message back for them.
    Vercel(AppState),
    /// Drained when the process stops.
    Tracker(TaskTracker),
}

impl Tasks {
    /// Tasks that the process waits for when it stops.
    #[must_use]
    pub fn tracked() -> Self {
        Self { keeper: Keeper::Tracker(TaskTracker::new()), of_run: None }
    }

    pub(super) fn of_vercel(state: AppState) -> Self {
        Self { keeper: Keeper::Vercel(state), of_run: None }
    }

    /// The same, of which those of one run can be waited for.
    pub(super) fn of_a_run(&self) -> Self {
        Self { keeper: self.keeper.clone(), of_run: Some(TaskTracker::new()) }
    }

    /// Starts `task` at once, within the current tracing span. To be called before the handler awaits anything:
    /// Vercel ends an invocation whose work is registered later than its response head.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = task.in_current_span();
        match (&self.keeper, &self.of_run) {
            (Keeper::Vercel(state), _) => state.wait_until(task),
            (Keeper::Tracker(all), None) => {
                all.spawn(task);
            }
            (Keeper::Tracker(all), Some(of_run)) => {
                all.spawn(of_run.track_future(task));
            }
        }
    }

    /// Does what no answer is to wait for, at the end of a task of the run: within it, or where the end of an answer waits for the run's
    /// tasks, beside them. Then a process that is frozen goes on with it at its next run, or never.
    pub async fn last(&self, work: impl Future<Output = ()> + Send + 'static) {
        match (&self.keeper, &self.of_run) {
            (Keeper::Tracker(all), Some(_)) => {
                all.spawn(work.in_current_span());
            }
            _ => work.await,
        }
    }

    /// Waits for every task. Vercel's runtime does this by itself.
    pub(super) async fn drain(&self) {
        if let Keeper::Tracker(tracker) = &self.keeper {
            tracker.close();
            tracker.wait().await;
        }
    }
}

/// A response whose body ends when the tasks of its run are done, however early all of it is there.
pub(super) fn ends_with_tasks(response: Response, tasks: &Tasks) -> Response {
    let Some(of_run) = tasks.of_run.clone() else { return response };
    response.map(|body| {
        let over = async move {
            of_run.close();
            of_run.wait().await;
        };
        Body::from_stream(body.into_data_stream().chain(stream::once(over).filter_map(|()| ready(None))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_leaves_time_to_settle_within_the_limit() {
        let seconds = Duration::from_secs;
        assert_eq!(time_for_call(seconds(300)), seconds(280));
        assert_eq!(time_for_call(seconds(40)), seconds(20));
        assert_eq!(time_for_call(seconds(10)), seconds(5));
        assert_eq!(time_for_call(seconds(0)), seconds(0));
    }

    #[test]
    fn only_a_run_limited_by_its_route_goes_by_max_duration() {
        let minute = Duration::from_secs(60);
        let mut on_vercel = Invocation::limited_by_route(None, Tasks::tracked());
        on_vercel.limit(minute);
        assert_eq!(on_vercel.limited_by_route.map(|began| on_vercel.ends_at - began), Some(Duration::from_secs(40)));
        let mut on_lambda = Invocation::limited_to(minute * 2, None, Tasks::tracked());
        let ends_at = on_lambda.ends_at;
        on_lambda.limit(minute);
        assert_eq!(on_lambda.ends_at, ends_at);
    }

    #[tokio::test]
    async fn a_drain_waits_for_tasks_and_for_the_tasks_that_they_start() {
        let (tasks, (sender, receiver)) = (Tasks::tracked(), std::sync::mpsc::channel());
        let inner = tasks.clone();
        tasks.spawn(async move {
            tokio::task::yield_now().await;
            inner.spawn(async move {
                tokio::task::yield_now().await;
                sender.send("settled").expect("the test still listens");
            });
        });
        tasks.drain().await;
        assert_eq!(receiver.try_recv(), Ok("settled"));
    }
}
