//! A form on its way to a provider.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use uuid::Uuid;

use super::File;
use crate::object::Object;

/// The body of a form with these members and files, and the header that tells its boundary. Of several files of one member
/// it makes a list.
///
/// # Errors
/// None in practice: the members were read before.
pub fn write(members: &Object<'_>, files: &[File]) -> serde_json::Result<(HeaderMap, Bytes)> {
    let boundary = format!("form-{}", Uuid::new_v4().simple());
    let room: usize = files.iter().map(|file| file.content.len() + 512).sum();
    let mut out = Vec::with_capacity(room + 4096);
    for (name, value) in members.iter() {
        put(&mut out, &boundary, name, &serde_json::from_str(value)?);
    }
    for file in files {
        let is_list = files.iter().filter(|other| other.member == file.member).count() > 1;
        let member = if is_list { format!("{}[]", file.member) } else { file.member.clone() };
        begin(&mut out, &boundary, &member);
        out.extend_from_slice(format!("; filename=\"{}\"", quoted(&file.name)).as_bytes());
        // A line's end in it would begin another header; a type has none.
        let content_type = file.content_type.as_deref().filter(|kind| kind.bytes().all(|byte| byte.is_ascii_graphic()));
        let content_type = content_type.unwrap_or("application/octet-stream");
        out.extend_from_slice(format!("\r\nContent-Type: {content_type}\r\n\r\n").as_bytes());
        out.extend_from_slice(&file.content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let mut headers = HeaderMap::new();
    if let Ok(kind) = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}")) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    Ok((headers, out.into()))
}

fn begin(out: &mut Vec<u8>, boundary: &str, name: &str) {
    out.extend_from_slice(
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(name)).as_bytes(),
    );
}

/// A member, each entry of a list under `name[]`, each member of an object under `name[member]`.
fn put(out: &mut Vec<u8>, boundary: &str, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(list) => list.iter().for_each(|entry| put(out, boundary, &format!("{name}[]"), entry)),
        Value::Object(object) => {
            object.iter().for_each(|(member, value)| put(out, boundary, &format!("{name}[{member}]"), value));
        }
        value => text(out, boundary, name, value),
    }
}

fn text(out: &mut Vec<u8>, boundary: &str, name: &str, value: &Value) {
    begin(out, boundary, name);
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    out.extend_from_slice(format!("\r\n\r\n{text}\r\n").as_bytes());
}

/// A name as a form quotes it (HTML standard, "multipart/form-data encoding algorithm").
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::form::read;

    #[tokio::test]
    async fn what_is_written_is_read_again_as_it_was() {
        let members = r#"{"model":"a/b","stream":true,"n":2,"x":["1","2"],"o":{"type":"t","n":0.5,"list":["3"]},"gone":null,"prompt":"a\r\n--b\"ü"}"#;
        let file = |member: &str, name: &str, kind: Option<&str>| File {
            member: member.to_owned(),
            name: name.to_owned(),
            content_type: kind.map(str::to_owned),
            content: Bytes::from_static(b"\r\n--form\x00\xff"),
        };
        let files = [
            file("image", "a.png", Some("image/png")),
            file("image", "ü.png", Some("a\r\nb: c")),
            file("mask", "m", None),
        ];
        let object: Object<'_> = serde_json::from_str(members).expect("json");
        let (headers, body) = write(&object, &files).expect("a form");
        let form = read(&headers, body, &["image", "mask"]).await.expect("a form");
        let (read, mut sent): (Value, Value) =
            (serde_json::from_slice(&form.members).expect("json"), serde_json::from_str(members).expect("json"));
        sent.as_object_mut().expect("an object").remove("gone");
        assert_eq!(read, sent);
        let octets = Some("application/octet-stream".to_owned());
        let expected = files.map(|file| match file.content_type.as_deref() {
            Some("image/png") => file,
            _ => File { content_type: octets.clone(), ..file },
        });
        assert_eq!(form.files, expected);
        assert_eq!(quoted("a\"b\r\nc"), "a%22b%0D%0Ac");
    }
}
