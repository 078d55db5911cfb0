//! `routes`: prints the route table, or derives from it all that has to agree with it: the files of `api/`, the
//! binaries in the root Cargo.toml, vercel.json and the OpenAPI document.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use serde_json::Value;
use shared::openapi;
use shared::route::{INDEX, Route};
use shared::routes::ROUTES;
use shared::serve::LONGEST;

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
        ("vercel.json".into(), vercel_json()),
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

fn vercel_json() -> String {
    let mut text = String::from("{\n  \"$schema\": \"https://openapi.vercel.sh/vercel.json\",\n  \"functions\": {\n");
    // The first entry that matches a file counts, so the rule comes after its exceptions.
    let rule = most_common_max();
    let exceptions = ROUTES.iter().filter(|route| route.max_duration.as_secs() != rule);
    for route in exceptions {
        push_function(&mut text, &source_path(&route.file()), route.max_duration.as_secs(), ",");
    }
    push_function(&mut text, &source_path(INDEX), LONGEST.as_secs(), ",");
    push_function(&mut text, "api/**/*.rs", rule, "");
    text.push_str("  },\n");
    // All else goes to the function that has the whole table: it knows spellings of a path that no pattern here does,
    // and answers the rest as the API answers, not as the platform.
    let all_else = object(["source", "destination"], ["/(.*)", &format!("/api/{INDEX}")]);
    push_list(&mut text, "rewrites", &[rewrites(), vec![all_else]].concat(), ",");
    let crons: Vec<String> =
        ROUTES.iter().filter_map(|route| Some(object(["path", "schedule"], [route.paths[0], route.cron?]))).collect();
    push_list(&mut text, "crons", &crons, "");
    text.push_str("}\n");
    text
}

fn push_function(text: &mut String, pattern: &str, seconds: u64, end: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "    {}: {{ \"maxDuration\": {seconds} }}{end}", Value::from(pattern));
}

fn push_list(text: &mut String, name: &str, entries: &[String], end: &str) {
    let lines: Vec<String> = entries.iter().map(|entry| format!("    {entry}")).collect();
    let body = if lines.is_empty() { String::new() } else { format!("\n{}\n  ", lines.join(",\n")) };
    let _ = writeln!(text, "  \"{name}\": [{body}]{end}");
}

/// An object on one line, its names in the order that people read them in.
fn object(names: [&str; 2], values: [&str; 2]) -> String {
    let member = |at: usize| format!("{}: {}", Value::from(names[at]), Value::from(values[at]));
    format!("{{ {}, {} }}", member(0), member(1))
}

fn most_common_max() -> u64 {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for route in ROUTES {
        *counts.entry(route.max_duration.as_secs()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(LONGEST.as_secs(), |(max, _)| max)
}

/// From each public path to its function, parameters in the query; fixed paths before patterns that also match them.
fn rewrites() -> Vec<String> {
    let mut paths: Vec<(&str, String)> =
        ROUTES.iter().flat_map(|route| route.paths.iter().map(|path| (*path, route.file()))).collect();
    paths.retain(|(path, _)| !path.starts_with("/api/"));
    paths.sort_by_key(|(path, _)| (path.contains("{*"), path.matches('{').count()));
    let rewrites = paths.into_iter().flat_map(|(path, file)| {
        // Under /api a file's own path works without a rewrite; one with parameters would come after the rule for all
        // else, and its last parameter takes no slashes there.
        let below_api = path.contains('{').then(|| rewrite(&format!("/api{path}"), &file));
        std::iter::once(rewrite(path, &file)).chain(below_api)
    });
    rewrites.map(|(source, destination)| object(["source", "destination"], [&source, &destination])).collect()
}

/// The source, in path-to-regexp's language, and the destination.
fn rewrite(path: &str, file: &str) -> (String, String) {
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| match segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            Some(inner) => inner.strip_prefix('*').map_or(format!(":{inner}"), |rest| format!(":{rest}(.+)")),
            None => segment.to_owned(),
        })
        .collect();
    let parameters: Vec<String> = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_start_matches('*'))
        .map(|name| format!("{name}=:{name}"))
        .collect();
    let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
    (segments.join("/"), format!("/api/{file}{query}"))
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

    /// The largest number of entries that vercel.json's `functions` may have.
    const MOST_FUNCTION_ENTRIES: usize = 50;

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

    #[test]
    fn vercel_takes_the_configuration() {
        let parsed: Value = serde_json::from_str(&vercel_json()).expect("JSON");
        assert!(parsed["functions"].as_object().expect("an object").len() <= MOST_FUNCTION_ENTRIES);
        let mut names: Vec<String> = ROUTES.iter().map(|route| binary(&route.file())).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "two functions have one binary's name");
    }

    #[test]
    fn the_single_layout_has_every_cron_job_once_a_day_and_every_static_file() {
        let single = fs::read_to_string(root().join("vercel.single.json")).expect("the single layout");
        let single: Value = serde_json::from_str(&single).expect("JSON");
        let crons = single["crons"].as_array().expect("a list");
        let paths: Vec<&str> = crons.iter().filter_map(|cron| cron["path"].as_str()).collect();
        let wanted: Vec<&str> =
            ROUTES.iter().filter(|route| route.cron.is_some()).map(|route| route.paths[0]).collect();
        assert_eq!(paths, wanted, "the jobs of vercel.single.json and of the table");
        for cron in crons {
            let schedule = cron["schedule"].as_str().expect("a schedule");
            let daily = schedule.split(' ').enumerate().all(|(at, field)| (field == "*") == (at >= 2));
            assert!(daily, "the Hobby plan runs jobs once a day: {schedule}");
        }
        let function = &single["builds"][0];
        let source = function["src"].as_str().expect("a path");
        let seconds = &function["config"]["functions"][source]["maxDuration"];
        assert_eq!(seconds, &Value::from(LONGEST.as_secs()), "calls end before the platform ends them");
        let pattern = single["routes"][0]["src"].as_str().expect("a pattern").replace('\\', "");
        for entry in fs::read_dir(root().join("public")).expect("the static files") {
            let name = entry.expect("an entry").file_name().into_string().expect("a name in UTF-8");
            assert!(pattern.contains(&name), "{name} is not served: {pattern}");
        }
    }

    #[test]
    fn parameters_go_into_the_query() {
        let (source, destination) = rewrite("/models/{provider}/{*model}", "models/[provider]/[model]");
        assert_eq!(source, "/models/:provider/:model(.+)");
        assert_eq!(destination, "/api/models/[provider]/[model]?provider=:provider&model=:model");
        assert_eq!(rewrite("/ping", "ping"), ("/ping".to_owned(), "/api/ping".to_owned()));
    }
}
