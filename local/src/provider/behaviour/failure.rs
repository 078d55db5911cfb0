//! Failures before or instead of a completion.

use http::StatusCode;

use super::{EVENT_STREAM, HTML, JSON, Reply, Respond, Scene, steps};
use crate::provider::{
    RAW_MARKER,
    answer::Plan,
    error::ApiError,
    format::Format,
    wire::{Event, Reporting},
};

pub(super) fn status(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let status = scene.code();
    let error = ApiError::new(status, format!("the upstream failed with status {}", status.as_u16()));
    let body = scene.envelope.error_body(&error).to_string();
    let retry_after = Some(scene.value("retry_after")).filter(|seconds| *seconds > 0);
    Ok(Reply::Respond(Respond { retry_after, ..Respond::whole(status, JSON, body) }))
}

pub(super) fn hang(_: &Scene<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::Hang)
}

pub(super) fn refuse(_: &Scene<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::Refuse)
}

pub(super) fn html(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    let status = scene.code();
    let page = format!("<!doctype html><html><head><title>{status}</title></head><body>{RAW_MARKER}</body></html>");
    Ok(Reply::Respond(Respond::whole(status, HTML, page)))
}

pub(super) fn garbage(scene: &Scene<'_>) -> Result<Reply, ApiError> {
    if !scene.request.stream {
        return Ok(Reply::Respond(Respond::whole(StatusCode::OK, JSON, format!("{{\"id\": {RAW_MARKER}, \"choi"))));
    }
    let mut events = scene.events(&scene.compose(Plan::default())?, Reporting::AsAsked);
    let data = format!("{{\"choices\": [{{\"delta\": {RAW_MARKER}");
    let name = match scene.envelope.format {
        Format::Messages => Some("content_block_delta".to_owned()),
        Format::Responses => Some("response.output_text.delta".to_owned()),
        Format::Images | Format::OwnImages => Some("image_generation.partial_image".to_owned()),
        Format::Edits => Some("image_edit.partial_image".to_owned()),
        _ => None,
    };
    events.insert(events.len() / 2, Event { name, data, content: false });
    Ok(Reply::Respond(Respond::streamed(EVENT_STREAM, steps(&events))))
}
