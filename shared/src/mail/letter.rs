//! How any mail looks: one layout, as HTML and as text. What users chose is escaped in the first and means nothing in the second.

use askama::Template;

/// What a mail says.
#[derive(Debug, Default, PartialEq)]
pub struct Letter {
    /// The subject, of our own words only.
    pub subject: String,
    /// A code that is to be typed in.
    pub code: Option<String>,
    /// The paragraphs above the table.
    pub paragraphs: Vec<String>,
    /// A table: names and values.
    pub rows: Vec<(&'static str, String)>,
    /// What can be done about it: words and an address.
    pub action: Option<(&'static str, String)>,
    /// A last word.
    pub note: Option<&'static str>,
    /// Where a mail of this kind is switched off.
    pub unsubscribe: Option<String>,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    app_name: &'a str,
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct Text<'a> {
    app_name: &'a str,
    letter: &'a Letter,
}

impl Letter {
    /// The mail as HTML.
    ///
    /// # Errors
    /// None in practice: every value is a text.
    pub fn html(&self, app_name: &str) -> askama::Result<String> {
        Html { app_name, letter: self }.render()
    }

    /// The mail as text.
    ///
    /// # Errors
    /// None in practice: every value is a text.
    pub fn text(&self, app_name: &str) -> askama::Result<String> {
        Text { app_name, letter: self }.render()
    }
}
