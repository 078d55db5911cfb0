//! What the database answers of stored answers, with what was said in the clear again.

use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::formats::stored::Said;
use crate::keyring::{self, Sealed};

/// A stored answer as the database has it.
#[derive(Debug, Deserialize)]
pub struct Stored {
    /// Its id there.
    pub id: Uuid,
    /// What its client said.
    pub input: Sealed,
    /// What its model said.
    pub output: Sealed,
    /// How it is shown, without its output.
    pub shown: Sealed,
}

/// What was said in a call: by its client, and by its model.
///
/// # Errors
/// As [`items`].
pub fn said(app: &App, input: &Sealed, output: &Sealed) -> Result<Said> {
    Ok(Said { input: items(app, input)?, output: items(app, output)? })
}

/// What one of them said.
///
/// # Errors
/// `not_configured` when the keyring cannot open it; `internal_error` when it has another form.
pub fn items(app: &App, sealed: &Sealed) -> Result<Vec<Box<RawValue>>> {
    serde_json::from_str(&keyring::open(app, sealed)?).map_err(|error| unreadable(&error))
}

/// How an answer is shown.
///
/// # Errors
/// As [`items`].
pub fn shown(app: &App, sealed: &Sealed) -> Result<Box<RawValue>> {
    RawValue::from_string(keyring::open(app, sealed)?).map_err(|error| unreadable(&error))
}

/// The error for what is stored and has another form than it should.
pub fn unreadable(error: &serde_json::Error) -> Error {
    tracing::error!(%error, "an answer that is stored cannot be read");
    Error::new(Code::InternalError)
}
