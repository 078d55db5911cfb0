//! Pictures that a model draws: items of their own, as those of OpenAI's tool that makes images
//! (openai-python `types/responses/response_output_item.py`) and as OpenRouter answers `modalities`.

use serde_json::{Value, json};

/// The type of such an item.
pub const PICTURE: &str = "image_generation_call";

/// What is between the type and the data of a data URL.
const IN_BASE64: &str = ";base64,";

/// The item of a picture, which a chat gives as a URL: its data without the URL's head, as OpenAI has them, and their format beside it.
#[must_use]
pub fn item(url: &str) -> Value {
    let (head, result) = url.split_once(IN_BASE64).unwrap_or_default();
    match head.strip_prefix("data:image/") {
        Some(format) => json!({ "type": PICTURE, "status": "completed", "result": result, "output_format": format }),
        None => json!({ "type": PICTURE, "status": "completed", "result": url }),
    }
}

/// The picture of an item as the URL that a chat has for it. None of an item without one: it never came, or is kept elsewhere.
#[must_use]
pub fn url_of(item: &Value) -> Option<String> {
    let result = item.get("result").and_then(Value::as_str).filter(|result| !result.is_empty())?;
    if result.contains(':') {
        return Some(result.to_owned());
    }
    let format = item.get("output_format").and_then(Value::as_str).unwrap_or("png");
    Some(format!("data:image/{format}{IN_BASE64}{result}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_comes_back_as_it_went() {
        for url in ["data:image/png;base64,AAAA", "data:image/webp;base64,QQ==", "https://a.example/i.png"] {
            let item = item(url);
            assert_eq!(url_of(&item).as_deref(), Some(url), "{item}");
        }
        assert_eq!(item("data:image/png;base64,AAAA")["result"], "AAAA");
        // As OpenAI writes it, and one that never came.
        assert_eq!(url_of(&json!({"result": "AAAA"})).as_deref(), Some("data:image/png;base64,AAAA"));
        for without in [json!({"result": null}), json!({"result": ""}), json!({})] {
            assert_eq!(url_of(&without), None);
        }
    }
}
