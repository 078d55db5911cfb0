//! A choice of a text completion: its text, and the pieces that add up to it.

use serde_json::{Map, Value, json};

use super::{Delta, Envelope, join};
use crate::provider::{
    answer::{Choice, Content},
    tokens::{self, Piece},
};

/// No other token is as likely as the one written, and each of them is as unlikely as the next.
const WRITTEN: f64 = -0.125;
const OTHER: f64 = -4.5;

/// The pieces of the text. Only chat has tools to call.
fn pieces(choice: &Choice) -> &[Piece] {
    match &choice.content {
        Content::Text(pieces) => pieces,
        Content::Calls(_) => &[],
    }
}

/// The members of a complete choice.
pub(super) fn whole(envelope: Envelope, choice: &Choice) -> Value {
    let mut body = json!({ "text": join(pieces(choice)) });
    if !choice.reasoning.is_empty() {
        body[envelope.vendor.reasoning_field()] = json!(join(&choice.reasoning));
    }
    body
}

/// `logprobs` of a complete choice.
pub(super) fn logprobs(choice: &Choice) -> Value {
    likelihoods(pieces(choice), 0, choice)
}

pub(super) fn deltas(envelope: Envelope, choice: &Choice) -> Vec<Delta> {
    let mut deltas = Vec::new();
    for piece in &choice.reasoning {
        let body = json!({"text": "", envelope.vendor.reasoning_field(): piece.text});
        deltas.push(Delta { reasoning: piece.tokens, ..Delta::new(body, piece.tokens) });
    }
    let mut offset = 0;
    for piece in pieces(choice) {
        let logprobs = likelihoods(std::slice::from_ref(piece), offset, choice);
        deltas.push(Delta { logprobs, ..Delta::new(json!({"text": piece.text}), piece.tokens) });
        offset += piece.text.chars().count();
    }
    deltas.push(Delta { finish: Some(choice.finish), content: false, ..Delta::new(json!({"text": ""}), 0) });
    deltas
}

/// How likely every token of some pieces was that begin `offset` characters into the text; null unless asked for.
fn likelihoods(pieces: &[Piece], mut offset: usize, choice: &Choice) -> Value {
    let Some(alternatives) = choice.logprobs else {
        return Value::Null;
    };
    let (mut texts, mut chosen, mut top, mut offsets) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for token in pieces.iter().flat_map(|piece| tokens::pieces(&piece.text)) {
        let others = (1..alternatives).map(|other| (format!("{}{other}", token.text), json!(OTHER)));
        let written = (token.text.clone(), json!(WRITTEN));
        top.push((alternatives > 0).then(|| others.chain([written]).collect::<Map<_, _>>()));
        // Nothing came before the first token of an echoed prompt, so that nothing can be said of it.
        let first = choice.echoes && offset == 0;
        chosen.push((!first).then_some(WRITTEN));
        offsets.push(offset);
        offset += token.text.chars().count();
        texts.push(token.text);
    }
    json!({"tokens": texts, "token_logprobs": chosen, "top_logprobs": top, "text_offset": offsets})
}
