//! The 404 of a path that no route has.

use crate::error::{Code, Error};
use crate::route::Route;

/// Paths of OpenAI's and Anthropic's APIs that clients know and this gateway does not offer.
const NOT_OFFERED: [&str; 15] = [
    "/v1/assistants",
    "/v1/audio",
    "/v1/batches",
    "/v1/containers",
    "/v1/conversations",
    "/v1/evals",
    "/v1/files",
    "/v1/fine_tuning",
    "/v1/images",
    "/v1/messages/batches",
    "/v1/moderations",
    "/v1/realtime",
    "/v1/threads",
    "/v1/uploads",
    "/v1/vector_stores",
];

/// The 404, with the path that the caller most likely meant.
pub(super) fn not_found(path: &str, routes: &[Route]) -> Error {
    let is_served = |path: &str| routes.iter().any(|route| route.paths.contains(&path));
    // The base URL lacks `/v1`, or has it although the client adds it.
    let with = format!("/v1{path}");
    let without = path.strip_prefix("/v1").unwrap_or_default();
    let is_below =
        |known: &&&str| path.strip_prefix(**known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let message = if let Some(meant) = [with.as_str(), without].into_iter().find(|meant| is_served(meant)) {
        format!(
            "There is nothing at this address; {meant} is served. Check the base URL, which ends in /v1 for OpenAI's clients."
        )
    } else if let Some(known) = NOT_OFFERED.iter().find(is_below).filter(|known| !is_served(known)) {
        format!("{known} of OpenAI's or Anthropic's API is not offered here. GET /docs shows what is.")
    } else {
        "There is nothing at this address. Inference is under /v1; GET /docs shows all that is served.".to_owned()
    };
    Error::new(Code::NotFound).with_message(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::ROUTES;

    #[test]
    fn the_caller_is_told_what_it_most_likely_meant() {
        for (path, told) in [
            ("/chat/completions", "/v1/chat/completions is served"),
            ("/v1/v1/chat/completions", "/v1/chat/completions is served"),
            ("/v1/moderations", "/v1/moderations of OpenAI's"),
            ("/v1/fine_tuning/jobs", "/v1/fine_tuning of OpenAI's"),
            ("/v1/moderationsx", "GET /docs"),
            ("/", "GET /docs"),
            ("", "GET /docs"),
        ] {
            let message = not_found(path, ROUTES).message;
            assert!(message.contains(told), "{path}: {message}");
        }
        let offered = NOT_OFFERED.iter().filter(|path| ROUTES.iter().any(|route| route.paths.contains(*path)));
        assert_eq!(offered.collect::<Vec<_>>(), [&""; 0], "these are offered");
    }
}
