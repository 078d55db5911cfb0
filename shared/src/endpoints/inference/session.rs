//! The kept chat that a call is a turn of.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::caller::text;
use crate::dialect::Dialect;
use crate::endpoints::input::named_id;
use crate::error::Error;
use crate::formats::Request;

/// The header that names it. Clients of OpenRouter name their own sessions by it, in words of their own: at its base URL, and where it
/// is no id of a session here, it says only which calls belong together (see `origin`).
const HEADER: &str = "x-session-id";

/// Told to who names a session where there can be no turn of it.
const NO_TURN: &str = "Only a conversation can be a turn of a chat session: use /v1/chat/completions, /v1/messages or \
                       /v1/responses, or leave `session_id` out.";

/// Which kept chat.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionParams {
    /// A chat session (`POST /v1/chat/sessions` makes them): of what was said there before goes with this request as much as
    /// the model's context has room for, newest first, and what this call says is kept there, pictures that it brings or draws included, of an answer
    /// up to 4 MiB of them. So send the new messages only. The header `x-session-id` does the same at `/v1`.
    #[param(value_type = Option<Uuid>)]
    session_id: Option<String>,
}

/// The session that a request names, if it does.
pub struct Session(Option<Uuid>);

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let Query(SessionParams { session_id }) = Query::<SessionParams>::try_from_uri(&parts.uri)
            .map_err(|_| Error::invalid("session_id", "`session_id` is the id of one chat session."))?;
        let is_ours = parts.extensions.get::<Dialect>() != Some(&Dialect::OpenRouter);
        let by_header = || text(&parts.headers, HEADER).filter(|_| is_ours).and_then(|id| Uuid::try_parse(id).ok());
        Ok(Self(session_id.map(|id| named_id(&id)).or_else(by_header)))
    }
}

impl Session {
    /// The session of a request that can be a turn of it.
    ///
    /// # Errors
    /// 400 when it cannot.
    pub fn of(&self, request: &dyn Request) -> Result<Option<Uuid>, Error> {
        if self.0.is_none() {
            return Ok(None);
        }
        if request.conversation().is_none() {
            return Err(Error::invalid("session_id", NO_TURN));
        }
        if request.demand().choices > 1 {
            return Err(Error::invalid("n", "In a chat session a turn has one answer: leave `n` out."));
        }
        Ok(self.0)
    }
}

/// The extractor of a request that is no turn of anything, and says so to whoever names a session in its address: it would
/// be neither told of what was said before nor kept. The header is left alone, since clients send it with whatever they ask.
pub struct NoSession;

impl<S: Sync> FromRequestParts<S> for NoSession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let named = Query::<SessionParams>::try_from_uri(&parts.uri);
        if named.is_ok_and(|Query(params)| params.session_id.is_none()) {
            return Ok(Self);
        }
        Err(Error::invalid("session_id", NO_TURN))
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    async fn named(uri: &str, header: Option<&str>) -> Result<Option<Uuid>, Error> {
        let mut request = Request::builder().uri(uri);
        if let Some(header) = header {
            request = request.header(HEADER, header);
        }
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        Session::from_request_parts(&mut parts, &()).await.map(|session| session.0)
    }

    #[tokio::test]
    async fn a_session_is_named_by_the_query_or_the_header() {
        const ID: &str = "018f0000-0000-7000-8000-000000000000";
        let id = Some(ID.parse().expect("an id"));
        assert_eq!(named("/v1/messages?beta=true", None).await, Ok(None));
        assert_eq!(named(&format!("/v1/messages?beta=true&session_id={ID}"), Some("mine")).await, Ok(id));
        assert_eq!(named("/v1/messages", Some(ID)).await, Ok(id));
        // A name of the client's own, and an id that is none: nobody has that session.
        assert_eq!(named("/v1/messages", Some("my agent")).await, Ok(None));
        assert_eq!(named("/v1/messages?session_id=mine", None).await, Ok(Some(Uuid::nil())));
        assert!(named(&format!("/v1/messages?session_id={ID}&session_id={ID}"), None).await.is_err());
    }
}
