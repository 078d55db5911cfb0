//! `guides`: derives from the Markdown of `docs/guides` all that is served of it: a page for each guide, the list of them, and
//! the index that the pages are searched by. The functions so need no Markdown parser.
//!
//! - `index`: `README.md`, which says the guides' order. `page`: a guide in HTML. `search`: what its sections say.

mod index;
mod page;
mod search;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use local::platform::repository;

use index::Index;
use page::Page;

/// Where the guides stand.
const SOURCE: &str = "docs/guides";
/// Where the program takes them from.
const TARGET: &str = "shared/src/endpoints/docs/guides";
/// The name of the index among the files, and of its page.
const HOME: &str = "README";

/// What to do with the guides.
#[derive(clap::Args)]
pub struct Options {
    /// Writes the derived files in place of listing the guides.
    #[arg(long)]
    write: bool,
}

/// Prints or writes.
pub fn run(options: &Options) -> ExitCode {
    let root = repository();
    let done = derive(root).and_then(|files| if options.write { write(root, &files) } else { list(root) });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the guides cannot be derived: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list(root: &Path) -> io::Result<()> {
    for group in index(root)?.groups {
        println!("{}", group.title);
        group.guides.iter().for_each(|guide| println!("  {:20} {}", guide.name, guide.title));
    }
    Ok(())
}

/// Writes the files, and removes pages of guides that are gone.
fn write(root: &Path, files: &[(String, String)]) -> io::Result<()> {
    let pages = root.join(TARGET).join("derived");
    for entry in fs::read_dir(&pages)? {
        fs::remove_file(entry?.path())?;
    }
    files.iter().try_for_each(|(name, content)| fs::write(root.join(name), content))
}

fn index(root: &Path) -> io::Result<Index> {
    let text = fs::read_to_string(root.join(SOURCE).join("README.md"))?;
    Index::read(&text).map_err(io::Error::other)
}

/// Every derived file by its name, as it should be.
fn derive(root: &Path) -> io::Result<Vec<(String, String)>> {
    let index = index(root)?;
    let mut files = Vec::new();
    let mut sections = Vec::new();
    for name in std::iter::once(HOME).chain(index.names()) {
        let path = root.join(SOURCE).join(format!("{name}.md"));
        let text =
            fs::read_to_string(&path).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        let page = Page::of(&text, &index).map_err(|error| io::Error::other(format!("{name}.md: {error}")))?;
        files.push((format!("{TARGET}/derived/{name}.html"), page.whole(name, &index)));
        if name != HOME {
            sections.extend(search::sections(name, &page));
        }
    }
    files.push((format!("{TARGET}/derived/search.json"), search::written(&sections)));
    files.push((format!("{TARGET}/list.rs"), listed(&index)));
    Ok(files)
}

/// The list as the program has it.
fn listed(index: &Index) -> String {
    let names: String = index.names().map(|name| format!("    \"{name}\"\n")).collect();
    format!("//! The list of the guides. Derived by `cargo run -- guides --write`.\n\nguides! {{\n{names}}}\n")
}
