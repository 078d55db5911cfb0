//! Valid answers in an awkward framing, which every reader of event streams has to cope with.

use bytes::Bytes;

use super::{EVENT_STREAM, JSON, Reply, Respond, Scene};
use crate::provider::{answer::Plan, error::ApiError, script::Step, wire::Reporting};

/// What OpenRouter sends while it waits (<https://openrouter.ai/docs/api-reference/streaming>).
const COMMENT: &str = ": OPENROUTER PROCESSING\r\n\r\n";

/// So many bytes at the front are written one by one: the comments and the first events.
const ONE_BY_ONE: usize = 700;

/// The sizes of the writes after that, in turn.
const SIZES: [usize; 6] = [1, 7, 2, 13, 3, 29];

pub(super) fn keepalive(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let answer = scene.compose(Plan::default())?;
    let mut text = String::new();
    let mut ends = Vec::new();
    if scene.request.stream {
        text.push_str(&COMMENT.repeat(2));
        for (at, event) in scene.events(&answer, Reporting::AsAsked).iter().enumerate() {
            if at % 3 == 2 {
                text.push_str(COMMENT);
            }
            text.push_str(&event.lines("\r\n"));
            ends.push(text.len());
        }
    } else {
        // While a plain answer is awaited, blank lines keep the connection alive.
        text.push_str("\n\n   \n");
        text.push_str(&scene.envelope.plain(&answer, Reporting::AsAsked).to_string());
        ends.push(text.len());
    }
    let content_type = if scene.request.stream { EVENT_STREAM } else { JSON };
    Ok(Reply::Respond(Respond::streamed(content_type, odd_writes(text.into(), &ends))))
}

/// A write that ends an event counts as its chunk; `ends` holds the events' ends. None is short enough for two.
fn odd_writes(text: Bytes, ends: &[usize]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = 0;
    let sizes = std::iter::repeat_n(1, ONE_BY_ONE).chain(SIZES.into_iter().cycle());
    for size in sizes {
        if at >= text.len() {
            break;
        }
        let end = (at + size).min(text.len());
        let piece = text.slice(at..end);
        let ends_event = ends.iter().any(|event_end| (at + 1..=end).contains(event_end));
        steps.push(if ends_event { Step::Chunk(piece) } else { Step::Part(piece) });
        steps.push(Step::Flush);
        at = end;
    }
    steps
}
