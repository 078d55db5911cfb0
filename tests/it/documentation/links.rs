//! What a document of the repository leads to is there.

use std::path::{Path, PathBuf};

use super::operations::files;

/// The documents: those at the top and all below `docs` and `public`.
fn documents(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).expect("a folder").map(|entry| entry.expect("an entry").path());
    let at_the_top = entries.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    at_the_top.chain(["docs", "public"].iter().flat_map(|folder| files(&root.join(folder), "md"))).collect()
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut checked = 0;
    for document in documents(&root) {
        let text = std::fs::read_to_string(&document).expect("a document");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        for target in targets {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.starts_with('/') || file.contains(':') {
                continue;
            }
            let path = document.parent().expect("a folder").join(file);
            assert!(path.exists(), "{} leads to {target}", document.display());
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}
