//! What is read of a plain answer: the images that came, and their tokens.

use super::unreported::Unreported;
use super::usage;
use crate::formats::whole::Shape;
use crate::formats::{Bill, Report};
use crate::object::Object;

/// The inside of images.
pub struct Images {
    /// What each is, where the provider does not say.
    pub unreported: Unreported,
}

impl Shape for Images {
    const MEMBER: &'static str = "data";

    fn report(&self, answer: &Object<'_>) -> Option<Report> {
        let images: Vec<&serde_json::value::RawValue> = answer.read("data").ok().flatten()?;
        Some(self.unreported.complete(usage::read(answer.get("usage"), images.len() as u64)))
    }

    fn shown(&self, answer: &Object<'_>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
        usage::shown(answer.get("usage"), bill)
    }
}
