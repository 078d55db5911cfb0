//! Answers that show a key itself beside what is kept of it, as documentation sees them.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::ApiKey;

/// The key that was made.
pub struct MadeApiKey;

impl PartialSchema for MadeApiKey {
    fn schema() -> RefOr<Schema> {
        let nullable = SchemaType::from_iter([Type::String, Type::Null]);
        let members = [
            ("api_key", member(nullable, "The key itself, shown this once; null in an answer that is repeated.")),
            ("replayed", member(Type::Boolean, "Whether this is the repeated answer of an earlier request.")),
        ];
        key_with("The key that was made.", members)
    }
}

impl ToSchema for MadeApiKey {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("MadeApiKey")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ApiKey::schemas(schemas);
    }
}

/// The key that has a new secret.
pub struct RotatedApiKey;

impl PartialSchema for RotatedApiKey {
    fn schema() -> RefOr<Schema> {
        let members = [("api_key", member(Type::String, "The new key itself, shown this once."))];
        key_with("The key that has a new secret.", members)
    }
}

impl ToSchema for RotatedApiKey {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("RotatedApiKey")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ApiKey::schemas(schemas);
    }
}

/// The schema of a key with further members beside its own: one object, so that it can be said to have no others.
fn key_with<const N: usize>(description: &str, members: [(&str, Schema); N]) -> RefOr<Schema> {
    let mut schema = ApiKey::schema();
    if let RefOr::T(Schema::Object(key)) = &mut schema {
        key.description = Some(description.to_owned());
        for (name, member) in members {
            key.properties.insert(name.to_owned(), RefOr::T(member));
            key.required.push(name.to_owned());
        }
    }
    schema
}

fn member(kind: impl Into<SchemaType>, description: &str) -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(kind).description(Some(description)).build())
}
