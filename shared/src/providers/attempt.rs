//! One request to one provider, up to its response's head.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::time::Instant;

use super::failure::{Failure, Refusal};
use super::{Authentication, Credential};
use crate::app::App;
use crate::config::ProviderSettings;
use crate::connections::kept;
use crate::formats::Upstream;
use crate::reason::reason;

/// What is read of an error's body, in bytes.
const ERROR_BODY: usize = 64 * 1024;

/// Sends a request and waits until `until` for the head of a success.
///
/// # Errors
/// [`Failure`].
pub async fn send(
    app: &App,
    settings: &ProviderSettings,
    credential: &Credential,
    upstream: &Upstream,
    until: Instant,
) -> Result<reqwest::Response, Failure> {
    let provider = settings.provider.name;
    let Some(address) = settings.endpoint(upstream.format).cloned() else {
        tracing::error!(provider, format = ?upstream.format, "a provider's base URL is not a URL");
        return Err(Failure::unreachable(provider, true));
    };
    let ask = |http: &reqwest::Client| {
        let mut headers = headers(app, settings, credential, upstream.streamed);
        headers.extend(upstream.headers.clone());
        tokio::time::timeout_at(until, http.post(address.clone()).headers(headers).body(upstream.body.clone()).send())
    };
    let (mut sent, opened) = kept::watched(ask(&app.http)).await;
    if !opened && matches!(&sent, Ok(Err(error)) if kept::has_ended(error)) {
        tracing::info!(provider, "a kept connection had been closed; the provider is asked again over a new one");
        sent = ask(app.http_unkept()).await;
    }
    let response = match sent {
        Err(_) => return Err(Failure::silent(provider)),
        Ok(Err(error)) => {
            // A plain call may have been answered, and charged, on a connection that was lost after it was sent.
            let fall_back = upstream.repeatable || error.is_connect();
            tracing::warn!(provider, reason = reason(error), "a provider cannot be reached");
            return Err(Failure::unreachable(provider, fall_back));
        }
        Ok(Ok(response)) => response,
    };
    if response.status().is_success() {
        return Ok(response);
    }
    let (status, headers) = (response.status(), response.headers().clone());
    let body = tokio::time::timeout_at(until, error_body(response)).await.unwrap_or_default();
    let own_key = matches!(credential, Credential::Own(_));
    tracing::warn!(provider, status = status.as_u16(), own_key, "a provider answers with an error");
    let hidden = hidden(app, credential);
    Err(Failure::refused(&Refusal { provider, credential, status, headers: &headers, body: &body, hidden }))
}

/// What must never be quoted from a provider's answer: our keys at any provider, addresses that are not public, and the caller's
/// own key.
#[must_use]
pub fn hidden<'a>(app: &'a App, credential: &'a Credential) -> Vec<&'a str> {
    let own = match credential {
        Credential::Ours(_) => None,
        Credential::Own(key) => Some(key.as_str()),
    };
    let ours = app.config.providers.iter().flat_map(|settings| {
        let hosts = settings.endpoints.iter().filter_map(|(_, url)| url.host_str());
        settings.keys.iter().map(String::as_str).chain(settings.virtual_key.as_deref()).chain(hosts)
    });
    ours.chain(own).collect()
}

async fn error_body(mut response: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ERROR_BODY {
            break;
        }
    }
    body
}

/// The headers that a provider wants of every request.
pub(super) fn headers(app: &App, settings: &ProviderSettings, credential: &Credential, stream: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let accept = if stream { "text/event-stream" } else { "application/json" };
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    let mut insert = |name: HeaderName, value: &str, secret: bool| {
        // A key that no header can hold is refused by the provider, as any wrong key.
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(secret);
            headers.insert(name, value);
        }
    };
    // Our virtual key means nothing in anybody else's account.
    let (key, virtual_key) = match credential {
        Credential::Ours(place) => {
            (settings.keys.get(*place).map_or("", String::as_str), settings.virtual_key.as_deref())
        }
        Credential::Own(key) => (key.as_str(), None),
    };
    match settings.provider.authentication {
        // A server of one's own may want none.
        Authentication::Bearer | Authentication::Header(_) if key.is_empty() => {}
        Authentication::Bearer => insert(header::AUTHORIZATION, &format!("Bearer {key}"), true),
        Authentication::Header(name) => insert(HeaderName::from_static(name), key, true),
        Authentication::Portkey => {
            insert(HeaderName::from_static("x-portkey-api-key"), key, true);
            match (virtual_key, &settings.upstream) {
                (Some(key), _) => insert(HeaderName::from_static("x-portkey-virtual-key"), key, true),
                (None, upstream) => {
                    insert(
                        HeaderName::from_static("x-portkey-provider"),
                        upstream.as_deref().unwrap_or("openai"),
                        false,
                    );
                }
            }
        }
    }
    if settings.provider.quirks.sends_app {
        insert(HeaderName::from_static("http-referer"), &app.config.frontend_url, false);
        insert(HeaderName::from_static("x-title"), &app.config.app_name, false);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn no_key_and_no_host_of_ours_or_of_the_callers_is_repeated() {
        let config = Config::from_lookup(|name| {
            let value = match name {
                "OPENAI_API_KEY" => "ours-one,ours-two",
                "PORTKEY_API_KEY" => "ours-three",
                "PORTKEY_VIRTUAL_KEY" => "ours-virtual",
                "CHUTES_BASE_URL" => "https://chutes.inner.example/v1",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let app = App::new(config, &[]).expect("an app");
        let own = Credential::Own("the-callers".to_owned());
        let hidden = hidden(&app, &own);
        for secret in ["ours-one", "ours-two", "ours-three", "ours-virtual", "chutes.inner.example", "the-callers"] {
            assert!(hidden.contains(&secret), "{secret}: {hidden:?}");
        }
    }
}
