//! Answers that begin well, and do not end so or not yet.

use http::StatusCode;

use super::{EVENT_STREAM, JSON, Reply, Respond, Scene, frame, steps};
use crate::provider::{
    answer::{Answer, Plan},
    error::ApiError,
    script::Step,
    wire::{Event, Reporting},
};

pub(super) fn cut(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    partial(scene, Step::Abort)
}

pub(super) fn stall(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    partial(scene, Step::Hang)
}

pub(super) fn gated(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let answer = scene.compose(Plan { tokens: Some(scene.value("tokens")), ..Plan::default() })?;
    Ok(Reply::Respond(if scene.request.stream {
        let events = scene.events(&answer, Reporting::AsAsked);
        let (before, after) = events.split_at(beginning(scene, &answer).len());
        let mut all = steps(before);
        all.push(Step::Gate);
        all.extend(steps(after));
        Respond::streamed(EVENT_STREAM, all)
    } else {
        let body = scene.plain(&answer, Reporting::AsAsked);
        let mut rest = body.clone();
        let half = rest.split_to(body.len() / 2);
        Respond {
            steps: vec![Step::Part(half), Step::Flush, Step::Gate, Step::Chunk(rest)],
            ..Respond::whole(StatusCode::OK, Scene::content_type(&answer), body)
        }
    }))
}

pub(super) fn end_early(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let answer = scene.compose(Plan::default())?;
    Ok(Reply::Respond(if scene.request.stream {
        Respond::streamed(EVENT_STREAM, steps(&beginning(scene, &answer)))
    } else {
        let body = scene.plain(&answer, Reporting::AsAsked);
        Respond::whole(StatusCode::OK, Scene::content_type(&answer), body.slice(..body.len() / 2))
    }))
}

pub(super) fn error(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let answer = scene.compose(Plan::default())?;
    let events = beginning(scene, &answer);
    Ok(error_after(scene, &answer, events, StatusCode::BAD_GATEWAY))
}

pub(super) fn error_first(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let answer = scene.compose(Plan::default())?;
    Ok(error_after(scene, &answer, Vec::new(), scene.code()))
}

/// The events, then a chunk with an error.
fn error_after(scene: &Scene<'_>, answer: &Answer, mut events: Vec<Event>, status: StatusCode) -> Reply {
    let error = ApiError::new(status, "the model stopped in the middle of its answer");
    let body = scene.envelope.error_body(&error);
    Reply::Respond(if scene.request.stream {
        events.push(scene.envelope.error_event(answer, body));
        Respond::streamed(EVENT_STREAM, steps(&events))
    } else {
        // OpenRouter has sent its status by then: the body of a 200 holds the error.
        Respond::whole(StatusCode::OK, JSON, body.to_string())
    })
}

/// Part of the answer, which the client receives, and then `end`.
fn partial(scene: &Scene<'_>, end: Step) -> Result<Reply, ApiError> {
    let answer = scene.compose(Plan::default())?;
    Ok(Reply::Respond(if scene.request.stream {
        let events = beginning(scene, &answer);
        let mut steps: Vec<_> = events.iter().flat_map(|event| [Step::Chunk(frame(event)), Step::Flush]).collect();
        steps.push(end);
        Respond::streamed(EVENT_STREAM, steps)
    } else {
        let body = scene.plain(&answer, Reporting::AsAsked);
        let half = body.slice(..body.len() / 2);
        let steps = vec![Step::Part(half), Step::Flush, end];
        Respond { steps, ..Respond::whole(StatusCode::OK, Scene::content_type(&answer), body) }
    }))
}

/// The events with `after` chunks of content, or with all of it if there is less, and never the end of the answer.
fn beginning(scene: &Scene<'_>, answer: &Answer) -> Vec<Event> {
    let mut events = scene.events(answer, Reporting::AsAsked);
    let after = usize::try_from(scene.value("after")).unwrap_or(usize::MAX);
    let content: Vec<_> = events.iter().enumerate().filter(|(_, event)| event.content).map(|(at, _)| at).collect();
    let end = content.get(after).copied().or_else(|| content.last().map(|last| last + 1));
    events.truncate(end.unwrap_or(1));
    events
}
