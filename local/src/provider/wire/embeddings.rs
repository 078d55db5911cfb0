//! Embeddings: a vector for each input, made of its text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Envelope, Reporting};
use crate::provider::answer::{Answer, Given};

pub(super) fn plain(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Value {
    let Given::Vectors { texts, dimensions, base64 } = &answer.given else { return Value::Null };
    let data: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = vector(text, *dimensions);
            let embedding = if *base64 {
                let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
                json!(STANDARD.encode(bytes))
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let mut body = json!({"object": envelope.format.object(), "data": data, "model": answer.model});
    if reporting != Reporting::Never {
        let tokens = answer.usage.prompt;
        body["usage"] = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    }
    body
}

/// Numbers that are the same for the same text, each exact in a float of 32 bits.
fn vector(text: &str, dimensions: u64) -> Vec<f32> {
    let mut state = text.bytes().fold(1_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    (0..dimensions)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 20).unwrap_or_default()) / 4096.0 - 0.5
        })
        .collect()
}
