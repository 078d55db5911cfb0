//! A provider's chat completion, given to the client as a response.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::output::{Output, Reading};
use crate::error::Error;
use crate::formats::chat::Chat;
use crate::formats::events::{EventStream, event_of, named_event};
use crate::formats::openai::answer::OpenAiAnswer;
use crate::formats::openai::body::GatewayNote;
use crate::formats::responses::{items, kept, usage, wire};
use crate::formats::{Answer, Bill, Broken, Ending, Progress, Report, StoredAnswer, Written};
use crate::object::Object;

/// A chat completion as it comes in, and the output that it becomes.
pub struct OverChat {
    chat: OpenAiAnswer<Chat>,
    output: Output,
    reading: Reading,
}

impl OverChat {
    /// Of an answer that is to be read so.
    pub fn new(reading: Reading) -> Self {
        Self { chat: OpenAiAnswer::new(true, 1), output: Output::new(reading.clone()), reading }
    }

    /// Puts events of the chat, all of them whole, into the other form.
    fn translate(&mut self, chat: Vec<Bytes>, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        for events in chat {
            EventStream::default().push(events, &mut self.output, out)?;
        }
        Ok(())
    }

    /// The output of a chat completion that is all there.
    fn whole_output(&self) -> Result<Output, Broken> {
        let chat = self.chat.body().ok_or(Broken::Garbled)?;
        let chat = serde_json::from_slice(&chat).map_err(|_| Broken::Garbled)?;
        let mut output = Output::new(self.reading.clone());
        output.take(chat)?;
        Ok(output)
    }

    /// A response with what it used.
    fn billed(&self, response: Map<String, Value>, bill: Option<&Bill<'_>>) -> serde_json::Result<Vec<u8>> {
        let text = Value::Object(response).to_string();
        let mut response: Object<'_> = serde_json::from_str(&text)?;
        match bill {
            Some(bill) => {
                response.set("usage", &bill.on(&usage::of(&bill.usage))?)?;
                response.set("gateway", &GatewayNote::of(bill))?;
            }
            None => {
                let reported = self.chat.report().map(|report| report.usage).unwrap_or_default();
                response.set("usage", &usage::of(&reported))?;
            }
        }
        serde_json::to_vec(&response)
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

    fn said(&self) -> Option<Map<String, Value>> {
        self.chat.said()
    }

    fn stored(&self, bill: Option<&Bill<'_>>, ending: Ending) -> Option<StoredAnswer> {
        let whole = if self.output.has_begun() { None } else { Some(self.whole_output().ok()?) };
        let output = whole.as_ref().unwrap_or(&self.output);
        let (mut response, items) = (output.response(None), output.so_far());
        if ending == Ending::Complete {
            response.insert("output".to_owned(), Value::Array(items));
        } else {
            response = kept::broken_off(response, items, ending);
        }
        kept::apart(&self.billed(response, bill).ok()?)
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        let output = self.whole_output()?;
        self.billed(output.response(None), Some(bill)).map(Bytes::from).map_err(|_| Broken::Garbled)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        let response = self.output.response(None);
        let kind = wire::last_event(response["status"].as_str().unwrap_or_default());
        let response = self.billed(response, bill)?;
        let response: Object<'_> = serde_json::from_slice(&response)?;
        let mut event = Object::default();
        event.set("type", kind)?;
        event.set("sequence_number", &self.output.next_number())?;
        event.set("response", &response)?;
        named_event(kind, &event)
    }

    /// Every stream of a response ends with its usage.
    fn wants_bill(&self) -> bool {
        true
    }

    fn fail(&self, error: &Error) -> Bytes {
        let mut response = self.output.response(Some("failed"));
        response.insert("error".to_owned(), wire::failure(error));
        let members = json!({ "response": response });
        event_of(&items::numbered("response.failed", self.output.next_number(), members))
    }
}

#[cfg(test)]
mod tests;
