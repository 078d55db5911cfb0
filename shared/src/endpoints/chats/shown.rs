//! Chats as they are shown and given: sessions and messages.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::endpoints::answer::Page;
use crate::error::{Error, Result};

/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;
/// How many pairs of metadata there are at most, and how long a name and a value may be, in characters: as at OpenAI.
const METADATA: (usize, usize, usize) = (16, 64, 512);

/// Metadata that [`check_metadata`] takes, as documentation sees it.
pub struct Metadata;

impl PartialSchema for Metadata {
    fn schema() -> RefOr<Schema> {
        let text = |longest| ObjectBuilder::new().schema_type(Type::String).max_length(Some(longest));
        ObjectBuilder::new()
            .max_properties(Some(METADATA.0))
            .property_names(Some(text(METADATA.1).min_length(Some(1))))
            .additional_properties(Some(text(METADATA.2)))
            .description(Some("The caller's own notes: pairs of texts."))
            .into()
    }
}

impl ToSchema for Metadata {}

/// A conversation.
#[derive(ToSchema)]
pub struct ChatSession {
    /// `chat.session`.
    pub object: String,
    /// Its id, for `session_id`.
    pub id: Uuid,
    /// What it is about.
    #[schema(required)]
    pub title: Option<String>,
    /// The caller's own notes.
    #[schema(required, value_type = Option<Metadata>)]
    pub metadata: Option<BTreeMap<String, String>>,
    /// The model that it is meant for.
    #[schema(required)]
    pub model: Option<String>,
    /// How many messages it has had.
    pub message_count: i64,
    /// How much it takes, encrypted.
    pub bytes: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its last message came.
    pub updated_at: Timestamp,
}

/// A conversation and a page of its messages, oldest first.
#[derive(ToSchema)]
pub struct ChatSessionWithMessages {
    /// `chat.session`.
    pub object: String,
    /// Its id, for `session_id`.
    pub id: Uuid,
    /// What it is about.
    #[schema(required)]
    pub title: Option<String>,
    /// The caller's own notes.
    #[schema(required, value_type = Option<Metadata>)]
    pub metadata: Option<BTreeMap<String, String>>,
    /// The model that it is meant for.
    #[schema(required)]
    pub model: Option<String>,
    /// How many messages it has had.
    pub message_count: i64,
    /// How much it takes, encrypted.
    pub bytes: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its last message came.
    pub updated_at: Timestamp,
    /// Its messages.
    pub messages: Page<KeptMessage>,
}

/// A message of a conversation.
#[derive(ToSchema)]
pub struct KeptMessage {
    /// `chat.session.message`.
    pub object: String,
    /// Its id.
    pub id: String,
    /// The session.
    pub session_id: Uuid,
    /// Its place there, from 0 on.
    pub position: i64,
    /// The message, as one of chat completions.
    #[schema(value_type = Object)]
    pub message: Value,
    /// The call that it was part of; null if it was put here by hand.
    #[schema(required)]
    pub call_id: Option<Uuid>,
    /// When it was kept.
    pub created_at: Timestamp,
}

/// Checks a title.
///
/// # Errors
/// 400 naming `title`.
pub fn check_title(title: Option<&str>) -> Result<()> {
    match title {
        Some(title) if !(1..=LONGEST_TITLE).contains(&title.chars().count()) || title.chars().any(char::is_control) => {
            let message = format!("`title` has 1 to {LONGEST_TITLE} characters and no control characters.");
            Err(Error::invalid("title", message))
        }
        _ => Ok(()),
    }
}

/// Checks metadata.
///
/// # Errors
/// 400 naming `metadata`.
pub fn check_metadata(metadata: Option<&BTreeMap<String, String>>) -> Result<()> {
    let (most, name, value) = METADATA;
    let fits = |text: &str, longest: usize| text.chars().count() <= longest;
    let fine = metadata.is_none_or(|pairs| {
        pairs.len() <= most && pairs.iter().all(|(key, text)| !key.is_empty() && fits(key, name) && fits(text, value))
    });
    if fine {
        return Ok(());
    }
    let message = format!(
        "`metadata` has at most {most} pairs of texts, names up to {name} and values up to {value} characters."
    );
    Err(Error::invalid("metadata", message))
}

/// Checks the model that a session is meant for: the catalog may have it or not.
///
/// # Errors
/// 400 naming `model`.
pub fn check_model(model: Option<&str>) -> Result<()> {
    match model {
        Some(model) if !(1..=200).contains(&model.len()) || model.chars().any(char::is_control) => {
            Err(Error::invalid("model", "`model` is a model's id, as GET /v1/models lists them."))
        }
        _ => Ok(()),
    }
}
