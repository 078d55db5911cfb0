//! A provider's chat completion, given to the client as a text completion.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::Completions;
use super::translate::Translator;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::formats::chat::Chat;
use crate::formats::events::{EventStream, Reader, Verdict};
use crate::formats::openai::answer::OpenAiAnswer;
use crate::formats::openai::body::with_bill;
use crate::formats::openai::last_events::{closing_events, error_event};
use crate::formats::{Answer, Bill, Broken, Identity, Progress, Report, Written};

/// A chat completion as it comes in, and the text completion that it becomes.
pub struct OverChat {
    chat: OpenAiAnswer<Chat>,
    translator: Translator,
    /// What the client of a stream gets, or would get.
    texts: OpenAiAnswer<Completions>,
}

impl OverChat {
    /// Of a client that wants the usage at a stream's end, or does not, and that asked for so many choices.
    pub fn new(include_usage: bool, choices: u64) -> Self {
        Self {
            chat: OpenAiAnswer::new(include_usage, choices),
            translator: Translator::default(),
            texts: OpenAiAnswer::new(include_usage, choices),
        }
    }

    /// Puts events of the chat, all of them whole, into the other form.
    fn translate(&mut self, chat: Vec<Bytes>, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        for events in chat {
            let mut translated = Vec::new();
            EventStream::default().push(events, &mut self.translator, &mut translated)?;
            for events in translated {
                self.texts.push(events, out)?;
            }
        }
        Ok(())
    }
}

impl Reader for Translator {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        let chat = serde_json::from_slice(&data).map_err(|_| Broken::Garbled)?;
        Ok(Verdict::Replace(format!("data: {}\n\n", self.translate(chat)).into()))
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
        if let Some(out) = out {
            let mut chat = Vec::new();
            self.chat.whole(body, Some(&mut chat))?;
            return self.translate(chat, out);
        }
        self.chat.whole(body.clone(), None)?;
        let chat = serde_json::from_slice(&body).map_err(|_| Broken::Garbled)?;
        self.texts.whole(self.translator.translate(chat).to_string().into(), None)
    }

    fn progress(&self) -> Progress {
        self.chat.progress()
    }

    fn report(&self) -> Option<Report> {
        self.chat.report()
    }

    /// The chat's: what a model has thought is not in the text.
    fn written(&self) -> Written {
        self.chat.written()
    }

    /// A text is no message.
    fn said(&self) -> Option<Map<String, Value>> {
        None
    }

    fn identity(&self) -> Identity {
        self.texts.identity()
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        let body = self.texts.body().ok_or(Broken::Garbled)?;
        with_bill(&body, self.chat.reported(), bill, Dialect::OpenAi).map_err(|_| Broken::Garbled)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        closing_events::<Completions>(self.texts.first_chunk(), self.chat.reported(), bill, Dialect::OpenAi)
    }

    fn wants_bill(&self) -> bool {
        self.chat.wants_bill()
    }

    fn fail(&self, error: &Error) -> Bytes {
        error_event::<Completions>(self.texts.first_chunk(), error, Dialect::OpenAi)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::credits::usage::Usage;
    use crate::money::Nanos;

    #[test]
    fn a_streamed_chat_is_a_streamed_text_and_a_plain_one() {
        let stream = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n\
            : ping\n\n\
            data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n\
            data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";
        let (mut answer, mut out) = (OverChat::new(true, 1), Vec::new());
        answer.push(Bytes::from(stream), &mut out).expect("well-formed");
        let text = String::from_utf8(out.concat()).expect("utf-8");
        assert!(text.contains(": ping\n\n") && !text.contains("delta") && !text.contains("usage"), "{text}");
        assert_eq!(text.matches("text_completion").count(), 2, "{text}");
        assert_eq!(answer.progress(), Progress::Done);
        let usage = Usage { prompt: 3, completion: 4, ..Usage::default() };
        let bill = Bill { cost: Nanos(1), provider: "portkey", ..Bill::of(usage) };
        let plain: Value = serde_json::from_slice(&answer.plain(&bill).expect("an answer")).expect("json");
        let choice = json!([{"text": "hi", "index": 0, "logprobs": null, "finish_reason": "stop"}]);
        assert_eq!((&plain["object"], &plain["choices"]), (&json!("text_completion"), &choice));
        assert_eq!(plain["usage"]["prompt_tokens"], 3);
        let closing = answer.close(Some(&bill)).expect("json");
        assert!(String::from_utf8_lossy(&closing).contains("\"object\":\"text_completion\""));
    }
}
