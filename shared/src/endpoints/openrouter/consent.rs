//! `GET /auth`: the page at which a user agrees to a key for an app.
//!
//! Nothing here is done by virtue of a cookie: the page holds whatever proves who its user is in a script's memory, and sends it in
//! a header to `POST /v1/auth/keys/code`. So no other site can make it agree, and none may show it in a frame.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

use crate::app::SharedApp;
use crate::caller::text;
use crate::endpoints::input::{check_name, query_pairs};
use crate::error::{Error, Result};
use crate::html::escape;
use crate::money::Nanos;
use crate::sign_in::callback::Callback;
use crate::sign_in::pkce::ChallengeMethod;

const PAGE: &str = include_str!("consent.html");
const STYLE: &str = include_str!("consent.css");
const SCRIPT: &str = include_str!("consent.js");
/// What a key may spend unless the app or its user says otherwise, in dollars.
const USUAL_LIMIT: &str = "10";

/// Nothing but this page's own script and style, and requests to this gateway only.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        digest(SCRIPT),
        digest(STYLE)
    );
    // Digests in base64 are a header.
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// What an app asks its user for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documentation of a query that is read pair by pair")]
pub struct ConsentQuery {
    /// Where the user goes with the code: https, or http on the user's own machine. Without it the page shows the code.
    callback_url: Option<String>,
    /// The challenge of the app's secret.
    code_challenge: String,
    /// How it is made of the secret: `S256` or `plain`.
    #[param(default = "S256", pattern = "^(S256|plain)$")]
    code_challenge_method: Option<String>,
    /// What the app calls the key.
    key_label: Option<String>,
    /// What the key shall be able to spend, in US dollars; the user may say otherwise.
    limit: Option<String>,
    /// When that counts anew: `daily`, `weekly` or `monthly`.
    #[param(pattern = "^(daily|weekly|monthly)$")]
    usage_limit_type: Option<String>,
    /// When the key expires.
    expires_at: Option<String>,
}

/// What is shown.
#[derive(Debug, Default)]
struct Asked {
    callback: Option<Callback>,
    challenge: String,
    method: ChallengeMethod,
    label: String,
    limit: String,
    period: String,
    expires_at: String,
}

impl Asked {
    /// Reads what an app asks for. What it asks besides changes nothing.
    fn read(uri: &Uri) -> Result<Self> {
        let mut asked = Self { limit: USUAL_LIMIT.to_owned(), ..Self::default() };
        let mut challenge = None;
        for (name, value) in query_pairs(uri)?.into_iter().filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "callback_url" => asked.callback = Some(Callback::read(&value)?),
                "code_challenge" => challenge = Some(value),
                "code_challenge_method" => {
                    asked.method = ChallengeMethod::parse(&value).ok_or_else(|| {
                        Error::invalid("code_challenge_method", "`code_challenge_method` is S256 or plain.")
                    })?;
                }
                "key_label" => {
                    check_name("key_label", Some(&value))?;
                    asked.label = value;
                }
                "limit" => {
                    let amount = Nanos::from_dollars(&value).ok().filter(|amount| *amount > Nanos(0));
                    amount.ok_or_else(|| Error::invalid("limit", "`limit` is an amount of US dollars above 0."))?;
                    asked.limit = value;
                }
                "usage_limit_type" => {
                    if !["daily", "weekly", "monthly"].contains(&value.as_str()) {
                        let message = "`usage_limit_type` is daily, weekly or monthly.";
                        return Err(Error::invalid("usage_limit_type", message));
                    }
                    asked.period = value;
                }
                "expires_at" => {
                    let at: Timestamp = value.parse().map_err(|_| {
                        Error::invalid("expires_at", "`expires_at` is a time, such as 2027-01-31T12:00:00Z.")
                    })?;
                    asked.expires_at = at.to_string();
                }
                _ => {}
            }
        }
        asked.challenge = challenge.ok_or_else(|| {
            Error::invalid(
                "code_challenge",
                "`code_challenge` is missing: without it whoever sees the code could use it.",
            )
        })?;
        asked.method.check(&asked.challenge)?;
        Ok(asked)
    }
}

/// `GET /auth`: Shows a page for people, which an app sends its user to. It says where the key goes and what it may spend, and asks who
/// the user is.
///
/// # Errors
/// 400 for what no code could be made for: to a browser as a page that says so.
#[utoipa::path(get, path = "/auth", tag = "openrouter", params(ConsentQuery),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub async fn show(State(app): State<SharedApp>, uri: Uri, headers: HeaderMap) -> Result<Response> {
    let name = &app.config.app_name;
    let takes_pages = text(&headers, header::ACCEPT).is_some_and(|accept| accept.contains("text/html"));
    match Asked::read(&uri) {
        Ok(asked) => Ok(answer(StatusCode::OK, page(name, &asked, ""))),
        Err(error) if takes_pages => Ok(answer(StatusCode::BAD_REQUEST, page(name, &Asked::default(), &error.message))),
        Err(error) => Err(error),
    }
}

fn page(name: &str, asked: &Asked, wrong: &str) -> String {
    let callback = asked.callback.as_ref();
    let shown = callback.map_or("", |callback| callback.site.as_str());
    // Each place once, and none in what was put into another.
    let values = [
        ("name", name),
        ("site", shown),
        ("callback", callback.map_or("", |callback| callback.url.as_str())),
        ("challenge", asked.challenge.as_str()),
        ("method", asked.method.as_str()),
        ("label", asked.label.as_str()),
        ("limit", asked.limit.as_str()),
        ("period", asked.period.as_str()),
        ("expires_at", asked.expires_at.as_str()),
        ("wrong", wrong),
    ];
    let mut html = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + 4096);
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((place, behind)) = after.split_once("}}") else { break };
        html.push_str(before);
        match place {
            "style" => html.push_str(STYLE),
            "script" => html.push_str(SCRIPT),
            _ => {
                let value = values.iter().find(|(name, _)| *name == place).map_or("", |(_, value)| value);
                html.push_str(&escape(value));
            }
        }
        rest = behind;
    }
    html.push_str(rest);
    html
}

fn answer(status: StatusCode, html: String) -> Response {
    let fixed = |value: &'static str| HeaderValue::from_static(value);
    let headers: [(HeaderName, HeaderValue); 6] = [
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (header::X_FRAME_OPTIONS, fixed("DENY")),
        (header::REFERRER_POLICY, fixed("no-referrer")),
        (header::CACHE_CONTROL, fixed("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin")),
    ];
    (status, headers, Html(html)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(query: &str) -> Result<Asked> {
        Asked::read(&format!("/auth?{query}").parse().expect("an address"))
    }

    #[test]
    fn what_an_app_asks_for_is_shown_and_nothing_of_it_is_markup() {
        let query = format!(
            "callback_url=https%3A%2F%2Fapp.example%2Fback%3Fx%3D1&code_challenge={CHALLENGE}&limit=2.5&usage_limit_type=weekly\
             &key_label=%3Cscript%3E%7B%7Bscript%7D%7D"
        );
        let html = page("<Gateway>", &read(&query).expect("a request"), "");
        assert!(html.contains("https://app.example") && html.contains("https://app.example/back?x=1"), "{html}");
        assert!(html.contains("&lt;script&gt;{{script}}") && html.contains("&lt;Gateway&gt;"), "{html}");
        assert_eq!(html.matches(SCRIPT).count(), 1);
    }

    #[test]
    fn what_no_code_could_be_made_for_is_named() {
        let challenge = format!("code_challenge={CHALLENGE}");
        for (query, member) in [
            (String::new(), "code_challenge"),
            ("code_challenge=short".to_owned(), "code_challenge"),
            (format!("{challenge}&code_challenge_method=s256"), "code_challenge_method"),
            (format!("{challenge}&callback_url=http://app.example/"), "callback_url"),
            (format!("{challenge}&limit=0"), "limit"),
            (format!("{challenge}&limit=much"), "limit"),
            (format!("{challenge}&usage_limit_type=yearly"), "usage_limit_type"),
            (format!("{challenge}&expires_at=soon"), "expires_at"),
            (format!("{challenge}&key_label=%00"), "key_label"),
        ] {
            assert_eq!(read(&query).expect_err(&query).param.as_deref(), Some(member), "{query}");
        }
        assert!(read(&challenge).is_ok());
    }
}
