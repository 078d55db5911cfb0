//! Sound as it comes in: it passes as it is. What it costs the text says, so that nothing is read of it.

use bytes::Bytes;

use super::passing::Voice;
use crate::credits::usage::Usage;
use crate::formats::{Broken, Progress, Report, Written};

/// A provider's sound.
pub struct Sound {
    /// Characters of the text that is spoken.
    pub characters: u64,
    /// How far it has come.
    pub progress: Progress,
}

impl Voice for Sound {
    const IS_BINARY: bool = true;

    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        if !frame.is_empty() {
            self.progress = Progress::Output;
            out.push(frame);
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<Bytes>) -> Result<(), Broken> {
        if self.progress == Progress::Output {
            self.progress = Progress::Done;
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        self.progress
    }

    fn report(&self) -> Option<Report> {
        let usage = Usage { characters: self.characters, ..Usage::default() };
        // A provider sells the characters that it was given to speak, and not the sound: it is owed all of them from the first
        // byte on, whoever breaks off. Of a provider that breaks off before it nothing is had, and nothing owed.
        (self.progress > Progress::Waiting).then_some(Report { is_owed: true, ..Report::of(usage) })
    }

    fn written(&self) -> Written {
        Written::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::passing::Passing;
    use super::*;
    use crate::formats::Answer as _;

    #[test]
    fn sound_passes_as_it_comes_and_what_is_no_sound_is_none() {
        let mut sound = Passing(Sound { characters: 5, progress: Progress::Waiting });
        let mut out = Vec::new();
        assert_eq!(sound.report(), None);
        sound.push(Bytes::from_static(b"\xff\xfb{"), &mut out).expect("sound");
        assert_eq!((sound.progress(), out.concat()), (Progress::Output, b"\xff\xfb{".to_vec()));
        assert_eq!(sound.report().map(|report| report.usage.characters), Some(5));
        sound.end(&mut out).expect("sound");
        assert_eq!(sound.progress(), Progress::Done);

        let mut silence = Passing(Sound { characters: 5, progress: Progress::Waiting });
        silence.end(&mut out).expect("nothing");
        assert_eq!(silence.progress(), Progress::Waiting);
        assert_eq!(silence.whole(Bytes::from_static(b"<html>"), None), Err(Broken::Garbled));
        let error = silence.whole(Bytes::from_static(br#"{"error":{"message":"x","code":429}}"#), None);
        assert!(matches!(error, Err(Broken::Error(Some(429), _))));
    }
}
