//! The answer for benchmarks: rendered once, sent as it is.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use http::StatusCode;

use super::{EVENT_STREAM, JSON, Respond, frame};
use crate::provider::{
    answer::{Answer, Choice, Content, Given, Usage},
    format::Format,
    script::Step,
    tokens::Piece,
    vendor::Vendor,
    wire::{Envelope, Reporting},
};

/// So long a stream is enough for any benchmark, and keeps a typing error from filling the memory.
const MAX_CHUNKS: u64 = 100_000;

/// What was rendered so far, by format and number of chunks.
#[derive(Debug, Default)]
pub(in crate::provider) struct FastAnswers(RwLock<HashMap<(Format, u64), Arc<FastAnswer>>>);

#[derive(Debug)]
pub(in crate::provider) struct FastAnswer {
    plain: Bytes,
    /// Without and with the usage chunk.
    streams: [Stream; 2],
}

#[derive(Debug)]
struct Stream {
    whole: Bytes,
    frames: Vec<Bytes>,
}

impl FastAnswers {
    /// The answer of so many chunks of a token each; ids and time stay those of its first use.
    pub(in crate::provider) fn get(&self, format: Format, chunks: u64, created: u64) -> Arc<FastAnswer> {
        let chunks = chunks.min(MAX_CHUNKS);
        let key = (format, chunks);
        if let Some(answer) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(answer);
        }
        let answer = Arc::new(FastAnswer::render(format, chunks, created));
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&answer));
        answer
    }
}

impl FastAnswer {
    fn render(format: Format, chunks: u64, created: u64) -> Self {
        let envelope = Envelope { vendor: Vendor::Featherless, format, serial: 0, created };
        let pieces = (0..chunks).map(|_| Piece { text: " water".to_owned(), tokens: 1 }).collect();
        let choice = Choice {
            reasoning: Vec::new(),
            content: Content::Text(pieces),
            seals: false,
            picture: None,
            echoes: false,
            logprobs: None,
            finish: "stop",
        };
        let answer = Answer {
            model: "standin/fast".to_owned(),
            choices: vec![choice],
            given: Given::Choices,
            usage: Usage {
                prompt: 8,
                cached: 0,
                written: 0,
                written_long: 0,
                completion: chunks,
                reasoning: 0,
                image: 0,
            },
        };
        let stream = |include_usage| {
            let frames: Vec<_> =
                envelope.events(&answer, include_usage, Reporting::AsAsked).iter().map(frame).collect();
            Stream { whole: frames.concat().into(), frames }
        };
        Self {
            plain: envelope.plain(&answer, Reporting::AsAsked).to_string().into(),
            streams: [stream(false), stream(true)],
        }
    }

    pub(in crate::provider) fn plain(&self) -> Respond {
        Respond::whole(StatusCode::OK, JSON, self.plain.clone())
    }

    /// The stream in one write, or with `flush` in one a chunk.
    pub(in crate::provider) fn streamed(&self, include_usage: bool, flush: bool) -> Respond {
        let stream = &self.streams[usize::from(include_usage)];
        let steps = if flush {
            stream.frames.iter().flat_map(|frame| [Step::Chunk(frame.clone()), Step::Flush]).collect()
        } else {
            vec![Step::Chunk(stream.whole.clone())]
        };
        Respond::streamed(EVENT_STREAM, steps)
    }
}
