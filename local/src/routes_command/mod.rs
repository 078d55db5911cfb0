//! `routes`: prints the route table, or derives from it all that has to agree with it: the files of `api/`, the
//! binaries in the root Cargo.toml, vercel.json and the OpenAPI document.

mod vercel;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use shared::openapi;
use shared::route::{INDEX, Route};
use shared::routes::ROUTES;

/// Where the derived part of the root Cargo.toml begins and ends.
const MARKS: [&str; 2] =
    ["# Derived from shared/src/routes.rs by `cargo run -- routes --write`:", "# End of the derived part."];

/// The document that `GET /openapi.json` serves.
const OPENAPI: &str = "shared/src/endpoints/docs/openapi.json";

/// What to do with the table.
#[derive(clap::Args)]
pub struct Options {
    /// Writes the derived files in place of printing the table.
    #[arg(long)]
    write: bool,
}

/// Prints or writes.
pub fn run(options: &Options) -> ExitCode {
    if !options.write {
        print!("{}", table());
        return ExitCode::SUCCESS;
    }
    match write(&root()) {
        Ok(changed) => {
            println!("{changed} files changed");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot write the derived files: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The repository: this command is for the tree that it was built from.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn table() -> String {
    let mut lines = String::new();
    for route in ROUTES {
        for operation in route.operations {
            let path = route.paths.join(" | ");
            let auth = format!("{:?} {}", operation.auth, operation.scope.unwrap_or_default()).to_lowercase();
            let seconds = route.max_duration.as_secs();
            let line = format!("{:<6} {path:<36} {auth:<22} {seconds:>4} s  {}", operation.method, route.summary);
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
    }
    lines
}

/// Brings the tree in line with the table; answers how many files had to change.
fn write(root: &Path) -> io::Result<usize> {
    let wanted = derive(root)?;
    let mut changed = 0;
    for stale in functions_in(root)?.iter().filter(|path| !wanted.contains_key(*path)) {
        fs::remove_file(root.join(stale))?;
        changed += 1;
    }
    for (path, content) in wanted {
        let path = root.join(path);
        if fs::read_to_string(&path).ok().as_ref() != Some(&content) {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, content)?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// Every derived file by its path in the repository.
fn derive(root: &Path) -> io::Result<BTreeMap<PathBuf, String>> {
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let manifest = with_binaries(&manifest).ok_or_else(|| io::Error::other("Cargo.toml has lost its two marks"))?;
    let openapi = openapi::document().map_err(io::Error::other)?;
    let mut files = BTreeMap::from([
        ("Cargo.toml".into(), manifest),
        ("vercel.json".into(), vercel::json()),
        (OPENAPI.into(), format!("{openapi:#}\n")),
    ]);
    for route in ROUTES {
        let operations: Vec<String> =
            route.operations.iter().map(|operation| format!("{} {}", operation.method, route.paths[0])).collect();
        let file = route.file();
        let doc = format!("`{}`: {}", operations.join("`, `"), route.summary);
        files.insert(source_path(&file).into(), function(&doc, &file, route.name));
    }
    let doc = "The whole table, for the single-function layout on Vercel and for Lambda.";
    files.insert(source_path(INDEX).into(), function(doc, INDEX, "all"));
    Ok(files)
}

fn source_path(file: &str) -> String {
    format!("api/{file}.rs")
}

fn function(doc: &str, file: &str, name: &str) -> String {
    format!(
        "//! {doc}\n\nfn main() -> std::process::ExitCode {{\n    \
         shared::function::run({file:?}, shared::routes::{name})\n}}\n"
    )
}

/// The name of a function's binary: `models/[provider]/[model]` → `models-provider-model`.
fn binary(file: &str) -> String {
    file.replace(['/', '.'], "-").replace(['[', ']'], "")
}

/// The manifest with one `[[bin]]` a function between the marks. They hold no tests.
fn with_binaries(manifest: &str) -> Option<String> {
    let (before, rest) = manifest.split_once(MARKS[0])?;
    let (_, after) = rest.split_once(MARKS[1])?;
    let mut binaries = String::new();
    for file in ROUTES.iter().map(Route::file).chain([INDEX.to_owned()]) {
        let (name, path) = (binary(&file), source_path(&file));
        binaries.push_str(&format!("\n[[bin]]\nname = \"{name}\"\npath = \"{path}\"\ntest = false\nbench = false\n"));
    }
    Some(format!("{before}{}\n{binaries}\n{}{after}", MARKS[0], MARKS[1]))
}

/// The functions that are there, by their path in the repository.
fn functions_in(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = vec![root.join("api")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.extend(path.strip_prefix(root).map(Path::to_path_buf));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_checked_in_agrees_with_the_table() {
        let root = root();
        let wanted = derive(&root).expect("the tree can be read");
        let advice = "run `cargo run -- routes --write`";
        for (path, content) in &wanted {
            let there = fs::read_to_string(root.join(path)).unwrap_or_default();
            assert!(there == *content, "{} is stale: {advice}", path.display());
        }
        for path in functions_in(&root).expect("api can be read") {
            assert!(wanted.contains_key(&path), "{} is not in the table: {advice}", path.display());
        }
    }
}
