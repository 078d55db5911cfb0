//! Behaviours that differ in the usage they report.

use super::{Reply, Scene};
use crate::provider::{
    answer::{Plan, Usage},
    error::ApiError,
    wire::Reporting,
};

pub(super) fn none(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    Ok(scene.reply(&scene.compose(Plan::default())?, Reporting::Never))
}

pub(super) fn exact(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let mut answer = scene.compose(Plan::default())?;
    answer.usage = Usage {
        prompt: scene.value("prompt"),
        cached: scene.value("cached"),
        written: scene.value("written"),
        written_long: scene.value("written_long"),
        completion: scene.value("completion"),
        reasoning: scene.value("reasoning"),
        image: 0,
    };
    Ok(scene.reply(&answer, Reporting::AsAsked))
}

/// The prompt as the worst tokenizer would count it, and a completion that used the limit up in every choice. What a
/// gateway holds for a call has to cover this.
pub(super) fn bytes(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let mut answer = scene.compose(Plan::default())?;
    answer.usage.prompt = scene.request.prompt.bound(scene.value("image"), scene.value("tools"));
    if let Some(limit) = scene.request.limit {
        answer.usage.completion = limit.saturating_mul(scene.request.written());
        if scene.request.draws {
            answer.usage.image = answer.usage.completion;
        }
    }
    Ok(scene.reply(&answer, Reporting::AsAsked))
}

pub(super) fn every_chunk(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    Ok(scene.reply(&scene.compose(Plan::default())?, Reporting::EveryChunk))
}
