//! The imports within `shared/src` go one way: no two files import one another, however far around. A folder's own
//! file hands on what its files hold, so those may use each other; but no such circle leaves its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use local::platform::repository;

/// Files by their module's path, and what each imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

/// `call/task.rs` is `call::task`, `call/mod.rs` is `call`.
fn module(root: &Path, file: &Path) -> String {
    let path = file.strip_prefix(root).expect("a file of it").with_extension("").to_string_lossy().replace('/', "::");
    path.strip_suffix("::mod").unwrap_or(&path).to_owned()
}

/// The text without comments and without its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Every path that follows `root` (`crate::`, `super::`), its braces taken apart.
fn paths(code: &str, root: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(root) {
        // `pub(super)` and `::crate` name nothing; a longer word is another one.
        if code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        expand(&code[at + root.len()..], "", &mut found);
    }
    found
}

/// Reads `a::b`, `a::{b, c::{d}}` at the head of `text`; answers how long it is.
fn expand(text: &str, before: &str, found: &mut Vec<String>) -> usize {
    let word = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let path = format!("{before}{}", &text[..word]);
    if !text[word..].starts_with('{') {
        found.push(path);
        return word;
    }
    let mut at = word + 1;
    while let Some(next) = text[at..].chars().next() {
        match next {
            '}' => return at + 1,
            c if c.is_alphanumeric() || c == '_' => at += expand(&text[at..], &path, found),
            c => at += c.len_utf8(),
        }
    }
    at
}

/// Every path that a `use` at the head of a line reads from where it stands: what a folder's own file takes from its
/// files, or hands on.
fn relative_paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, word) in code.match_indices("use ") {
        let before = code[..at].rsplit('\n').next().unwrap_or_default();
        if before.is_empty() || before.starts_with("pub") {
            expand(&code[at + word.len()..], "", &mut found);
        }
    }
    found
}

/// The module that holds what `path` names, if it is one of these.
fn holder(modules: &BTreeSet<String>, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
    (1..=parts.len()).rev().map(|length| parts[..length].join("::")).find(|name| modules.contains(name))
}

/// What each file imports; with `handed_on`, also what it takes from the files below it.
fn imports(root: &Path, handed_on: bool) -> Imports {
    let mut all = Vec::new();
    files(root, &mut all);
    let modules: BTreeSet<String> = all.iter().map(|file| module(root, file)).collect();
    let mut imports = Imports::new();
    for file in &all {
        let (name, code) = (module(root, file), code(&fs::read_to_string(file).expect("a file")));
        let is_folder = file.file_name().is_some_and(|file| file == "mod.rs");
        let parent = if is_folder { &*name } else { name.rsplit_once("::").map_or("", |(parent, _)| parent) };
        let of_crate = paths(&code, "crate::");
        let of_parent = paths(&code, "super::").into_iter().map(|path| {
            // `super` of a folder's own file is the folder's parent.
            let base = if is_folder { parent.rsplit_once("::").map_or("", |(above, _)| above) } else { parent };
            format!("{base}::{path}")
        });
        let below = if handed_on { relative_paths(&code) } else { Vec::new() };
        let of_children = below.into_iter().map(|path| format!("{name}::{path}"));
        let all = of_crate.into_iter().chain(of_parent).chain(of_children);
        let held = all.filter_map(|path| holder(&modules, &path));
        imports.insert(name.clone(), held.filter(|held| *held != name).collect());
    }
    imports
}

/// Everything that a file imports, directly or by way of others.
fn reached<'a>(imports: &'a Imports, from: &'a str) -> BTreeSet<&'a str> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(name) = next.pop() {
        for import in imports.get(name).into_iter().flatten() {
            if seen.insert(import.as_str()) {
                next.push(import);
            }
        }
    }
    seen
}

/// The files that import themselves by way of others.
fn circles(imports: &Imports) -> Vec<&str> {
    imports.keys().map(String::as_str).filter(|name| reached(imports, name).contains(name)).collect()
}

/// The folder a module belongs to: its own where there are files below it other than its unit tests, else the one that it lies in.
fn folder<'a>(imports: &Imports, name: &'a str) -> &'a str {
    let (below, tests) = (format!("{name}::"), format!("{name}::tests"));
    if imports.keys().any(|other| other.starts_with(&below) && *other != tests) {
        return name;
    }
    name.rsplit_once("::").map_or("", |(parent, _)| parent)
}

/// Pairs of files of different folders that import one another, however far around.
fn circles_across_folders(imports: &Imports) -> Vec<(&str, &str)> {
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|name| (name.as_str(), reached(imports, name))).collect();
    let mut pairs = Vec::new();
    for (one, all) in &reach {
        for other in all.iter().filter(|other| *other > one) {
            let back = reach.get(other).is_some_and(|all| all.contains(one));
            if back && folder(imports, one) != folder(imports, other) {
                pairs.push((*one, *other));
            }
        }
    }
    pairs
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    let imports = imports(&repository().join("shared/src"), false);
    assert!(imports.get("call::task").is_some_and(|all| all.contains("call::admit")), "the imports are read");
    assert_eq!(circles(&imports), Vec::<&str>::new());
}

#[test]
fn no_circle_leaves_its_folder() {
    let imports = imports(&repository().join("shared/src"), true);
    assert!(imports.get("formats").is_some_and(|all| all.contains("formats::format")), "what is handed on is read");
    assert_eq!(circles_across_folders(&imports), Vec::<(&str, &str)>::new());
}

#[test]
fn a_circle_by_way_of_what_a_folder_hands_on_is_found() {
    let root = tempfile::tempdir().expect("a folder");
    for folder in ["a", "b"] {
        fs::create_dir(root.path().join(folder)).expect("a folder");
    }
    for (file, text) in [
        ("a/mod.rs", "mod inner;\nmod user;\npub use inner::{Thing, Other};\n"),
        ("a/inner.rs", "use crate::b::Sum;\n"),
        ("a/user.rs", "use super::Thing;\n"),
        ("b/mod.rs", "mod sum;\npub(crate) use sum::Sum;\n"),
        ("b/sum.rs", "use crate::a::Other;\n"),
    ] {
        fs::write(root.path().join(file), text).expect("a file");
    }
    let direct = imports(root.path(), false);
    assert_eq!(circles(&direct), Vec::<&str>::new(), "what is handed on is not seen");
    let found = imports(root.path(), true);
    assert_eq!(
        circles_across_folders(&found),
        [("a", "b"), ("a", "b::sum"), ("a::inner", "b"), ("a::inner", "b::sum")]
    );
}

#[test]
fn a_circle_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("b")).expect("a folder");
    for (file, text) in [
        ("a.rs", "use crate::{b::inner::Thing, c};\n"),
        ("b/mod.rs", "mod inner;\n"),
        ("b/inner.rs", "use super::super::c::Other; // use crate::d::X;\n"),
        ("c.rs", "fn f() { crate::a::go() }\n"),
        ("d.rs", "use crate::a::X;\n#[cfg(test)]\nmod tests { use crate::d::X; }\n"),
    ] {
        fs::write(folder.path().join(file), text).expect("a file");
    }
    let found = imports(folder.path(), false);
    assert_eq!(circles(&found), ["a", "c"]);
}
