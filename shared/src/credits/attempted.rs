//! A provider that was asked for a call, as the call's record has it.

use serde::Serialize;

/// One provider, asked once; times in ms since the call's start.
#[derive(Clone, Debug, Serialize)]
pub struct Attempted {
    /// Who.
    pub provider: &'static str,
    /// For which model, of a call that may be answered by several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// When it was asked.
    pub started_ms: u64,
    /// How long its part took.
    pub duration_ms: u64,
    /// When its first byte came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
    /// Its status, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What it failed with, as a caller is told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<&'static str>,
}
