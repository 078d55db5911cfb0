//! What is sent back, and PostgREST's error bodies.
//!
//! Codes, texts and statuses as PostgREST 13 has them: <https://docs.postgrest.org/en/v13/references/errors.html>.
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeMap;

/// The content type of every JSON answer.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// One answer. A fault may take the place of it.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub content_type: Option<HeaderValue>,
    pub body: Bytes,
    /// The others: what a 401 says in `www-authenticate`, and what the function has set.
    pub headers: Box<HeaderMap>,
}

impl Answer {
    pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Answer {
        Answer { status, content_type: Some(JSON), body: body.into(), headers: Box::default() }
    }

    pub(super) fn no_content() -> Answer {
        Answer { status: StatusCode::NO_CONTENT, content_type: None, body: Bytes::new(), headers: Box::default() }
    }

    /// With the headers that the function has set: a JSON array of objects with one member each.
    pub(super) fn with_headers(mut self, set: Option<&str>) -> Result<Answer, Answer> {
        let Some(set) = set else { return Ok(self) };
        let invalid = || {
            let message =
                "response.headers guc must be a JSON array composed of objects with a single key and a string value";
            Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "PGRST111", message, None, None)
        };
        let read: Vec<BTreeMap<String, String>> = serde_json::from_str(set).map_err(|_| invalid())?;
        for (name, value) in read.into_iter().flatten() {
            let name: header::HeaderName = name.parse().map_err(|_| invalid())?;
            self.headers.append(name, value.parse().map_err(|_| invalid())?);
        }
        Ok(self)
    }

    /// An error in PostgREST's form.
    pub(super) fn error(
        status: StatusCode,
        code: &str,
        message: &str,
        details: Option<&str>,
        hint: Option<&str>,
    ) -> Answer {
        let body = json!({"code": code, "message": message, "details": details, "hint": hint});
        Answer::json(status, body.to_string())
    }

    /// A refusal of what this stand-in does not do, under PostgREST's code for what is not implemented.
    pub(super) fn unsupported(what: &str) -> Answer {
        let details = format!("{what}: the local stand-in serves POST /rest/v1/rpc/FUNCTION with a JSON object only");
        Answer::error(StatusCode::BAD_REQUEST, "PGRST127", "Feature not implemented", Some(&details), None)
    }

    /// A refusal of a JWT, with the challenge that goes with it.
    pub(super) fn jwt(code: &str, message: &str, details: Option<&str>) -> Answer {
        let mut answer = Answer::error(StatusCode::UNAUTHORIZED, code, message, details, None);
        let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{message}\"");
        answer.headers.extend(HeaderValue::from_str(&challenge).map(|value| (header::WWW_AUTHENTICATE, value)));
        answer
    }

    /// The answer for an error of the database. A missing privilege is 401 to whoever came without a token.
    pub(super) fn database(error: &tokio_postgres::Error, anonymous: bool) -> Answer {
        let Some(error) = error.as_db_error() else {
            let message = "Database client error. Retrying the connection.";
            let details = crate::database::explain(error);
            return Answer::error(StatusCode::SERVICE_UNAVAILABLE, "PGRST001", message, Some(&details), None);
        };
        let code = error.code().code();
        if code == "PGRST" {
            return Answer::unsupported("raise sqlstate 'PGRST'");
        }
        let status = status(code, error.message(), anonymous);
        let mut answer = Answer::error(status, code, error.message(), error.detail(), error.hint());
        if status == StatusCode::UNAUTHORIZED {
            answer.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = *self.headers;
        if let Some(content_type) = self.content_type {
            response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        }
        response
    }
}

/// The HTTP status for an SQLSTATE.
pub(super) fn status(code: &str, message: &str, anonymous: bool) -> StatusCode {
    let number = match code {
        "23503" | "23505" => 409,
        "25006" => 405,
        // pg-safeupdate speaks of the client's statement, everything else of the function's own.
        "21000" if message.ends_with("requires a WHERE clause") => 400,
        "21000" => 500,
        // The token's role does not exist.
        "22023" if message.starts_with("role") && message.ends_with("does not exist") => 401,
        "42501" if anonymous => 401,
        "42501" => 403,
        "42883" if message.starts_with("function xmlagg(") => 406,
        "42883" | "42P01" => 404,
        "42P17" | "53400" => 500,
        "57P01" => 503,
        "P0001" => 400,
        _ => match code.get(..2).unwrap_or_default() {
            "08" | "53" => 503,
            "0L" | "0P" | "28" => 403,
            "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "54" | "55" | "57" | "58" | "F0" | "HV" | "P0" | "XX" => {
                500
            }
            "PT" => code[2..].parse().ok().filter(|number| (200..1000).contains(number)).unwrap_or(500),
            _ => 400,
        },
    };
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn a_sqlstate_has_the_status_that_postgrest_gives_it() {
        for (code, expected) in [
            ("PT402", 402),
            ("PT999", 999),
            ("PTabc", 500),
            ("P0001", 400),
            ("P0002", 500),
            ("23505", 409),
            ("23503", 409),
            ("23514", 400),
            ("22P02", 400),
            ("25006", 405),
            ("40P01", 500),
            ("40001", 500),
            ("57014", 500),
            ("57P01", 503),
            ("55P03", 500),
            ("53300", 503),
            ("53400", 500),
            ("54001", 500),
            ("08006", 503),
            ("28000", 403),
            ("42883", 404),
            ("XX000", 500),
        ] {
            assert_eq!(status(code, "", false).as_u16(), expected, "{code}");
        }
        assert_eq!(status("42501", "", true).as_u16(), 401);
        assert_eq!(status("42501", "", false).as_u16(), 403);
        assert_eq!(status("22023", "role \"x\" does not exist", false).as_u16(), 401);
    }
}
