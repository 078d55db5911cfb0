//! Fetches a provider's list: `GET /models` beside its chat endpoint, at most 5 MB of it.

use bytes::{Bytes, BytesMut};
use http::header;
use tokio::time::{Instant, timeout_at};

use super::NoList;
use crate::app::App;
use crate::config::ProviderSettings;
use crate::providers::Credential;
use crate::providers::attempt::headers;

/// The longest list that is read, in bytes.
const LONGEST: usize = 5 * 1024 * 1024;

/// The list's bytes.
///
/// # Errors
/// Why there are none.
pub async fn fetch(app: &App, settings: &ProviderSettings, until: Instant) -> Result<Bytes, NoList> {
    let address = address(settings).ok_or(NoList("its address is not known"))?;
    let mut headers = headers(app, settings, &Credential::Ours(0), false);
    headers.remove(header::CONTENT_TYPE);
    let reading = async {
        let mut response =
            app.http.get(address).headers(headers).send().await.map_err(|_| NoList("it cannot be reached"))?;
        if !response.status().is_success() {
            return Err(NoList("it answers with an error"));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| NoList("the list is cut off"))? {
            if body.len() + chunk.len() > LONGEST {
                return Err(NoList("the list is longer than 5 MB"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    timeout_at(until, reading).await.unwrap_or(Err(NoList("it takes too long")))
}

/// Beside the endpoint of the first format that it speaks.
fn address(settings: &ProviderSettings) -> Option<String> {
    let (format, path) = settings.provider.speaks.first()?;
    let endpoint = settings.endpoint(*format)?;
    Some(format!("{}/models", endpoint.as_str().strip_suffix(path)?))
}
