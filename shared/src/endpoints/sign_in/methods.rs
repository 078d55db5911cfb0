//! `GET /auth/methods`: the ways to sign in at this deployment.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::endpoints::cached::A_WHILE;

/// How one signs in here, besides with a key.
#[derive(Serialize, ToSchema)]
pub struct SignInMethods {
    /// `sign_in_methods`.
    #[schema(value_type = String)]
    object: &'static str,
    /// Whether `POST /auth/register` mails codes.
    mail: bool,
    /// The Privy app whose tokens `POST /auth/privy` takes.
    #[schema(required)]
    privy: Option<PrivyApp>,
}

/// What a page needs to have somebody sign in by Privy. None of it is secret.
#[derive(Serialize, ToSchema)]
pub struct PrivyApp {
    /// The app's id.
    app_id: String,
    /// Where Privy's API is, without a slash at its end.
    url: String,
}

/// `GET /auth/methods`: The ways to sign in at this deployment: whether codes are mailed, and the Privy app, if there is one.
///
/// # Errors
/// None; it tells what is configured.
#[utoipa::path(get, path = "/auth/methods", tag = "sign-in", responses((status = 200, body = SignInMethods)))]
pub async fn show(State(app): State<SharedApp>) -> impl IntoResponse {
    let privy = app.config.privy.as_ref().ok();
    let methods = SignInMethods {
        object: "sign_in_methods",
        mail: app.config.mail.is_ok(),
        privy: privy.map(|privy| PrivyApp { app_id: privy.app_id.clone(), url: privy.url.clone() }),
    };
    ([(header::CACHE_CONTROL, A_WHILE)], Json(methods))
}
