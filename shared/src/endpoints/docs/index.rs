//! The list of all operations, which `/docs` shows at once. What is to be known of one is rendered in the browser, by a program of a megabyte
//! that is fetched once somebody opens one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde::Deserialize;

use super::document::TEXT;
use crate::html::escape;

/// What a user calls first stands first in its group; all else follows by its path.
const FIRST: [&str; 9] = [
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/embeddings",
    "/images/generate",
    "/v1/images/edits",
    "/models",
    "/user/balance",
];

/// What of the document is in the list.
#[derive(Deserialize)]
struct Document {
    tags: Vec<Tag>,
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    #[serde(rename = "x-displayName")]
    shown: String,
    description: String,
}

#[derive(Deserialize)]
struct Operation {
    summary: String,
    tags: Vec<String>,
}

/// The list in HTML. It is made once a process; an unreadable document, which no test lets through, has none.
pub static INDEX: LazyLock<String> =
    LazyLock::new(|| serde_json::from_str(TEXT).map(|document| html(&document)).unwrap_or_default());

fn html(document: &Document) -> String {
    let mut operations: Vec<(&str, &str, &Operation)> = document
        .paths
        .iter()
        .flat_map(|(path, item)| item.iter().map(move |(method, it)| (path.as_str(), method.as_str(), it)))
        .collect();
    let place = |path: &str| FIRST.iter().position(|first| *first == path).unwrap_or(FIRST.len());
    operations.sort_by_key(|(path, ..)| (place(path), *path));
    let mut html = String::new();
    for Tag { name, shown, description } in &document.tags {
        // Writing to a string cannot fail.
        let _ = write!(html, "<section><h2>{}</h2>\n<p>{}</p>\n<ul>\n", escape(shown), text(description));
        for (path, method, operation) in operations.iter().filter(|(.., operation)| operation.tags.contains(name)) {
            let method = method.to_ascii_uppercase();
            let _ = writeln!(
                html,
                "<li><a href=\"#tag/{name}/{method}{path}\"><span class=\"method {method}\">{method}</span> \
                 <code>{path}</code> <span class=\"sum\">{}</span></a></li>",
                text(&operation.summary),
                path = escape(path),
            );
        }
        html.push_str("</ul></section>\n");
    }
    html
}

/// A line of the document, in which code stands between backticks.
fn text(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}
