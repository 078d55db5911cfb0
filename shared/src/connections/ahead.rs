//! Connections that are opened before a request needs them: then it waits for no handshake.
//!
//! The HTTP client opens a connection only for a request. [`open`] sends one, and the layer of the client's connector
//! takes the connecting out of its hands: that goes on in a task of its own, while the request ends before anything of it
//! is sent. The next request that wants a connection to the same server is given this one, finished or under way.

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::ready;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tower::{BoxError, Layer, Service, ServiceExt as _};

use super::kept::note_opened;

/// How long a connection waits for its first request. Servers close those that stay silent, the strictest after some
/// 10 s; and a platform may freeze a process that has nothing to do, and with it what was under way.
const KEPT: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// Set while a request is sent that is only to open a connection.
    static AHEAD: ();
}

/// Begins to open the connection that `request` wants, and waits for nothing. Two of them open two. Whether it succeeds is
/// the next request's concern, which connects by itself if it does not.
///
/// To be called before other requests go to this server: over a connection that is already there, the request would
/// be sent.
pub async fn open<T, E>(request: impl Future<Output = Result<T, E>>) {
    // That it ends with an error is how it is meant.
    let _ = AHEAD.scope((), request).await;
}

/// The layer of an HTTP client's connector. `R` is what that is asked with, which for reqwest's has no name outside of it.
pub struct OpenedAhead<R>(PhantomData<fn(R)>);

/// See [`OpenedAhead`].
pub fn layer<R>() -> OpenedAhead<R> {
    OpenedAhead(PhantomData)
}

impl<R> Clone for OpenedAhead<R> {
    fn clone(&self) -> Self {
        layer()
    }
}

impl<R, S: Service<R>> Layer<S> for OpenedAhead<R> {
    type Service = Connector<S, S::Response>;

    fn layer(&self, inner: S) -> Self::Service {
        Connector { inner: Arc::new(inner), opened: Arc::default() }
    }
}

/// A connector that hands out first what was opened ahead.
pub struct Connector<S, C> {
    /// Cloned for a connection, and not with each request that clones its client.
    inner: Arc<S>,
    opened: Arc<Opened<C>>,
}

impl<S, C> Clone for Connector<S, C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), opened: Arc::clone(&self.opened) }
    }
}

impl<R, S> Service<R> for Connector<S, S::Response>
where
    R: Debug + Send + 'static,
    S: Service<R, Error = BoxError> + Clone + Send + 'static,
    S::Response: Read + Send + Unpin + 'static,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: R) -> Self::Future {
        // Scheme, host and port, in whatever words; the same for each request to a server.
        let name = format!("{server:?}");
        // Nothing is done before this is polled.
        let connecting = S::clone(&self.inner).oneshot(server);
        if AHEAD.try_with(|()| ()).is_ok() {
            Arc::clone(&self.opened).open(name, connecting);
            return Box::pin(ready(Err("a connection is opened ahead; nothing is sent".into())));
        }
        let Some(opening) = self.opened.take(&name) else {
            note_opened();
            return Box::pin(connecting);
        };
        Box::pin(async move {
            if let Ok(Some(mut connection)) = opening.await
                && is_silent(&mut connection)
            {
                return Ok(connection);
            }
            note_opened();
            connecting.await
        })
    }
}

/// Whether the server has neither closed the connection nor said anything: it is to be asked first.
fn is_silent(connection: &mut (impl Read + Unpin)) -> bool {
    let mut room = [0; 1];
    let mut room = ReadBuf::new(&mut room);
    Pin::new(connection).poll_read(&mut Context::from_waker(Waker::noop()), room.unfilled()).is_pending()
}

/// The connections that were opened ahead.
struct Opened<C>(Mutex<ByServer<C>>);

/// By their servers, each with the time when it was begun.
type ByServer<C> = HashMap<String, Vec<(Instant, Opening<C>)>>;

/// Ends with no connection when none could be made.
type Opening<C> = JoinHandle<Option<C>>;

impl<C> Default for Opened<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C: Send + 'static> Opened<C> {
    fn open<E>(self: Arc<Self>, server: String, connecting: impl Future<Output = Result<C, E>> + Send + 'static) {
        let opening = tokio::spawn(async { tokio::time::timeout(KEPT, connecting).await.ok()?.ok() });
        self.change(|opened| opened.entry(server).or_default().push((Instant::now(), opening)));
        tokio::spawn(async move {
            tokio::time::sleep(KEPT).await;
            // What nobody wanted is closed.
            self.change(|opened| {
                opened.retain(|_, openings| {
                    openings.retain(|(begun, _)| begun.elapsed() < KEPT);
                    !openings.is_empty()
                });
            });
        });
    }

    fn take(&self, server: &str) -> Option<Opening<C>> {
        let (begun, opening) = self.change(|opened| opened.get_mut(server)?.pop())?;
        (begun.elapsed() < KEPT).then_some(opening)
    }

    fn change<T>(&self, change: impl FnOnce(&mut ByServer<C>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
