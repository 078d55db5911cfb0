//! Members of Stripe's objects. What is needed and not there is named by its JSON path, so that the log says what has changed.

use serde_json::Value;

/// A member that is needed and not there, or not what it should be, by its JSON path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Absent(pub String);

/// An object, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    value: &'a Value,
    path: &'a str,
}

impl<'a> Fields<'a> {
    /// The object at this JSON path.
    pub fn new(value: &'a Value, path: &'a str) -> Self {
        Self { value, path }
    }

    /// That a member is not there.
    pub fn absent(&self, name: &str) -> Absent {
        Absent(format!("{}.{name}", self.path))
    }

    /// A text that is needed.
    pub fn text(&self, name: &str) -> Result<&'a str, Absent> {
        self.value[name].as_str().ok_or_else(|| self.absent(name))
    }

    /// A whole number that is needed.
    pub fn number(&self, name: &str) -> Result<i64, Absent> {
        self.value[name].as_i64().ok_or_else(|| self.absent(name))
    }

    /// A flag that is needed.
    pub fn flag(&self, name: &str) -> Result<bool, Absent> {
        self.value[name].as_bool().ok_or_else(|| self.absent(name))
    }

    /// A text, if there is one, however deep.
    pub fn some_text(&self, pointer: &str) -> Option<&'a str> {
        self.value.pointer(pointer)?.as_str()
    }

    /// A number, if there is one, however deep.
    pub fn some_number(&self, pointer: &str) -> Option<i64> {
        self.value.pointer(pointer)?.as_i64()
    }

    /// The id of another object, which may be there as a whole.
    pub fn id(&self, name: &str) -> Option<&'a str> {
        self.value[name].as_str().or_else(|| self.value[name]["id"].as_str())
    }
}
