//! `/notifications/unsubscribe`: switches a kind of mail off by the link in it, without a login.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::{Uri, header};
use serde_json::{Value, json};

use crate::app::{App, SharedApp};
use crate::endpoints::input::query_pairs;
use crate::error::{Code, Error, Result};
use crate::html::escape;
use crate::mail::unsubscribe::read;

/// Whose mail, and which kind: what the link says, if it is ours.
fn asked(app: &App, uri: &Uri) -> Result<(uuid::Uuid, String)> {
    let pairs = query_pairs(uri)?;
    let token = pairs.iter().find(|(name, _)| name == "t").map(|(_, token)| token.as_str());
    token.and_then(|token| read(app, token)).ok_or_else(|| {
        Error::new(Code::InvalidToken).with_message(
            "This link is not whole. Copy it from the mail again, or sign in and change your preferences.",
        )
    })
}

/// Nothing but the console's style sheet and icon; its form goes back to where it is from.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

fn page(app: &App, body: &str) -> Response {
    let name = escape(&app.config.app_name);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Mail · {name}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"robots\" content=\"noindex\"><link rel=\"icon\" href=\"/console/favicon.svg\" type=\"image/svg+xml\">\
         <link rel=\"stylesheet\" href=\"/console/style.css\"></head>\
         <body><main class=\"gate\">\
         <p class=\"brand\"><img src=\"/console/favicon.svg\" alt=\"\" width=\"28\" height=\"28\">{name}</p>\
         <div class=\"card\"><div class=\"body stack\">{body}</div></div></main></body></html>"
    );
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, Html(html)).into_response()
}

/// `GET /notifications/unsubscribe`: a page with a button. It changes nothing, since scanners of mail follow every link.
///
/// # Errors
/// 401 `invalid_token` for a link that is not ours.
#[utoipa::path(get, path = "/notifications/unsubscribe", tag = "public",
    params(("t" = String, Query, description = "Of a link in a mail.")),
    responses((status = 200, body = String, content_type = "text/html"), (status = 401, description = "`invalid_token`")))]
pub async fn show(State(app): State<SharedApp>, uri: Uri) -> Result<Response> {
    let (_, kind) = asked(&app, &uri)?;
    let kind = escape(&kind.replace('_', " "));
    Ok(page(
        &app,
        &format!(
            "<h1>No more of these?</h1><p>You will get no mail of the kind <b>{kind}</b> any more.</p>\
             <form method=\"post\"><button class=\"button primary\">Switch it off</button></form>"
        ),
    ))
}

/// `POST /notifications/unsubscribe`: switches the kind of mail off. Mail clients send it by themselves (RFC 8058), so it needs
/// nothing but the link and does the same however often it comes.
///
/// # Errors
/// 401 `invalid_token` for a link that is not ours; 503 when the database is away.
#[utoipa::path(post, path = "/notifications/unsubscribe", tag = "public",
    params(("t" = String, Query, description = "Of a link in a mail.")),
    responses((status = 200, body = String, content_type = "text/html"), (status = 401, description = "`invalid_token`")))]
pub async fn switch_off(State(app): State<SharedApp>, uri: Uri) -> Result<Response> {
    let (account, kind) = asked(&app, &uri)?;
    let _: Value = app.supabase()?.rpc("unsubscribe", &json!({ "account": account, "kind": kind })).await?;
    Ok(page(
        &app,
        "<h1>Done</h1><p>You will get no more of these. The console's settings switch them on again.</p>\
         <a class=\"button\" href=\"/console#/settings/notifications\">Notifications</a>",
    ))
}
