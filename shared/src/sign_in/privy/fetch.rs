//! Asking Privy something, within bounds.

use std::time::Duration;

use http::StatusCode;
use reqwest::RequestBuilder;

use crate::reason::reason;

/// How long Privy may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 256 * 1024;

/// Status and body of the answer, or why there is none.
pub async fn fetch(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), String> {
    let exchange = async {
        let mut response = request.send().await.map_err(reason)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reason)? {
            if body.len() + chunk.len() > LONGEST {
                return Err(format!("an answer of more than {LONGEST} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), body))
    };
    tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or_else(|_| Err(format!("no answer within {TIMEOUT:?}")))
}
