//! A form as it comes in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use multer::{Field, Multipart};
use serde_json::{Map, Value};

use super::{File, Form};
use crate::error::{Code, Error};

/// Parts of a form at most.
const MOST_PARTS: usize = 100;
/// Members that are truth values or numbers in OpenAI's API, or an object in ours, which a form has as text.
const TYPED: [&str; 6] = ["stream", "n", "partial_images", "output_compression", "temperature", "provider"];

/// Reads a request that is a form, or JSON, in which `files` stand elsewhere.
///
/// # Errors
/// 400 for what is no form, or has a member twice; 415 for what is neither form nor JSON.
pub async fn read(headers: &HeaderMap, body: Bytes, files: &[&str]) -> Result<Form, Error> {
    let content_type =
        headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str).and_then(Result::ok).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type != "multipart/form-data" {
        let message = "Send a form, with `content-type: multipart/form-data`, or JSON.";
        // Sound or an image by itself says nothing of what is asked.
        let is_file = ["audio/", "image/", "video/"].iter().any(|kind| media_type.starts_with(kind));
        let refused = || Err(Error::new(Code::UnsupportedMediaType).with_message(message));
        return if is_file { refused() } else { Ok(Form { members: body, files: Vec::new() }) };
    }
    let boundary = multer::parse_boundary(content_type).map_err(|_| malformed())?;
    let mut parts = Multipart::new(futures_util::stream::iter([Ok::<_, std::convert::Infallible>(body)]), boundary);
    let (mut members, mut found, mut count) = (Map::new(), Vec::new(), 0);
    while let Some(part) = parts.next_field().await.map_err(|_| malformed())? {
        count += 1;
        if count > MOST_PARTS {
            let message = format!("A form has at most {MOST_PARTS} parts.");
            return Err(Error::new(Code::InvalidRequest).with_message(message));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let member = name.strip_suffix("[]").unwrap_or(&name);
        if part.file_name().is_some() || files.contains(&member) {
            found.push(file(member, part, files).await?);
            continue;
        }
        let content = content(part).await?;
        let text = String::from_utf8(content.into())
            .map_err(|_| Error::invalid(shown(&name), "A text of the form is not UTF-8."))?;
        put(&mut members, &name, text)?;
    }
    let members = serde_json::to_vec(&members).map(Bytes::from).map_err(|_| malformed())?;
    Ok(Form { members, files: found })
}

fn malformed() -> Error {
    let message =
        "The body is not a form as its `content-type` says: check the boundary, and that the last one is closed.";
    Error::new(Code::InvalidRequest).with_message(message)
}

/// A name as it was sent, of which at most so much is repeated.
fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

/// All of a part. It is there already, so that it comes in one piece, which is a part of the body and no copy.
async fn content(mut part: Field<'_>) -> Result<Bytes, Error> {
    let first = part.chunk().await.map_err(|_| malformed())?.unwrap_or_default();
    let mut joined = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|_| malformed())? {
        if joined.is_empty() {
            joined.extend_from_slice(&first);
        }
        joined.extend_from_slice(&piece);
    }
    Ok(if joined.is_empty() { first } else { joined.into() })
}

async fn file(member: &str, part: Field<'_>, files: &[&str]) -> Result<File, Error> {
    if !files.contains(&member) {
        let message = format!("There is no file of this name; the files of this request are {}.", files.join(" and "));
        return Err(Error::invalid(shown(member), message));
    }
    let Some(name) = part.file_name().filter(|name| !name.is_empty()).map(str::to_owned) else {
        let message = format!("`{member}` is a file: its part needs a `filename`, whose extension says its format.");
        return Err(Error::invalid(member.to_owned(), message));
    };
    let content_type = part.content_type().map(ToString::to_string);
    let content = content(part).await?;
    if content.is_empty() {
        return Err(Error::invalid(member.to_owned(), format!("`{member}` is an empty file.")));
    }
    Ok(File { member: member.to_owned(), name, content_type, content })
}

/// Puts a text where its name says: `name`, into the list `name[]`, or into the object `name[member]`, which may have either
/// itself.
fn put(members: &mut Map<String, Value>, name: &str, text: String) -> Result<(), Error> {
    let twice = || Error::invalid(shown(name), "A member stands twice in the form; say it once.");
    let path = name.strip_suffix(']').and_then(|inner| inner.split_once('['));
    let (first, within) = path.map_or((name, None), |(first, rest)| (first, Some(rest)));
    let rest: Vec<&str> = within.map(|within| within.split("][").collect()).unwrap_or_default();
    let is_json = !rest.is_empty() || TYPED.contains(&first);
    // What an object holds is a number or a truth value wherever it can be.
    let value = if is_json { serde_json::from_str(&text).ok() } else { None };
    let value = value.filter(|_| rest.last() != Some(&"")).unwrap_or(Value::String(text));
    if at(members, first, &rest, value) { Ok(()) } else { Err(twice()) }
}

/// Whether there was room for a value in that place.
fn at(members: &mut Map<String, Value>, name: &str, rest: &[&str], value: Value) -> bool {
    match rest {
        [] => members.insert(name.to_owned(), value).is_none(),
        [""] => {
            let list = members.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().map(|list| list.push(value)).is_some()
        }
        [member, rest @ ..] => {
            let object = members.entry(name).or_insert_with(|| Value::Object(Map::new()));
            object.as_object_mut().is_some_and(|object| at(object, member, rest, value))
        }
    }
}

/// The type and the bytes of a `data:` URL in base64, or of base64 alone.
#[must_use]
pub fn data_url(text: &str) -> Option<(Option<String>, Bytes)> {
    let (content_type, data) = match text.strip_prefix("data:") {
        Some(rest) => {
            let (kind, data) = rest.split_once(";base64,")?;
            (Some(kind.to_owned()), data)
        }
        None => (None, text),
    };
    let content = STANDARD.decode(data).ok().filter(|content| !content.is_empty())?;
    Some((content_type, content.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn form(parts: &str) -> Result<Form, Error> {
        let kind = HeaderValue::from_static("multipart/form-data; boundary=xx");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind)]);
        read(&headers, Bytes::from(parts.replace('\n', "\r\n")), &["file", "image"]).await
    }

    fn part(name: &str, text: &str) -> String {
        format!("--xx\nContent-Disposition: form-data; name=\"{name}\"\n\n{text}\n")
    }

    fn attached(name: &str, file: &str) -> String {
        format!(
            "--xx\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\nContent-Type: audio/wav\n\nRIFF\n"
        )
    }

    #[tokio::test]
    async fn members_have_the_types_that_json_has_and_files_stand_beside_them() {
        let parts = [
            part("model", "whisper-1"),
            part("stream", "true"),
            part("n", "2"),
            part("prompt", "7"),
            part("timestamp_granularities[]", "word"),
            part("timestamp_granularities[]", "segment"),
            part("chunking_strategy[type]", "server_vad"),
            part("chunking_strategy[threshold]", "0.5"),
            part("provider[only][]", "openai"),
            part("provider[allow_fallbacks]", "false"),
            attached("image[]", "a b.wav"),
            attached("file", "c.wav"),
            "--xx--\n".to_owned(),
        ];
        let form = form(&parts.concat()).await.expect("a form");
        let members: Value = serde_json::from_slice(&form.members).expect("json");
        assert_eq!(
            members,
            json!({"model": "whisper-1", "stream": true, "n": 2, "prompt": "7",
                   "timestamp_granularities": ["word", "segment"],
                   "chunking_strategy": {"type": "server_vad", "threshold": 0.5},
                   "provider": {"only": ["openai"], "allow_fallbacks": false}})
        );
        let file = |member: &str, name: &str| File {
            member: member.to_owned(),
            name: name.to_owned(),
            content_type: Some("audio/wav".to_owned()),
            content: Bytes::from_static(b"RIFF"),
        };
        assert_eq!(form.files, [file("image", "a b.wav"), file("file", "c.wav")]);
    }

    #[tokio::test]
    async fn what_is_no_form_says_so_and_names_the_member() {
        for (parts, param) in [
            (part("model", "a") + &part("model", "b") + "--xx--\n", Some("model")),
            (part("x", "a") + &part("x[]", "b") + "--xx--\n", Some("x[]")),
            (part("file", "a") + "--xx--\n", Some("file")),
            (attached("other", "c.wav") + "--xx--\n", Some("other")),
            (part("model", "a"), None),
            ("nonsense".to_owned(), None),
            (part("a[]", "b").repeat(101) + "--xx--\n", None),
        ] {
            let refused = form(&parts).await.expect_err(&parts);
            assert_eq!((refused.http_status().as_u16(), refused.param.as_deref()), (400, param), "{parts}");
        }
        let other = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("audio/mpeg"))]);
        assert_eq!(read(&other, Bytes::new(), &[]).await.expect_err("sound").http_status(), 415);
    }

    #[test]
    fn a_file_may_be_base64() {
        assert_eq!(
            data_url("data:image/png;base64,AAE="),
            Some((Some("image/png".to_owned()), Bytes::from_static(&[0, 1])))
        );
        assert_eq!(data_url("AAE="), Some((None, Bytes::from_static(&[0, 1]))));
        for wrong in ["https://example.com/a.png", "data:image/png,x", "", "data:;base64,", "A"] {
            assert_eq!(data_url(wrong), None, "{wrong}");
        }
    }
}
