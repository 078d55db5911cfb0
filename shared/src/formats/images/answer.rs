//! What is read of a plain answer: the images that came, and their tokens.

use crate::credits::usage::Usage;
use crate::formats::Bill;
use crate::formats::images::usage;
use crate::formats::whole::Shape;
use crate::object::Object;

/// The inside of images.
pub struct Images;

impl Shape for Images {
    const LIST: &'static str = "data";

    /// Of images whose tokens nobody has counted nothing is known.
    fn usage(&self, answer: &Object<'_>) -> Option<Usage> {
        let images: Vec<&serde_json::value::RawValue> = answer.read("data").ok().flatten()?;
        let usage = usage::read(answer.get("usage"), images.len() as u64);
        (usage.total() > 0).then_some(usage)
    }

    fn shown(&self, answer: &Object<'_>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
        usage::shown(answer.get("usage"), bill)
    }
}
