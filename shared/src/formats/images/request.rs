//! A request for images, as the client sends it and as it goes to a provider.

use bytes::Bytes;
use http::HeaderMap;

use super::answer::Images;
use super::members::{self, MEMBERS, MOST_IMAGES, NOT_AT_OPENROUTER};
use super::stream::ImageEvents;
use super::unreported::Unreported;
use crate::credits::tokens;
use crate::error::Error;
use crate::formats::last_event::{LastEvent, error_event};
use crate::formats::openai::body;
use crate::formats::openai::members as checked;
use crate::formats::whole::WholeAnswer;
use crate::formats::{Answer, Demand, Format, Kind, Labels, PromptSize, Request, Target, Units, Upstream};
use crate::object::Object;
use crate::providers::Rows;
use crate::providers::routing::Routing;

/// A client's request, checked as far as money and routing need it.
#[derive(Clone, Debug)]
pub struct ImageRequest {
    body: Bytes,
    demand: Demand,
}

impl ImageRequest {
    /// Reads and checks a request body.
    ///
    /// # Errors
    /// 400, naming the member at fault.
    pub fn parse(body: Bytes, rows: Rows) -> Result<Self, Error> {
        let request = body::parse(&body)?;
        let (pinned, model) = body::model(&request, rows)?;
        checked::check(&request, &MEMBERS)?;
        let prompt: Option<String> = body::read(&request, "prompt", "`prompt` is a text.")?;
        let prompt = prompt.filter(|prompt| !prompt.is_empty());
        let prompt = prompt.ok_or_else(|| Error::invalid("prompt", "`prompt` is missing: what the image shows."))?;
        let stream = body::read(&request, "stream", "`stream` is true or false.")?.unwrap_or(false);
        let images = body::whole_number(&request, "n", MOST_IMAGES)?.unwrap_or(1);
        members::partial_images(&request, stream)?;
        body::texts(&request, &members::WORDS)?;
        let image = members::size_and_quality(&request)?;
        let routing = Routing::read(&request, pinned, rows)?;
        let labels = Labels::of_openai(&request);
        let demand = demand(
            model,
            stream,
            images,
            image,
            routing,
            PromptSize {
                bound: prompt.len() as u64 + tokens::PER_TURN,
                added: tokens::PER_TURN,
                member: "prompt",
                ..PromptSize::default()
            },
        );
        Ok(Self { body, demand: Demand { labels, ..demand } })
    }

    fn upstream_body(&self, target: &Target<'_>) -> serde_json::Result<Bytes> {
        let mut request: Object<'_> = serde_json::from_slice(&self.body)?;
        request.remove("provider");
        request.set("model", target.model)?;
        if target.provider.quirks.own_images {
            NOT_AT_OPENROUTER.iter().for_each(|name| request.remove(name));
        }
        serde_json::to_vec(&request).map(Bytes::from)
    }
}

/// What images demand. Their tokens are the model's matter: it says how many one has at most.
pub fn demand(model: String, stream: bool, images: u64, image: String, routing: Routing, prompt: PromptSize) -> Demand {
    Demand {
        model,
        kind: Kind::Image,
        stream,
        choices: images,
        output_limit: Some(body::MOST_OUTPUT),
        routing,
        prompt,
        units: Units { images, image: Some(image), outputs: vec!["image"], ..Units::default() },
        labels: Labels::default(),
        // Of an image that is not there yet nobody sees how much of it is made.
        comes_whole: true,
    }
}

/// Who reads the answer to such a request.
pub fn answer(demand: &Demand, events: &'static str, target: &Target<'_>) -> Box<dyn Answer> {
    let unreported = Unreported::of(demand.units.image.as_deref().unwrap_or_default(), target);
    if demand.stream {
        return Box::new(LastEvent::new(ImageEvents {
            name: events,
            wanted: demand.choices,
            unreported,
            partial: false,
        }));
    }
    Box::new(WholeAnswer::of(target, Images { unreported }))
}

impl Request for ImageRequest {
    fn demand(&self) -> &Demand {
        &self.demand
    }

    fn prompt_text(&self) -> String {
        body::text_of(&self.body, "prompt")
    }

    fn for_provider(&self, target: &Target<'_>) -> Result<Upstream, Error> {
        target.speaks(Format::ImageGeneration)?;
        let body = self.upstream_body(target).map_err(|error| body::unwritable(&error))?;
        Ok(Upstream {
            format: Format::ImageGeneration,
            headers: HeaderMap::new(),
            body,
            streamed: self.demand.stream,
            // A second one would be paid for as the first.
            repeatable: false,
            answer: answer(&self.demand, "image_generation", target),
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
    use crate::providers::table::PROVIDERS;

    fn parse(body: Value) -> Result<ImageRequest, Error> {
        ImageRequest::parse(Bytes::from(body.to_string()), Rows::TABLE)
    }

    fn sent(request: &ImageRequest, name: &str) -> Value {
        let provider = PROVIDERS.iter().find(|row| row.name == name).expect("a row");
        let target = Target::of(provider);
        serde_json::from_slice(&request.for_provider(&target).expect("a body").body).expect("json")
    }

    #[test]
    fn each_provider_gets_what_it_knows() {
        let request = parse(json!({"model": "m", "prompt": "a fox", "n": 2, "size": "1024x1024", "quality": "HIGH",
            "background": "transparent", "moderation": "low", "user": "u", "provider": {"only": ["portkey"]}}))
        .expect("valid");
        assert_eq!(
            sent(&request, "portkey"),
            json!({"model": "up", "prompt": "a fox", "n": 2, "size": "1024x1024", "quality": "HIGH",
                   "background": "transparent", "moderation": "low", "user": "u"})
        );
        assert_eq!(
            sent(&request, "openrouter"),
            json!({"model": "up", "prompt": "a fox", "n": 2, "size": "1024x1024", "quality": "HIGH", "background": "transparent"})
        );
        let demand = request.demand();
        assert_eq!((demand.choices, demand.units.images), (2, 2));
        assert_eq!(demand.units.image.as_deref(), Some("1024x1024/high"));
        assert_eq!(request.prompt_text(), "a fox");
    }

    #[test]
    fn wrong_members_are_named() {
        for (member, value) in [
            ("prompt", Value::Null),
            ("prompt", json!("")),
            ("prompt", json!(1)),
            ("n", json!(0)),
            ("n", json!(11)),
            ("size", json!(1024)),
            ("quality", json!(1)),
            ("output_format", json!({})),
            ("background", json!([])),
            ("stream", json!("yes")),
            ("partial_images", json!(4)),
            ("partial_images", json!(1)),
            ("image", json!("AA")),
            ("num_images", json!(2)),
            ("service_tier", json!("priority")),
            ("Quality", json!("high")),
        ] {
            let mut body = json!({"model": "m", "prompt": "a"});
            body[member] = value;
            let error = parse(body).expect_err(member);
            assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(member)));
        }
    }
}
