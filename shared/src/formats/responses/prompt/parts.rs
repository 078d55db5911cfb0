//! The parts that a content consists of.

use serde_json::value::RawValue;

use super::{Walk, Wrong, string};
use crate::formats::openai::members::check_cache;
use crate::formats::picture::{self, is_picture};
use crate::object::Object;

impl Walk {
    /// A text or parts.
    pub(super) fn content(&mut self, value: &str) -> Result<(), Wrong> {
        match value.as_bytes().first() {
            Some(b'"') => self.say(&string(value).ok_or(None)?),
            Some(b'[') => {
                let parts: Vec<&RawValue> = serde_json::from_str(value).map_err(|_| None)?;
                for part in parts {
                    self.part(part.get())?;
                }
            }
            _ => return Err(None),
        }
        Ok(())
    }

    fn part(&mut self, raw: &str) -> Result<(), Wrong> {
        let part: Object<'_> = serde_json::from_str(raw).map_err(|_| None)?;
        let kind = part.get("type").and_then(string).ok_or(None)?;
        for (name, value) in part.iter() {
            check_cache(name, value, false).map_err(|message| Some(message.into()))?;
        }
        let said = |name: &str| part.get(name).filter(|value| *value != "null").and_then(string);
        match kind.as_ref() {
            "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text" => {
                self.say(&said("text").ok_or(None)?)
            }
            "refusal" => self.say(&said("refusal").ok_or(None)?),
            "input_image" => {
                let url = said("image_url").ok_or(Some(
                    "An image is its address or a data URL in `image_url`: files are not kept here.".into(),
                ))?;
                if !is_picture(&url) {
                    return Err(Some(picture::INSTEAD.into()));
                }
                self.size.images += 1;
                self.hold("image");
            }
            "input_file" => {
                const INSTEAD: &str = "A file comes with the request, in `file_data` as a data URL: files are not kept here, \
                                       and what stands at an address could be of any size.";
                let data = said("file_data").ok_or(Some(INSTEAD.into()))?;
                self.hold("file");
                self.say(&data);
                self.say(&said("filename").unwrap_or_default());
            }
            "input_audio" => {
                self.hold("audio");
                self.say(raw);
            }
            // Whatever else a provider may take would not be priced.
            _ => {
                const KINDS: &str = "A content part's `type` is input_text, input_image, input_file, input_audio, output_text or refusal.";
                return Err(Some(KINDS.into()));
            }
        }
        Ok(())
    }
}
