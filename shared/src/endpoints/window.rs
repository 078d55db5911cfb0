//! What queries about time have in common: moments, and the keyset cursors of lists that are ordered by them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::error::{Error, Result};

/// The first moment that RFC 3339 can write: the beginning of the year 0.
const FIRST: i64 = -62_167_219_200;

/// The text of a [`Cursor`], as documentation shows it.
pub struct CursorText;

impl PartialSchema for CursorText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{1,16}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"))
            .description(Some("The `next_cursor` of the page before."))
            .into()
    }
}

impl ToSchema for CursorText {}

/// A moment of a query as Postgres reads it. There was nothing before 1970, so an earlier one is that.
///
/// # Errors
/// 400 naming `name`, when RFC 3339 has no such moment.
pub fn moment(name: &'static str, moment: Option<Timestamp>) -> Result<Option<Timestamp>> {
    if moment.is_some_and(|moment| moment.as_second() < FIRST) {
        return Err(Error::invalid(name, format!("`{name}` is a time of RFC 3339, such as 2026-01-31T12:00:00Z.")));
    }
    Ok(moment.map(|moment| moment.max(Timestamp::UNIX_EPOCH)))
}

/// A keyset cursor: the time and the id of the last entry of a page. Its text is the time in microseconds, a hyphen, and
/// the id with its hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cursor {
    at: Timestamp,
    id: Uuid,
}

impl Cursor {
    /// Reads the `cursor` of a query.
    ///
    /// # Errors
    /// 400 naming `cursor`, when it is none.
    pub fn read(cursor: Option<&str>) -> Result<Option<Self>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let read = cursor.split_once('-').and_then(|(at, id)| {
            if !at.bytes().all(|byte| byte.is_ascii_digit()) || id.len() != Hyphenated::LENGTH {
                return None;
            }
            Some(Self { at: Timestamp::from_microsecond(at.parse().ok()?).ok()?, id: Uuid::try_parse(id).ok()? })
        });
        let read = read.ok_or_else(|| Error::invalid("cursor", "`cursor` is the `next_cursor` of the page before."));
        read.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_to_the_microsecond() {
        let id = "0193a5b0-7c3e-7000-8000-000000000001";
        let cursor = Cursor::read(Some(&format!("1764071502123456-{id}"))).expect("a cursor").expect("a cursor");
        assert_eq!(cursor.at.to_string(), "2025-11-25T11:51:42.123456Z");
        assert_eq!(cursor.id.to_string(), id);
        assert_eq!(Cursor::read(None), Ok(None));
    }

    #[test]
    fn what_is_no_cursor_is_refused_by_its_name() {
        for cursor in [
            "",
            "-",
            "abc",
            "1764071502123456",
            "x-0193a5b0-7c3e-7000-8000-000000000001",
            "1-x",
            "-1-x",
            "+1-0193a5b0-7c3e-7000-8000-000000000001",
            "1-0193a5b07c3e70008000000000000001",
            "99999999999999999999-0193a5b0-7c3e-7000-8000-000000000001",
        ] {
            let error = Cursor::read(Some(cursor)).expect_err(cursor);
            assert_eq!(error.param.as_deref(), Some("cursor"), "{cursor}");
        }
    }

    #[test]
    fn a_moment_before_there_was_anything_is_the_beginning() {
        let read = |text: &str| moment("from", Some(text.parse().expect("a moment")));
        assert_eq!(read("0001-01-01T00:00:00Z"), Ok(Some(Timestamp::UNIX_EPOCH)));
        assert_eq!(read("2026-01-01T00:00:00Z"), Ok(Some("2026-01-01T00:00:00Z".parse().expect("a moment"))));
        assert_eq!(read("-009998-01-01T00:00:00Z").expect_err("none").param.as_deref(), Some("from"));
    }
}
