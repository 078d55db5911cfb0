//! A plain server: `PORT`, HTTP/1.1, no platform around it.

use std::future::Future;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::{Invocation, ServeError, Tasks, application, stopped};
use crate::app::SharedApp;

/// Serves on `PORT` (0 for any) until SIGTERM or ctrl-c, and says on stdout where it listens.
pub(super) async fn serve(endpoints: Router<SharedApp>, app: SharedApp) -> Result<(), ServeError> {
    let port = app.config.port;
    let listen = |source| ServeError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    // A closed stdout must not keep the server from starting.
    let _ = writeln!(io::stdout(), "listening on http://{address}");
    serve_plain(listener, endpoints, app, stopped()).await.map_err(ServeError::Plain)
}

/// Serves `endpoints` on `listener`. When `shutdown` resolves it takes no more connections, finishes what is under
/// way, drains the calls' tasks and returns.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_plain(
    listener: TcpListener,
    endpoints: Router<SharedApp>,
    app: SharedApp,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let tasks = Tasks::tracked();
    let limit = app.config.max_duration;
    let running = tasks.clone();
    let service = application(endpoints, app).map_request(move |mut request: Request| {
        let client = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let client_ip = client.map(|ConnectInfo(address)| address.ip().to_canonical());
        request.extensions_mut().insert(Invocation::unlimited(limit, client_ip, running.clone()));
        request
    });
    // Small chunks of a stream must not wait for one another.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
    });
    let service = Router::new().fallback_service(service);
    axum::serve(listener, service.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(shutdown)
        .await?;
    tasks.drain().await;
    Ok(())
}
