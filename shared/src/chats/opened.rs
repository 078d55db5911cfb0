//! What the database answers of chats, with the sealed texts in the clear again.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::app::App;
use crate::endpoints::answer::{malformed, private};
use crate::error::Result;
use crate::keyring::{self, Sealed};
use crate::object::Object;

/// The members that are sealed: each is JSON.
const SEALED: [&str; 3] = ["title", "metadata", "message"];

/// A page of a list as the database answers it.
#[derive(Debug, Deserialize, Serialize)]
pub struct List {
    /// `list`.
    object: String,
    /// The entries.
    pub data: Vec<Box<RawValue>>,
    /// Whether there are more.
    has_more: bool,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

impl List {
    /// The same with every entry opened.
    ///
    /// # Errors
    /// As [`entry`].
    pub fn opened(mut self, app: &App) -> Result<Self> {
        for one in &mut self.data {
            *one = entry(app, one)?;
        }
        Ok(self)
    }

    /// The same as an answer, which nobody in between may keep.
    ///
    /// # Errors
    /// As [`entry`].
    pub fn answered(self, app: &App) -> Result<Response> {
        let list = to_raw_value(&self.opened(app)?).map_err(|error| malformed(&error))?;
        Ok(private(&list))
    }
}

/// A session or a message, opened.
///
/// # Errors
/// `not_configured` when the keyring cannot open it; `internal_error` when it is no object.
pub fn entry(app: &App, json: &RawValue) -> Result<Box<RawValue>> {
    let mut object: Object<'_> = serde_json::from_str(json.get()).map_err(|error| malformed(&error))?;
    for name in SEALED {
        let Some(sealed) = object.read::<Sealed>(name).map_err(|error| malformed(&error))? else { continue };
        let text = keyring::open(app, &sealed)?;
        let value = RawValue::from_string(text).map_err(|error| malformed(&error))?;
        object.set(name, &value).map_err(|error| malformed(&error))?;
    }
    to_raw_value(&object).map_err(|error| malformed(&error))
}
