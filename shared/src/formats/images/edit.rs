//! Images to be changed, as the client sends them and as they go to a provider.

use bytes::Bytes;
use serde::Deserialize;

use super::members::{self, EDIT_MEMBERS, MOST_IMAGES};
use super::request::{answer, demand};
use crate::credits::tokens;
use crate::error::Error;
use crate::formats::form::{self, File, Form};
use crate::formats::last_event::error_event;
use crate::formats::openai::body;
use crate::formats::openai::members as checked;
use crate::formats::{Demand, Format, Labels, PromptSize, Request, Target, Upstream};
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// The files of such a form.
pub const FILES: &[&str] = &["image", "mask"];
/// Images to begin with at most, as at OpenAI.
const MOST_GIVEN: usize = 16;

/// An image in JSON: OpenAI's `images` are objects, others' `image` is a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    One(String),
    Of { image_url: String },
    Several(Vec<Self>),
}

impl Given {
    fn urls(self) -> Vec<String> {
        match self {
            Self::One(url) | Self::Of { image_url: url } => vec![url],
            Self::Several(list) => list.into_iter().flat_map(Self::urls).collect(),
        }
    }
}

/// A client's request, checked as far as money and routing need it.
#[derive(Clone, Debug)]
pub struct ImageEditRequest {
    members: Bytes,
    files: Vec<File>,
    demand: Demand,
}

impl ImageEditRequest {
    /// Reads and checks a form, or JSON with its images in base64.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(form: Form, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&form.members)?;
        let (pinned, model) = body::model(&request, rows)?;
        checked::check(&request, &EDIT_MEMBERS)?;
        let files = files(form.files, &request)?;
        let prompt: Option<String> = body::read(&request, "prompt", "`prompt` is a text.")?;
        let prompt = prompt.filter(|prompt| !prompt.is_empty());
        let prompt = prompt.ok_or_else(|| Error::invalid("prompt", "`prompt` is missing: what is to be changed."))?;
        let stream = body::read(&request, "stream", "`stream` is true or false.")?.unwrap_or(false);
        let images = body::whole_number(&request, "n", MOST_IMAGES)?.unwrap_or(1);
        members::partial_images(&request, stream)?;
        body::texts(&request, &members::WORDS)?;
        let image = members::size_and_quality(&request)?;
        let routing = Routing::read(&request, pinned, rows)?;
        let prompt = PromptSize {
            bound: prompt.len() as u64 + tokens::PER_TURN,
            added: tokens::PER_TURN,
            images: files.len() as u64,
            modalities: vec!["image"],
            member: "prompt",
            ..PromptSize::default()
        };
        let labels = Labels::of_openai(&request);
        let demand = Demand { labels, ..demand(model, stream, images, image, routing, prompt) };
        Ok(Self { members: form.members.clone(), files, demand })
    }
}

/// The files, of the form or of the JSON.
fn files(mut files: Vec<File>, request: &Object<'_>) -> Result<Vec<File>, Error> {
    const SHAPE: &str = "An image in JSON is a data URL: data:image/png;base64,…; or send a form with the files.";
    for (name, member) in [("image", "image"), ("images", "image"), ("mask", "mask")] {
        let urls = body::read::<Given>(request, name, SHAPE)?.map(Given::urls).unwrap_or_default();
        for url in urls {
            let (content_type, content) = form::data_url(&url).ok_or_else(|| Error::invalid(name, SHAPE))?;
            let kind = content_type.as_deref().and_then(|kind| kind.strip_prefix("image/")).unwrap_or("png");
            let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
            files.push(File { member: member.to_owned(), name: format!("{member}.{kind}"), content_type, content });
        }
    }
    let count = |member: &str| files.iter().filter(|file| file.member == member).count();
    match (count("image"), count("mask")) {
        (0, _) => {
            Err(Error::invalid("image", "`image` is missing: the image that is to be changed, as a part of a form."))
        }
        (1..=MOST_GIVEN, 0 | 1) => Ok(files),
        (1..=MOST_GIVEN, _) => Err(Error::invalid("mask", "`mask` is one image.")),
        _ => Err(Error::invalid("image", format!("`image` is at most {MOST_GIVEN} images."))),
    }
}

impl Request for ImageEditRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    fn prompt_text(&self) -> String {
        body::text_of(&self.members, "prompt")
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        target.speaks(Format::ImageEdit)?;
        let written = || {
            let mut request: Object<'_> = serde_json::from_slice(&self.members)?;
            request.remove_all(&["provider", "image", "images", "mask"]);
            request.set("model", target.model)?;
            form::write(&request, &self.files)
        };
        let (headers, body) = written().map_err(|error| body::unwritable(&error))?;
        Ok(Upstream {
            format: Format::ImageEdit,
            headers,
            body,
            streamed: self.demand.stream,
            // A second one would be paid for as the first.
            repeatable: false,
            answer: answer(&self.demand, "image_edit", target),
        })
    }

    fn failure_event(&self, error: &Error) -> Bytes {
        error_event(error)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::formats::form::read;
    use crate::providers::table::PROVIDERS;

    const PNG: &str = "data:image/png;base64,iVBORw0KGgo=";

    fn parse(members: &Value) -> Result<ImageEditRequest, Error> {
        ImageEditRequest::parse(Form { members: Bytes::from(members.to_string()), files: Vec::new() }, Rows::TABLE)
    }

    #[tokio::test]
    async fn images_go_on_as_files_of_a_form_whichever_way_they_came() {
        for images in [
            json!({"image": PNG, "mask": PNG}),
            json!({"image": [PNG], "mask": PNG}),
            json!({"images": [{"image_url": PNG}], "mask": {"image_url": PNG}}),
        ] {
            let mut members = json!({"model": "m", "prompt": "a hat", "n": 2, "size": "1024x1024", "quality": "low",
                "input_fidelity": "high", "provider": {"only": ["openai"]}});
            members.as_object_mut().expect("an object").extend(images.as_object().expect("an object").clone());
            let request = parse(&members).expect("valid");
            let demand = request.demand();
            assert_eq!((demand.choices, demand.prompt.images, demand.units.images), (2, 2, 2));
            assert_eq!(demand.prompt.modalities, ["image"]);
            let provider = PROVIDERS.iter().find(|row| row.path(Format::ImageEdit).is_some()).expect("a row");
            let upstream = request.for_provider(&Target::of(provider)).expect("a form");
            let form = read(&upstream.headers, upstream.body, FILES).await.expect("a form");
            let sent: Value = serde_json::from_slice(&form.members).expect("json");
            assert_eq!(
                sent,
                json!({"model": "up", "prompt": "a hat", "n": 2, "size": "1024x1024", "quality": "low", "input_fidelity": "high"})
            );
            let files: Vec<_> = form.files.iter().map(|file| (file.member.as_str(), file.name.as_str())).collect();
            assert_eq!(files, [("image", "image.png"), ("mask", "mask.png")]);
        }
    }

    #[test]
    fn wrong_members_are_named() {
        for (member, value) in [
            ("input_fidelity", json!({})),
            ("image", json!("https://example.com/a.png")),
            ("image", json!([])),
            ("image", json!(vec![PNG; 17])),
            ("mask", json!([PNG, PNG])),
            ("prompt", json!("")),
            ("prompt", Value::Null),
            ("n", json!(11)),
            ("partial_images", json!(1)),
            ("size", json!(1024)),
            ("input_references", json!([PNG])),
            ("service_tier", json!("priority")),
        ] {
            let mut members = json!({"model": "m", "prompt": "a", "image": PNG});
            members[member] = value;
            let refused = parse(&members).expect_err(member);
            assert_eq!((refused.http_status().as_u16(), refused.param.as_deref()), (400, Some(member)));
        }
    }
}
