//! The files of `public/`, which Vercel serves before any function.

use std::io;
use std::path::Path;

use axum::Router;
use axum::routing::get;
use http::header;

/// A route for each file in `folder`, as it is when the platform starts.
///
/// # Errors
/// When the folder cannot be read, or a file in it has a kind that is not known here.
pub fn routes<S: Clone + Send + Sync + 'static>(folder: &Path) -> io::Result<Router<S>> {
    let mut router = Router::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let kind = match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => "image/svg+xml",
            Some("txt") => "text/plain; charset=utf-8",
            _ => return Err(io::Error::other(format!("{}: no content type is known for it", path.display()))),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let content = std::fs::read(&path)?;
        router =
            router.route(&format!("/{name}"), get(move || async move { ([(header::CONTENT_TYPE, kind)], content) }));
    }
    Ok(router)
}
