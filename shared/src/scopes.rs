//! Scopes: what a key may be used for, as far as its role may.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{Error, Result};

/// Every scope of a user. Besides them there are `admin:<area>`, `admin` for all areas, and `*` for all that the role
/// may.
pub const USER_SCOPES: [&str; 11] = [
    "inference",
    "models:read",
    "keys:read",
    "keys:write",
    "billing:read",
    "billing:write",
    "chat:read",
    "chat:write",
    "usage:read",
    "account:read",
    "account:write",
];

/// The longest name of an area of administration.
const LONGEST_AREA: usize = 32;

/// Whether there is such a scope.
#[must_use]
pub fn is_known(scope: &str) -> bool {
    if let Some(area) = scope.strip_prefix("admin:") {
        return (1..=LONGEST_AREA).contains(&area.len())
            && area.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-'));
    }
    USER_SCOPES.contains(&scope) || matches!(scope, "admin" | "*")
}

/// The refusal of a list that holds what is no scope.
pub fn unknown(param: &'static str) -> Error {
    let known = USER_SCOPES.join(", ");
    let message = format!(
        "`{param}` holds what is no scope. There are {known}, admin:<area>, admin for all areas, and * for all that the \
         role may."
    );
    Error::invalid(param, message)
}

/// The most scopes of a role, whose row is read by every call.
const MOST: usize = 100;

/// The scopes of a role, each once and in order.
///
/// # Errors
/// 400 naming `param`, for one that there is not, or too many.
pub fn checked(param: &'static str, mut scopes: Vec<String>) -> Result<Vec<String>> {
    if scopes.len() > MOST {
        return Err(Error::invalid(param, format!("`{param}` has at most {MOST} entries.")));
    }
    if !scopes.iter().all(|scope| is_known(scope)) {
        return Err(unknown(param));
    }
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}

/// A scope, as documentation sees it.
pub struct Scope;

impl PartialSchema for Scope {
    fn schema() -> RefOr<Schema> {
        let pattern = format!(r"^({}|admin(:[a-z_-]{{1,{LONGEST_AREA}}})?|\*)$", USER_SCOPES.join("|"));
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(pattern))
            .description(Some(
                "What a key may be used for: `admin:<area>` an area of administration, `admin` all of them, `*` all \
                 that the account's role may.",
            ))
            .examples([serde_json::json!("inference")])
            .into()
    }
}

impl ToSchema for Scope {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Scope")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_by_their_whole_name() {
        for scope in ["inference", "keys:read", "admin", "admin:users", "admin:a_b-c", "*"] {
            assert!(is_known(scope), "{scope}");
        }
        for scope in ["", "keys", "keys:", "admin:", "admin:Users", "admin:users ", "Inference", "**", "admin:a:b"] {
            assert!(!is_known(scope), "{scope}");
        }
        assert!(!is_known(&format!("admin:{}", "a".repeat(LONGEST_AREA + 1))));
    }

    #[test]
    fn each_stands_once_and_in_order() {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let given = list(&["keys:read", "admin:users", "keys:read"]);
        assert_eq!(checked("permissions", given), Ok(list(&["admin:users", "keys:read"])));
        let many = |number: usize| checked("permissions", list(&vec!["keys:read"; number]));
        assert!(many(MOST).is_ok() && many(MOST + 1).is_err());
        let unknown = checked("permissions", list(&["keys:read", "root"])).expect_err("there is no root");
        assert_eq!(unknown.param.as_deref(), Some("permissions"));
    }
}
