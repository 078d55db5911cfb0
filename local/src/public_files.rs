//! The files of `public/`, which Vercel serves before any function.

use std::io;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use shared::endpoints::console;

/// The folder of the console.
const CONSOLE: &str = "console";

/// A route for each file in `folder`, as it is when the platform starts; the console's as they are when they are asked for, so
/// that whoever works on it sees a change at the next reload.
///
/// # Errors
/// When the folder cannot be read, or a file in it has a kind that is not known here.
pub fn routes<S: Clone + Send + Sync + 'static>(folder: &Path) -> io::Result<Router<S>> {
    let mut router = Router::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            continue;
        }
        let kind = match path.extension().and_then(|extension| extension.to_str()) {
            Some("txt") => "text/plain; charset=utf-8",
            _ => return Err(io::Error::other(format!("{}: no content type is known for it", path.display()))),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let content = std::fs::read(&path)?;
        router =
            router.route(&format!("/{name}"), get(move || async move { ([(header::CONTENT_TYPE, kind)], content) }));
    }
    let console = folder.join(CONSOLE);
    let mut files = Vec::new();
    below(&console, &mut files)?;
    for path in files {
        let Some(name) = path.strip_prefix(&console).ok().and_then(Path::to_str).map(str::to_owned) else { continue };
        let route = format!("/{CONSOLE}/{name}");
        router = router.route(&route, get(move |asked: HeaderMap| async move { console_file(&path, &name, &asked) }));
    }
    Ok(router)
}

/// Every file below `folder`, at any depth.
fn below(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { below(&path, found)? } else { found.push(path) }
    }
    Ok(())
}

fn console_file(path: &Path, name: &str, asked: &HeaderMap) -> Response {
    let content = std::fs::read(path).ok().map(Bytes::from);
    match content.and_then(|content| console::sent(name, content)) {
        Some(file) => file.answer(asked, &console::headers()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
