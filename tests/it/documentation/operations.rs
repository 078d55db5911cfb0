//! What docs/operations.md says of the log is what the log says.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file with this ending below a folder.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path, ending),
            false if path.extension().is_some_and(|extension| extension == ending) => vec![path],
            false => vec![],
        })
        .collect()
}

/// The messages of the ERROR lines in a source: the last argument of each `tracing::error!`.
fn error_lines(source: &str) -> Vec<String> {
    source
        .split("tracing::error!(")
        .skip(1)
        .filter_map(|rest| {
            // The first text that nothing but the closing bracket follows.
            let mut pieces = rest.split('"');
            let mut message = None;
            while let (Some(_code), Some(text)) = (pieces.next(), pieces.next()) {
                message = Some(text);
                if pieces
                    .clone()
                    .next()
                    .is_some_and(|after| after.trim_start_matches([',', ' ', '\n']).starts_with(')'))
                {
                    break;
                }
            }
            message.map(str::to_owned)
        })
        // One that is all a value's own words has no message of its own.
        .filter(|message| !message.starts_with('{'))
        // What a value says of itself comes after the message.
        .map(|message| message.split(": {").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn every_error_line_of_the_gateway_is_explained_to_its_operator() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manual = fs::read_to_string(root.join("docs/operations.md")).expect("the manual");
    let lines: Vec<String> = files(&root.join("shared/src"), "rs")
        .iter()
        .flat_map(|path| error_lines(&fs::read_to_string(path).expect("a source")))
        .collect();
    assert!(lines.len() > 20, "the sources are not read as they should be: {lines:?}");
    let unexplained: Vec<&String> = lines.iter().filter(|line| !manual.contains(&format!("`{line}`"))).collect();
    assert!(unexplained.is_empty(), "docs/operations.md says nothing of {unexplained:#?}");
    let explained = manual.lines().filter(|line| line.starts_with("| `")).flat_map(|line| {
        let cell = line.trim_start_matches("| ").split(" | ").next().unwrap_or_default().to_owned();
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    });
    let gone: Vec<String> = explained
        .filter(|said| said.contains(' ') || said == "panicked")
        .filter(|said| !lines.contains(said))
        .collect();
    assert!(gone.is_empty(), "docs/operations.md explains lines that the gateway does not write: {gone:#?}");
}
