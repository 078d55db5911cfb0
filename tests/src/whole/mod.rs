//! Every way in which a client can ask a model for something other than text, as the tests see it: one list, so that
//! what is promised of a call is asked of all of them, and a new format cannot be left out.
//!
//! Such an answer comes whole. What is written as text, streamed or not, is in the list of `wire`.
//!
//! `list`: the formats.

mod list;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::formats::form::{self, File};
use shared::formats::{Format, Kind};
use shared::object::Object;
use shared::providers::table::PROVIDERS;
use shared::routes::ROUTES;

use crate::answer::Answer;
use crate::wire::together;
use crate::world::{Deployment, Route, World};

pub use list::WHOLES;

/// A format as a client speaks it, and who serves it.
#[derive(Debug)]
pub struct Whole {
    /// What a test that fails calls it.
    pub name: &'static str,
    /// The model that is asked.
    pub model: &'static str,
    /// Who serves it in the tests.
    pub provider: &'static str,
    /// Who else speaks the format.
    pub second: &'static str,
    /// What the client speaks.
    pub format: Format,
    /// The name of its route in the route table.
    pub route: &'static str,
    /// The kind of model that is asked.
    pub kind: Kind,
    question: fn(&str) -> Value,
    /// The member of an answer that holds what was asked for; empty where the answer is bytes.
    pub list: &'static str,
    /// Prompt tokens that the gateway counts for a request that says Hello, where the provider does not say; 0 where nothing
    /// need be counted, since its units say it all.
    pub counted: u64,
    /// The most tokens that its model makes.
    pub most_output: u32,
    /// Whether what is asked for costs so little that another provider is asked wherever one has not given it.
    pub repeatable: bool,
    /// Whether its requests come as forms. Its bodies are written as JSON here, from which [`World::request`] makes forms.
    pub form: bool,
    /// How it is streamed, if it can be.
    pub streams: Option<Streams>,
    /// What its routes cost besides [`Route::new`]'s prices, as SQL.
    pub prices: &'static str,
    /// What an answer with this usage costs at these prices, in nano-dollars.
    pub priced: fn(&Value) -> i64,
}

/// How a format is streamed.
#[derive(Debug)]
pub struct Streams {
    /// The type of the events that pass while it is made.
    pub passing: &'static str,
    /// The type of the last ones.
    pub last: &'static str,
    /// What asks for a stream.
    pub asked: fn() -> Value,
}

impl Whole {
    /// Where it is asked.
    ///
    /// # Panics
    /// When the route table does not have it.
    #[must_use]
    pub fn path(&self) -> &'static str {
        ROUTES.iter().find(|route| route.name == self.route).expect("a route").paths[0]
    }

    /// Where its provider is asked.
    ///
    /// # Panics
    /// When it does not speak the format.
    #[must_use]
    pub fn upstream_path(&self) -> &'static str {
        let provider = PROVIDERS.iter().find(|row| row.name == self.provider).expect("a provider");
        provider.path(self.format).expect("it speaks the format")
    }

    /// The body of a short request that says Hello, with further members.
    ///
    /// # Panics
    /// When `further` is not an object.
    #[must_use]
    pub fn hello(&self, further: &Value) -> Value {
        self.say("Hello", further)
    }

    /// The body of a request that says this, with further members.
    ///
    /// # Panics
    /// When `further` is not an object.
    #[must_use]
    pub fn say(&self, text: &str, further: &Value) -> Value {
        let mut body = (self.question)(text);
        let members = body.as_object_mut().expect("an object");
        members.insert("model".to_owned(), json!(self.model));
        members.extend(further.as_object().expect("an object").clone());
        body
    }

    /// Whether it is a chat, whose streams and sessions are those of any.
    #[must_use]
    pub fn is_chat(&self) -> bool {
        self.kind == Kind::Chat
    }

    /// Whether an answer is bytes.
    #[must_use]
    pub const fn is_binary(&self) -> bool {
        self.list.is_empty()
    }

    /// The answer is one of this format and holds something; gives its JSON, or null of bytes.
    ///
    /// # Panics
    /// When it is not.
    #[expect(clippy::must_use_candidate, reason = "some only ask whether it is one")]
    pub fn given(&self, answer: &Answer) -> Value {
        if self.is_binary() {
            assert_eq!((answer.status, answer.header("content-type")), (200, "audio/mpeg"), "{}", answer.text);
            assert!(!answer.text.is_empty(), "{}", self.name);
            return Value::Null;
        }
        let told = answer.success();
        let is_given = match &told[self.list] {
            Value::Array(list) => !list.is_empty(),
            Value::String(text) => !text.is_empty(),
            _ => false,
        };
        assert!(is_given, "{}: {told}", self.name);
        assert_eq!(told["model"], self.model, "{}: {told}", self.name);
        told
    }
}

impl World {
    /// A request in the format with this key; [`Whole::hello`] makes bodies.
    ///
    /// # Panics
    /// When a form cannot be written.
    pub fn request(&self, whole: &Whole, key: &str, body: &Value) -> RequestBuilder {
        let Some(members) = body.as_object().filter(|_| whole.form) else { return self.post(whole.path(), key, body) };
        let (mut members, mut files) = (members.clone(), Vec::new());
        for (name, member) in [("input_audio", "file"), ("image", "image")] {
            let data = members.get(name).and_then(|given| given["data"].as_str().or_else(|| given.as_str()));
            if let Some((content_type, content)) = data.and_then(form::data_url) {
                members.remove(name);
                let extension = if member == "file" { "wav" } else { "png" };
                files.push(File { member: member.to_owned(), name: format!("a.{extension}"), content_type, content });
            }
        }
        let text = Value::Object(members).to_string();
        let members: Object<'_> = serde_json::from_str(&text).expect("an object");
        let (headers, body) = form::write(&members, &files).expect("a form");
        self.http.post(format!("{}{}", self.base_url, whole.path())).bearer_auth(key).headers(headers).body(body)
    }

    /// From now on the format's model has these routes.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn offers(&self, whole: &Whole, routes: &[Route<'_>]) {
        let (id, kind) = (whole.model, whole.kind.as_str());
        self.model(id, routes).await;
        let output = whole.most_output;
        self.sql(&format!("update gateway.models set kind = '{kind}', max_output = {output}, input_modalities = '{{text,image,audio}}' where id = '{id}'")).await;
        if whole.is_chat() {
            self.sql(&format!("update gateway.models set output_modalities = '{{text,image}}' where id = '{id}'"))
                .await;
        }
        if !whole.prices.is_empty() {
            let prices = whole.prices;
            self.sql(&format!("update gateway.model_routes set {prices} where model_id = '{id}'")).await;
        }
    }
}

/// Runs a test with each format, all at the same time, so that what waits does so once. The rows share a deployment's database:
/// their worlds ([`World::of`]) see nothing of each other.
///
/// # Panics
/// When the test does, and then says with which formats.
pub async fn each(test: impl AsyncFn(&'static Whole, &Deployment)) {
    let deployment = &Deployment::new().await;
    together(WHOLES.iter().map(|whole| (whole.name.to_owned(), test(whole, deployment)))).await;
}
