//! What the pages are searched by: a JSON list of every section's place and words, read by `guides.js`. It is fetched when somebody
//! begins to search.

use serde_json::{Value, json};

use super::page::Page;

/// The sections of a guide: `[page, guide, heading, anchor, words]`.
pub fn sections(name: &str, page: &Page) -> Vec<Value> {
    let section = |heading: &super::page::Heading| {
        let words: Vec<&str> = heading.says.split_whitespace().collect();
        json!([name, page.title(), heading.text, heading.anchor, words.join(" ")])
    };
    page.headings.iter().map(section).collect()
}

/// The list, a section a line.
pub fn written(sections: &[Value]) -> String {
    let lines: Vec<String> = sections.iter().map(Value::to_string).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}
