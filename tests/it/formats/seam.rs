//! The call task owns money and time, a format owns the bytes: the task's code names no format.

use std::path::Path;

use shared::formats::Format;

/// What formats are called besides their names in the code, and what only formats know.
const WORDS: [&str; 5] = ["chat", "messages", "completion", "responses", "embedding"];

#[test]
fn the_call_task_names_no_format() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/src/call");
    let names = Format::ALL.iter().map(|format| format!("{format:?}").to_lowercase());
    let words: Vec<String> = names.chain(WORDS.map(str::to_owned)).collect();
    let mut read = 0;
    for entry in std::fs::read_dir(&folder).expect("the call task's folder") {
        let path = entry.expect("an entry").path();
        assert!(path.is_file(), "{} is a folder: read it too", path.display());
        let text = std::fs::read_to_string(&path).expect("a source file");
        for (line, text) in (1..).zip(text.lines()) {
            let named = words.iter().find(|word| text.to_lowercase().contains(*word));
            assert_eq!(named, None, "{}:{line}: {text}", path.display());
        }
        read += 1;
    }
    assert!(read > 5, "only {read} files in {}", folder.display());
}
