//! Answers that show a webhook's secret beside what is kept of it.

use std::borrow::Cow;

use serde_json::value::{RawValue, to_raw_value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Webhook;
use crate::endpoints::answer::malformed;
use crate::error::Result;
use crate::object::Object;

/// Adds a secret, which is shown this once, to the database's answer.
///
/// # Errors
/// `internal_error` when the answer is no object.
pub fn show_secret(json: &RawValue, secret: &str) -> Result<Box<RawValue>> {
    let show = || {
        let mut answer: Object<'_> = serde_json::from_str(json.get())?;
        answer.set("secret", secret)?;
        to_raw_value(&answer)
    };
    show().map_err(|error| malformed(&error))
}

/// A webhook with its new secret, as documentation sees it.
pub struct MadeWebhook;

impl PartialSchema for MadeWebhook {
    fn schema() -> RefOr<Schema> {
        let mut schema = Webhook::schema();
        if let RefOr::T(Schema::Object(webhook)) = &mut schema {
            webhook.description = Some("A webhook with its new secret.".to_owned());
            let secret = ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some("What deliveries are signed with, `whsec_…`, shown this once."));
            webhook.properties.insert("secret".to_owned(), RefOr::T(secret.into()));
            webhook.required.push("secret".to_owned());
        }
        schema
    }
}

impl ToSchema for MadeWebhook {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("MadeWebhook")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Webhook::schemas(schemas);
    }
}
