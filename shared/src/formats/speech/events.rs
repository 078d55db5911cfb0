//! Speech that comes as events (`stream_format: "sse"`): its sound in pieces of base64, and last what it used. Models that are
//! sold by tokens are asked for it so even where the client wants the sound alone, which says nothing of tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::passing::Voice;
use crate::credits::usage::Usage;
use crate::formats::events::{EventStream, Reader, Verdict};
use crate::formats::last_event::Events;
use crate::formats::openai::glance;
use crate::formats::openai::usage::Reported;
use crate::formats::{Bill, Broken, Progress, Report, Written};
use crate::object::Object;

const DELTA: &str = "speech.audio.delta";
const DONE: &str = "speech.audio.done";

/// What was spoken of a text of so many characters, by the `usage` of the last event. Where that has not come: as a voice
/// usually speaks, twenty tokens and fifteen characters a second.
fn report(usage: Option<&str>, characters: u64) -> Report {
    let mut reported = Reported::default();
    usage.map(|usage| reported.take(usage));
    match reported.usage() {
        Some(usage) => {
            let usage = Usage { audio_output: usage.completion, characters, ..usage };
            Report { is_owed: true, ..Report::of(usage) }
        }
        None => {
            let spoken = (characters * 4).div_ceil(3);
            let usage = Usage { completion: spoken, audio_output: spoken, characters, ..Usage::default() };
            Report { estimated: true, ..Report::of(usage) }
        }
    }
}

/// The events of speech, for a client that wants them.
pub struct SpeechEvents {
    pub characters: u64,
    pub begun: bool,
}

impl Events for SpeechEvents {
    fn is_last(&self, kind: &str) -> bool {
        kind == DONE
    }

    fn passes(&mut self, kind: &str, _: &Object<'_>) -> bool {
        self.begun = self.begun || kind == DELTA;
        kind == DELTA
    }

    fn report(&self, usage: Option<&str>, last: u64) -> Option<Report> {
        (self.begun || last > 0).then(|| report(usage, self.characters))
    }

    fn shown(&self, usage: Option<&str>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
        let mut shown = Object::default();
        if let Some(reported) = usage.and_then(|usage| serde_json::from_str::<Object<'_>>(usage).ok()) {
            shown.supersede(reported);
        }
        shown.set("input_tokens", &bill.usage.prompt)?;
        shown.set("output_tokens", &bill.usage.completion)?;
        shown.set("total_tokens", &bill.usage.total())?;
        if bill.estimated {
            shown.set("estimated", &true)?;
        }
        Ok(shown)
    }

    /// Sound, whose tokens nobody can see.
    fn written(&self) -> Written {
        Written { is_all: !self.begun, ..Written::default() }
    }

    fn of_whole(&mut self, _: Map<String, Value>) -> Option<Vec<Value>> {
        None
    }
}

/// The sound of such events, for a client that wants it alone.
pub struct SoundOfEvents {
    stream: EventStream,
    read: Read,
}

struct Read {
    characters: u64,
    /// Sound that has come and is not passed on yet.
    sound: Vec<Bytes>,
    begun: bool,
    /// `usage` of the last event.
    usage: Option<String>,
    done: bool,
}

impl SoundOfEvents {
    /// Of a text of so many characters.
    pub fn new(characters: u64) -> Self {
        let read = Read { characters, sound: Vec::new(), begun: false, usage: None, done: false };
        Self { stream: EventStream::default(), read }
    }
}

impl Reader for Read {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        if &data[..] == b"[DONE]" {
            return Ok(Verdict::Drop);
        }
        let event: Object<'_> = serde_json::from_slice(&data).map_err(|_| Broken::Garbled)?;
        if let Some(error) = glance::error(&event) {
            return Err(error);
        }
        let kind: String = event.read("type").ok().flatten().unwrap_or_default();
        if kind == DELTA {
            let audio: String = event.read("audio").ok().flatten().unwrap_or_default();
            self.sound.push(STANDARD.decode(audio).map_err(|_| Broken::Garbled)?.into());
            self.begun = true;
        } else if kind == DONE {
            self.usage = event.get("usage").map(ToOwned::to_owned);
            self.done = true;
        }
        Ok(Verdict::Drop)
    }
}

impl Voice for SoundOfEvents {
    const IS_BINARY: bool = false;

    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let read = self.stream.push(frame, &mut self.read, &mut Vec::new());
        out.append(&mut self.read.sound);
        read
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        let read = self.stream.end(&mut self.read, &mut Vec::new());
        out.append(&mut self.read.sound);
        read
    }

    fn progress(&self) -> Progress {
        match &self.read {
            Read { done: true, begun: true, .. } => Progress::Done,
            Read { begun: true, .. } => Progress::Output,
            _ => Progress::Waiting,
        }
    }

    fn report(&self) -> Option<Report> {
        self.read.begun.then(|| report(self.read.usage.as_deref(), self.read.characters))
    }

    fn written(&self) -> Written {
        Written { is_all: !self.read.begun, ..Written::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::passing::Passing;
    use super::*;
    use crate::formats::Answer as _;

    const EVENTS: &str = "data: {\"type\":\"speech.audio.delta\",\"audio\":\"//s=\"}\n\n\
        data: {\"type\":\"speech.audio.delta\",\"audio\":\"AAE=\"}\n\n\
        data: {\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":14,\"output_tokens\":101,\"total_tokens\":115}}\n\n";

    #[test]
    fn the_sound_of_events_passes_while_it_comes_and_the_last_says_what_it_used() {
        for size in [1, 7, 1000] {
            let (mut sound, mut out) = (SoundOfEvents::new(30), Vec::new());
            assert_eq!((sound.progress(), sound.report()), (Progress::Waiting, None));
            for frame in EVENTS.as_bytes().chunks(size) {
                sound.push(Bytes::copy_from_slice(frame), &mut out).expect("well-formed");
            }
            assert_eq!((out.concat(), sound.progress()), (vec![0xFF, 0xFB, 0, 1], Progress::Done));
            let report = sound.report().expect("a report");
            assert!(report.is_owed && !report.estimated);
            assert_eq!((report.usage.prompt, report.usage.completion, report.usage.audio_output), (14, 101, 101));
        }
    }

    #[test]
    fn what_breaks_off_is_worked_out_and_what_is_no_sound_is_none() {
        let mut sound = SoundOfEvents::new(30);
        sound.push(Bytes::from(&EVENTS[..60]), &mut Vec::new()).expect("well-formed");
        let report = sound.report().expect("a report");
        assert!(report.estimated && report.usage.audio_output == 40 && !sound.written().is_all);
        let error = SoundOfEvents::new(1)
            .push(Bytes::from("data: {\"error\":{\"message\":\"x\",\"code\":429}}\n\n"), &mut Vec::new());
        assert!(matches!(error, Err(Broken::Error(Some(429), _))));
        let garbled = "data: {\"type\":\"speech.audio.delta\",\"audio\":\"!\"}\n\n";
        assert_eq!(SoundOfEvents::new(1).push(Bytes::from(garbled), &mut Vec::new()), Err(Broken::Garbled));
        assert_eq!(Passing(SoundOfEvents::new(1)).whole(Bytes::from("<html>"), None), Err(Broken::Garbled));
    }
}
