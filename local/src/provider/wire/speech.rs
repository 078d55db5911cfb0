//! Speech as events: the sound in pieces of base64, and last what it used.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Event, Reporting};
use crate::provider::answer::{Answer, Given};

/// Bytes of a piece.
const PIECE: usize = 100;

pub(super) fn events(answer: &Answer, reporting: Reporting) -> Vec<Event> {
    let Given::Sound { text, .. } = &answer.given else { return Vec::new() };
    let sound = sound(text);
    let delta = |piece: &[u8]| {
        let data = json!({"type": "speech.audio.delta", "audio": STANDARD.encode(piece)});
        Event { name: None, ..Event::of(&data, true) }
    };
    let mut events: Vec<_> = sound.chunks(PIECE).map(delta).collect();
    let mut done = json!({"type": "speech.audio.done"});
    if reporting != Reporting::Never {
        let (input, output) = (answer.usage.prompt, answer.usage.completion);
        done["usage"] =
            json!({"input_tokens": input, "output_tokens": output, "total_tokens": input.saturating_add(output)});
    }
    events.push(Event { name: None, ..Event::of(&done, true) });
    events
}

/// The sound of a text: bytes that are no text, the same for the same one, a hundred for each character.
pub(in crate::provider) fn sound(text: &str) -> Vec<u8> {
    let said =
        text.chars().flat_map(|letter| (0..100_u32).map(move |at| u32::from(letter).wrapping_mul(31) ^ (at * 7)));
    let bytes = said.map(|number| number.to_le_bytes()[0] | 0x80);
    [0xff_u8, 0xfb].into_iter().chain(bytes).collect()
}
