//! Captions of a verbose answer: SubRip (SRT) and WebVTT (<https://www.w3.org/TR/webvtt1/>), as OpenAI writes them.
//!
//! They are made here, since a provider that is asked for captions says nothing of what it used.

use std::fmt::Write as _;

use serde::Deserialize;

/// A part of a transcript and when it is said, in seconds.
#[derive(Debug, Deserialize)]
pub struct Segment {
    start: f64,
    end: f64,
    text: String,
}

/// SubRip: numbered, with a comma before the milliseconds.
pub fn srt(segments: &[Segment]) -> String {
    let mut out = String::new();
    for (place, segment) in segments.iter().enumerate() {
        let (start, end) = (clock(segment.start, ','), clock(segment.end, ','));
        // Writing to a text does not fail.
        let _ = write!(out, "{}\n{start} --> {end}\n{}\n\n", place + 1, segment.text.trim());
    }
    out
}

/// WebVTT: under its name, with a point before the milliseconds.
pub fn vtt(segments: &[Segment]) -> String {
    let mut out = "WEBVTT\n\n".to_owned();
    for segment in segments {
        let (start, end) = (clock(segment.start, '.'), clock(segment.end, '.'));
        let _ = write!(out, "{start} --> {end}\n{}\n\n", segment.text.trim());
    }
    out
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=10⁶ first")]
fn clock(seconds: f64, point: char) -> String {
    let milliseconds = (seconds.clamp(0.0, 1e6) * 1_000.0).round() as u64;
    let (seconds, milliseconds) = (milliseconds / 1_000, milliseconds % 1_000);
    format!("{:02}:{:02}:{:02}{point}{milliseconds:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_are_written_as_their_formats_want_them() {
        let segment = |start, end, text: &str| Segment { start, end, text: text.to_owned() };
        let segments = [segment(0.0, 3.319, " Hello."), segment(3_723.999_6, 3_725.0, "There")];
        assert_eq!(
            srt(&segments),
            "1\n00:00:00,000 --> 00:00:03,319\nHello.\n\n2\n01:02:04,000 --> 01:02:05,000\nThere\n\n"
        );
        assert_eq!(
            vtt(&segments),
            "WEBVTT\n\n00:00:00.000 --> 00:00:03.319\nHello.\n\n01:02:04.000 --> 01:02:05.000\nThere\n\n"
        );
        assert_eq!((srt(&[]).as_str(), vtt(&[]).as_str()), ("", "WEBVTT\n\n"));
        assert_eq!(clock(f64::NAN, '.'), "00:00:00.000");
    }
}
