//! Behaviours of a healthy provider: length, pace, reasoning.

use std::time::Duration;

use super::{EVENT_STREAM, Reply, Respond, Scene, frame};
use crate::provider::{answer::Plan, error::ApiError, script::Step, wire::Reporting};

/// Beyond the chunks asked for, so that the tokens of any opening can be spread over them.
const SLOW_MARGIN: u64 = 80;

pub(super) fn normal(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    Ok(scene.reply(&scene.compose(Plan::default())?, Reporting::AsAsked))
}

pub(super) fn as_told(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    Ok(scene.reply(&scene.compose(Plan { as_told: true, ..Plan::default() })?, Reporting::AsAsked))
}

pub(super) fn long(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let plan = Plan { tokens: Some(scene.value("tokens")), ..Plan::default() };
    Ok(scene.reply(&scene.compose(plan)?, Reporting::AsAsked))
}

pub(super) fn slow(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let (pause, chunks) = (Duration::from_millis(scene.value("ms")), scene.value("chunks"));
    let tokens = Some(chunks.saturating_add(SLOW_MARGIN));
    let answer = scene.compose(Plan { tokens, chunks: Some(chunks), ..Plan::default() })?;
    if !scene.request.stream {
        return Ok(delayed(
            scene.reply(&answer, Reporting::AsAsked),
            pause.saturating_mul(chunks.try_into().unwrap_or(u32::MAX)),
        ));
    }
    let mut steps = Vec::new();
    for event in scene.events(&answer, Reporting::AsAsked) {
        steps.push(if event.content { Step::Pause(pause) } else { Step::Flush });
        steps.push(Step::Chunk(frame(&event)));
    }
    Ok(Reply::Respond(Respond::streamed(EVENT_STREAM, steps)))
}

pub(super) fn delay(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    Ok(delayed(normal(scene)?, Duration::from_millis(scene.value("ms"))))
}

pub(super) fn reasoning(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let plan = Plan { reasoning: scene.value("tokens"), ..Plan::default() };
    Ok(scene.reply(&scene.compose(plan)?, Reporting::AsAsked))
}

pub(super) fn wrong_model(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let mut answer = scene.compose(Plan::default())?;
    answer.model = "standin-some-other-model".to_owned();
    Ok(scene.reply(&answer, Reporting::AsAsked))
}

fn delayed(reply: Reply, delay: Duration) -> Reply {
    match reply {
        Reply::Respond(respond) => Reply::Respond(Respond { delay, ..respond }),
        other => other,
    }
}
