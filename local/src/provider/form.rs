//! Forms, read into the JSON that the checks read: texts as they are, but for truth values and numbers, and files as objects
//! with `filename`, `content_type` and `content` in base64.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Members that are no texts.
const TYPED: [&str; 5] = ["stream", "n", "partial_images", "output_compression", "temperature"];

/// The form as JSON; `None` for what is no form.
pub(super) async fn to_json(content_type: &str, body: &Bytes) -> Option<Bytes> {
    let boundary = multer::parse_boundary(content_type).ok()?;
    let mut parts = multer::Multipart::new(futures_util::stream::iter([Ok::<_, Infallible>(body.clone())]), boundary);
    let mut members = Map::new();
    while let Some(part) = parts.next_field().await.ok()? {
        let name = part.name()?.to_owned();
        let (filename, kind) = (part.file_name().map(str::to_owned), part.content_type().map(ToString::to_string));
        let content = part.bytes().await.ok()?;
        let value = match filename {
            Some(filename) => {
                json!({"filename": filename, "content_type": kind, "content": STANDARD.encode(&content)})
            }
            None => {
                let text = String::from_utf8(content.to_vec()).ok()?;
                let typed = if TYPED.contains(&name.as_str()) { serde_json::from_str(&text).ok() } else { None };
                typed.unwrap_or(Value::String(text))
            }
        };
        match name.strip_suffix("[]") {
            Some(list) => members.entry(list).or_insert_with(|| json!([])).as_array_mut()?.push(value),
            // OpenAI refuses a member that stands twice.
            None if members.contains_key(&name) => return None,
            None => drop(members.insert(name, value)),
        }
    }
    Some(Value::Object(members).to_string().into())
}
