//! A provider's chat completion, given to the client as a message.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::blocks::Blocks;
use super::request::Reading;
use crate::error::Error;
use crate::formats::chat::Chat;
use crate::formats::events::EventStream;
use crate::formats::messages::native::assembled;
use crate::formats::messages::native::ending::closing_events;
use crate::formats::messages::{usage, wire};
use crate::formats::openai::answer::OpenAiAnswer;
use crate::formats::openai::body::GatewayNote;
use crate::formats::{Answer, Bill, Broken, Progress, Report, Written};
use crate::object::Object;

/// A chat completion as it comes in, and the blocks that it becomes.
pub struct OverChat {
    chat: OpenAiAnswer<Chat>,
    blocks: Blocks,
    reading: Reading,
}

impl OverChat {
    /// Of an answer that is to be read so.
    pub fn new(reading: Reading) -> Self {
        Self { chat: OpenAiAnswer::new(true, 1), blocks: Blocks::new(reading.clone()), reading }
    }

    /// Puts events of the chat, all of them whole, into the other form.
    fn translate(&mut self, chat: Vec<Bytes>, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        for events in chat {
            EventStream::default().push(events, &mut self.blocks, out)?;
        }
        Ok(())
    }

    /// How a message ends for which a chat's reason to stop is this.
    fn ending(reason: Option<&str>) -> Map<String, Value> {
        let reason = json!(reason.unwrap_or("end_turn"));
        Map::from_iter([("stop_reason".to_owned(), reason), ("stop_sequence".to_owned(), Value::Null)])
    }
}

impl Answer for OverChat {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let mut chat = Vec::new();
        let read = self.chat.push(frame, &mut chat);
        self.translate(chat, out)?;
        read
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let mut chat = Vec::new();
        let read = self.chat.end(&mut chat);
        self.translate(chat, out)?;
        read
    }

    fn whole(&mut self, body: Bytes, out: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let Some(out) = out else { return self.chat.whole(body, None) };
        let mut chat = Vec::new();
        self.chat.whole(body, Some(&mut chat))?;
        self.translate(chat, out)
    }

    fn progress(&self) -> Progress {
        self.chat.progress()
    }

    fn report(&self) -> Option<Report> {
        self.chat.report()
    }

    fn written(&self) -> Written {
        self.chat.written()
    }

    /// The chat's, but for the names of tools that were cut for it.
    fn said(&self) -> Option<Map<String, Value>> {
        let mut message = self.chat.said()?;
        let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
        for name in calls.into_iter().flatten().filter_map(|call| call.pointer_mut("/function/name")) {
            let own = name.as_str().map(|short| json!(self.reading.names.own(short)));
            *name = own.unwrap_or_default();
        }
        Some(message)
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        let chat = self.chat.body().ok_or(Broken::Garbled)?;
        let chat = serde_json::from_slice(&chat).map_err(|_| Broken::Garbled)?;
        let mut blocks = Blocks::new(self.reading.clone());
        let events = blocks.take(chat)?;
        let message = assembled(events.into_iter(), &Self::ending(blocks.stop_reason())).ok_or(Broken::Garbled)?;
        let message = Value::Object(message).to_string();
        let write = || {
            let mut message: Object<'_> = serde_json::from_str(&message)?;
            message.set("usage", &bill.on(&usage::of(&bill.usage))?)?;
            message.set("gateway", &GatewayNote::of(bill))?;
            serde_json::to_vec(&message)
        };
        write().map(Bytes::from).map_err(|_| Broken::Garbled)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        let usage = match bill {
            Some(bill) => bill.on(&usage::of(&bill.usage))?,
            None => serde_json::value::to_raw_value(&usage::of(
                &self.chat.report().map(|report| report.usage).unwrap_or_default(),
            ))?,
        };
        closing_events(&Self::ending(self.blocks.stop_reason()), usage, bill)
    }

    fn wants_bill(&self) -> bool {
        true
    }

    fn fail(&self, error: &Error) -> Bytes {
        wire::error_event(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Nanos;

    const STREAM: &str = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n\
        : ping\n\n\
        data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n\
        data: {\"choices\":[],\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":20}}}\n\ndata: [DONE]\n\n";

    #[test]
    fn a_streamed_chat_is_a_streamed_message_and_a_plain_one() {
        let (mut answer, mut out) =
            (OverChat::new(Reading { model: "m".to_owned(), ..Reading::default() }), Vec::new());
        answer.push(Bytes::from(STREAM), &mut out).expect("well-formed");
        let text = String::from_utf8(out.concat()).expect("utf-8");
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!(names, ["message_start", "content_block_start", "content_block_delta", "content_block_stop"]);
        assert!(text.contains(": ping\n\n"), "{text}");
        assert_eq!(answer.progress(), Progress::Done);
        let usage = answer.report().expect("it was reported").usage;
        let bill = Bill { cost: Nanos(1), provider: "portkey", ..Bill::of(usage) };
        let plain: Value = serde_json::from_slice(&answer.plain(&bill).expect("a message")).expect("json");
        assert_eq!(
            plain,
            json!({"id": "msg_c", "type": "message", "role": "assistant", "model": "m",
                "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 10, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 0,
                    "output_tokens": 4, "cost": 1e-9},
                "gateway": {"provider": "portkey", "upstream_model": "up", "request_id": "r"}})
        );
        let closing = String::from_utf8(answer.close(Some(&bill)).expect("json").to_vec()).expect("utf-8");
        assert!(
            closing.contains("\"stop_reason\":\"end_turn\"") && closing.contains("\"input_tokens\":10"),
            "{closing}"
        );
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_before_its_end_is_no_message() {
        let complete = STREAM.find("\n\ndata: {\"choices\":[]").expect("its end");
        for end in 0..STREAM.len() {
            let mut answer = OverChat::new(Reading::default());
            let frame = Bytes::copy_from_slice(&STREAM.as_bytes()[..end]);
            let read = answer.push(frame, &mut Vec::new()).and_then(|()| answer.end(&mut Vec::new()));
            let is_complete = read.is_ok() && answer.progress() >= Progress::Complete;
            // What is cut within a later event is broken.
            assert!(!is_complete || end >= complete, "cut at {end}");
        }
    }
}
