//! The load generator: kept-alive HTTP/1.1 connections, each with one request under way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::{Failure, Result};

/// Where requests go, and what they are.
#[derive(Clone)]
pub struct Target {
    /// How they ask.
    pub method: Method,
    /// The server.
    pub address: SocketAddr,
    /// The path.
    pub path: String,
    /// Whose they are: the values of `Authorization`, in turn; nobody's if there are none.
    pub callers: Vec<HeaderValue>,
    /// What else they are asked with.
    pub headers: &'static [(&'static str, &'static str)],
    /// What they say.
    pub body: Bytes,
    /// What they say in place of that, each of them once, with its `Stripe-Signature`.
    pub signed: Arc<[(HeaderValue, Bytes)]>,
    /// How a complete answer ends.
    pub ends: &'static [u8],
}

impl Target {
    /// Requests without a body that are answered in JSON.
    pub fn get(address: SocketAddr, path: &str) -> Self {
        let path = path.to_owned();
        Self {
            method: Method::GET,
            address,
            path,
            callers: Vec::new(),
            headers: &[],
            body: Bytes::new(),
            signed: Arc::default(),
            ends: b"}",
        }
    }
}

/// How long one answer took, from the moment before the request is sent.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Until the first byte of the body.
    pub first: Duration,
    /// Until its end.
    pub last: Duration,
}

/// What a round has brought.
pub struct Round {
    /// Every answer.
    pub samples: Vec<Sample>,
    /// From the first request to the last answer.
    pub took: Duration,
}

impl Round {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.samples.len() as f64 / self.took.as_secs_f64()
    }

    /// How long each answer took in all.
    pub fn totals(&self) -> Vec<Duration> {
        self.samples.iter().map(|sample| sample.last).collect()
    }
}

/// Sends `requests` requests over `connections` connections, each of which sends its next one when it has the last
/// answer. One request a connection goes ahead, uncounted.
///
/// # Errors
/// When an answer is not a complete 200.
pub async fn round(target: &Target, connections: usize, requests: usize) -> Result<Round> {
    let turn = Arc::new(AtomicUsize::new(0));
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(target.clone(), Arc::clone(&turn)).await?;
        connection.call().await?;
        open.push(connection);
    }
    let left = Arc::new(AtomicUsize::new(requests));
    let began = Instant::now();
    let mut tasks = Vec::new();
    for mut connection in open {
        let left = Arc::clone(&left);
        tasks.push(tokio::spawn(async move {
            let mut samples = Vec::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                samples.push(connection.call().await?);
            }
            Ok::<_, Failure>(samples)
        }));
    }
    let mut samples = Vec::with_capacity(requests);
    for task in tasks {
        samples.extend(task.await??);
    }
    Ok(Round { samples, took: began.elapsed() })
}

/// Sends one request over a connection of its own.
///
/// # Errors
/// When its answer is not a complete 200.
pub async fn first(target: &Target) -> Result<Sample> {
    Connection::open(target.clone(), Arc::default()).await?.call().await
}

/// A connection with its requests.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    target: Target,
    host: HeaderValue,
    turn: Arc<AtomicUsize>,
}

impl Connection {
    async fn open(target: Target, turn: Arc<AtomicUsize>) -> Result<Self> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its errors reach whoever waits for an answer.
        tokio::spawn(connection);
        let host = HeaderValue::from_str(&target.address.to_string())?;
        Ok(Self { sender, target, host, turn })
    }

    async fn call(&mut self) -> Result<Sample> {
        let mut request = Request::builder()
            .method(&self.target.method)
            .uri(self.target.path.as_str())
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json");
        if !self.target.callers.is_empty() {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.target.callers.len();
            request = request.header(header::AUTHORIZATION, &self.target.callers[turn]);
        }
        for (name, value) in self.target.headers {
            request = request.header(*name, *value);
        }
        let mut body = self.target.body.clone();
        if !self.target.signed.is_empty() {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let (signature, signed) = self.target.signed.get(turn).ok_or("there are fewer than were asked for")?;
            request = request.header("stripe-signature", signature);
            body = signed.clone();
        }
        let request = request.body(Full::new(body))?;
        let began = Instant::now();
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut first = None;
        let mut tail = Bytes::new();
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                first.get_or_insert_with(|| began.elapsed());
                tail = data;
            }
        }
        let last = began.elapsed();
        // The end may have come in two frames.
        let ends = tail.ends_with(self.target.ends) || (!tail.is_empty() && self.target.ends.ends_with(&tail));
        if status != 200 || !ends {
            return Err(format!("an answer with status {status} that ends in {tail:?}").into());
        }
        Ok(Sample { first: first.unwrap_or(last), last })
    }
}
