//! Whether a request went over a connection of its own or over a kept one, which its server may have closed meanwhile.
//!
//! A server may close an idle connection at any time, also while a request is on its way (RFC 9112, 9.3.1 and 9.5):
//! that says nothing of the server, and the request has most likely not been read.

use std::cell::Cell;

tokio::task_local! {
    /// Whether the request that this task sends has opened a connection.
    static OPENED: Cell<bool>;
}

/// Notes that a connection is opened for the request that this task sends; the HTTP client's connector says so.
pub(super) fn note_opened() {
    let _ = OPENED.try_with(|opened| opened.set(true));
}

/// Sends a request, and says whether it has opened a connection for it.
pub async fn watched<F: Future>(request: F) -> (F::Output, bool) {
    let watched = async {
        let sent = request.await;
        (sent, OPENED.with(Cell::get))
    };
    OPENED.scope(Cell::new(false), watched).await
}

/// Whether the connection has ended before the head of an answer came.
pub fn has_ended(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}
