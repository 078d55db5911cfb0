//! What is wrong with a variable, as one clear line for the operator.

use std::borrow::Cow;

use super::variables::Variable;

/// A variable that is missing or malformed: which, what is wrong with it and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}: {remedy}")]
pub struct Misconfigured {
    variable: &'static str,
    is_malformed: bool,
    problem: Cow<'static, str>,
    remedy: Cow<'static, str>,
}

impl Misconfigured {
    /// Nobody has set it. `problem` says so, for where one of several would do.
    pub(super) const fn missing(variable: Variable, problem: &'static str, remedy: &'static str) -> Self {
        Self {
            variable: variable.name,
            is_malformed: false,
            problem: Cow::Borrowed(problem),
            remedy: Cow::Borrowed(remedy),
        }
    }

    /// It is set, and not to what it may be.
    pub(super) fn malformed(
        variable: &'static str,
        problem: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { variable, is_malformed: true, problem: problem.into(), remedy: remedy.into() }
    }

    /// It is there but cannot stand in an HTTP header.
    #[must_use]
    pub const fn unusable(variable: Variable) -> Self {
        Self {
            variable: variable.name,
            is_malformed: true,
            problem: Cow::Borrowed("holds a character that no header may"),
            remedy: Cow::Borrowed("copy it again"),
        }
    }

    /// The variable at fault.
    #[must_use]
    pub const fn variable(&self) -> &'static str {
        self.variable
    }

    /// Whether nobody has set it, which is how whoever runs a deployment says that it does without.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        !self.is_malformed
    }

    /// Writes the operator's line.
    pub fn log(&self) {
        if self.is_malformed {
            tracing::error!(variable = self.variable, "malformed: {self}");
        } else {
            tracing::error!(variable = self.variable, "not configured: {self}");
        }
    }
}
