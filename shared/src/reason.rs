//! Why a request of ours failed, for the log.

use std::error::Error;

/// The error with all of its causes. The URL is left out, since it may hold a secret.
#[must_use]
pub fn reason(error: reqwest::Error) -> String {
    causes(&error.without_url())
}

/// The error with all of its causes: only the innermost one tells a DNS failure from a refused connection.
#[must_use]
pub fn causes(error: &dyn Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(deeper) = cause {
        words.push(deeper.to_string());
        cause = deeper.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_cause_is_told_and_the_address_is_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let url = format!("http://127.0.0.1:{port}/path?token=secret");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let error = http.get(url).send().await.expect_err("nobody listens");
        let told = reason(error);
        assert!(told.contains("refused") && !told.contains("secret") && !told.contains("path"), "{told}");
    }
}
