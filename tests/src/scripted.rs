//! A provider whose every byte a test chooses.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::wire::Wire;
use crate::world::{Deployment, World};

/// What it answers.
#[derive(Clone, Debug)]
pub struct Script {
    /// The answer's content type.
    pub content_type: &'static str,
    /// The answer's content encoding, if it has one.
    pub encoding: Option<&'static str>,
    /// The body, each part written at once.
    pub parts: Vec<Bytes>,
    /// What follows them.
    pub then: Then,
}

/// How an answer ends.
#[derive(Clone, Debug, Default)]
pub enum Then {
    /// As it should.
    #[default]
    End,
    /// The connection breaks.
    Break,
    /// Nothing more comes.
    Silence,
    /// The rest, as soon as the test says so.
    When(Arc<Notify>, Vec<Bytes>),
}

impl Script {
    /// A stream of these events.
    #[must_use]
    pub fn stream(events: &[Value]) -> Self {
        Self { content_type: "text/event-stream", encoding: None, parts: parts(events), then: Then::End }
    }

    /// A body.
    #[must_use]
    pub fn whole(body: &Value) -> Self {
        Self { content_type: "application/json", encoding: None, parts: vec![body.to_string().into()], then: Then::End }
    }

    /// The same, which ends so.
    #[must_use]
    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    /// The same with `[DONE]` at its end, and then these events.
    #[must_use]
    pub fn done(mut self, behind: &[Value]) -> Self {
        self.parts.push("data: [DONE]\n\n".into());
        self.parts.extend(parts(behind));
        self
    }
}

/// The events as they are written.
#[must_use]
pub fn parts(events: &[Value]) -> Vec<Bytes> {
    events.iter().map(|event| format!("data: {event}\n\n").into()).collect()
}

/// The provider.
#[derive(Clone, Debug, Default)]
pub struct Scripted(Arc<Mutex<Option<Script>>>);

impl Scripted {
    /// A world of this deployment in which the wire's provider is this one, and serves the model.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn world(deployment: &Deployment, wire: &Wire, variables: &[(&str, &str)]) -> (World, Self) {
        let scripted = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let router = Router::new().fallback(post(answer)).with_state(scripted.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (key, base_url) = (wire.variable("API_KEY"), wire.variable("BASE_URL"));
        let own = [(key.as_str(), "key"), (base_url.as_str(), url.as_str())];
        let variables: Vec<_> = own.into_iter().chain(variables.iter().copied()).collect();
        let world = World::of(deployment, &variables).await;
        world.serves(wire, "any/model").await;
        (world, scripted)
    }

    /// From now on it answers so.
    pub fn answers(&self, script: Script) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(script);
    }
}

async fn answer(State(scripted): State<Scripted>) -> Response {
    let script = scripted.0.lock().unwrap_or_else(PoisonError::into_inner).clone().expect("a script");
    let written = stream::iter(script.parts.into_iter().map(Ok));
    let rest: stream::BoxStream<'static, Result<Bytes, std::io::Error>> = match script.then {
        Then::End => stream::empty().boxed(),
        // What was written is read before the connection breaks.
        Then::Break => stream::once(async {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            Err(std::io::ErrorKind::BrokenPipe.into())
        })
        .boxed(),
        Then::Silence => stream::pending().boxed(),
        Then::When(told, rest) => stream::once(async move { told.notified().await })
            .flat_map(move |()| stream::iter(rest.clone().into_iter().map(Ok)))
            .boxed(),
    };
    let mut response = Response::builder().header(header::CONTENT_TYPE, script.content_type);
    if let Some(encoding) = script.encoding {
        response = response.header(header::CONTENT_ENCODING, encoding);
    }
    response.body(Body::from_stream(written.chain(rest))).expect("a response")
}
