//! What a role may do, as requests name it.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{Error, Result};

/// Every scope but those of administration.
const KNOWN: [&str; 11] = [
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

/// A scope: one of the known ones, `admin`, `admin:` and an area of it, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Permission(String);

impl Permission {
    fn is_known(&self) -> bool {
        let area = |area: &str| {
            (1..=LONGEST_AREA).contains(&area.len())
                && area.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_')
        };
        let name = self.0.as_str();
        matches!(name, "*" | "admin") || KNOWN.contains(&name) || name.strip_prefix("admin:").is_some_and(area)
    }
}

impl PartialSchema for Permission {
    fn schema() -> RefOr<Schema> {
        let pattern = format!(r"^(\*|admin|admin:[a-z_-]{{1,{LONGEST_AREA}}}|{})$", KNOWN.join("|"));
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(pattern))
            .description(Some("A scope, `admin` or an area of it such as `admin:users`, or `*` for all."))
            .examples([serde_json::json!("admin:users")])
            .into()
    }
}

impl ToSchema for Permission {}

/// A role's permissions, each once and in order.
pub(super) fn checked(mut permissions: Vec<Permission>) -> Result<Vec<Permission>> {
    if let Some(unknown) = permissions.iter().find(|permission| !permission.is_known()) {
        let quoted: String = unknown.0.chars().take(64).collect();
        return Err(Error::invalid("permissions", format!("There is no permission `{quoted}`.")));
    }
    permissions.sort_unstable();
    permissions.dedup();
    Ok(permissions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scopes_that_a_route_could_ask_for_are_permissions() {
        let known = |name: &str| Permission(name.to_owned()).is_known();
        for name in KNOWN.iter().chain(&["*", "admin", "admin:users", "admin:rate-limits", "admin:rate_limits"]) {
            assert!(known(name), "{name}");
        }
        let longer = format!("admin:{}", "x".repeat(LONGEST_AREA + 1));
        for name in ["", "**", "admin:", "admin:*", "admin:a:b", "Admin", "keys", "keys:*", "root", longer.as_str()] {
            assert!(!known(name), "{name}");
        }
    }

    #[test]
    fn each_stands_once_and_in_order() {
        let list = |names: &[&str]| names.iter().map(|name| Permission((*name).to_owned())).collect::<Vec<_>>();
        let given = list(&["keys:read", "admin:users", "keys:read"]);
        assert_eq!(checked(given), Ok(list(&["admin:users", "keys:read"])));
    }
}
