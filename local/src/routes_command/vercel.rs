//! vercel.json: how long each function may take, which paths lead to it, and when it is called by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use shared::endpoints::console;
use shared::route::INDEX;
use shared::routes::ROUTES;
use shared::serve::{LONGEST, OPENAI_MARK};

use super::source_path;

/// The file.
pub(super) fn json() -> String {
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
    push_list(&mut text, "crons", &crons, ",");
    push_list(&mut text, "headers", &console_headers(), "");
    text.push_str("}\n");
    text
}

/// What goes with the console's files, which the platform serves itself. Its page is a function's, `/console/` like `/console`:
/// whose policy names Privy where the deployment has it.
fn console_headers() -> Vec<String> {
    let headers = console::headers()
        .map(|(name, value)| object(["key", "value"], [name.as_str(), value.to_str().unwrap_or_default()]));
    let headers = headers.join(", ");
    let rule = |source: &str| format!("{{ \"source\": {}, \"headers\": [{headers}] }}", Value::from(source));
    vec![rule("/console/(.+)")]
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
    let mut parameters: Vec<String> = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_start_matches('*'))
        .map(|name| format!("{name}=:{name}"))
        .collect();
    // Both base URLs lead to the same file, whose path is that of one of them.
    let hides_its_base = path.starts_with("/v1/") && file.starts_with("v1/");
    parameters.extend(hides_its_base.then(|| OPENAI_MARK.to_owned()));
    let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
    (segments.join("/"), format!("/api/{file}{query}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{binary, root};
    use super::*;

    /// The largest number of entries that vercel.json's `functions` may have.
    const MOST_FUNCTION_ENTRIES: usize = 50;

    #[test]
    fn vercel_takes_the_configuration() {
        let parsed: Value = serde_json::from_str(&json()).expect("JSON");
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
            let entry = entry.expect("an entry");
            // The console, a folder, is part of the function.
            if entry.path().is_dir() {
                continue;
            }
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            assert!(pattern.contains(&name), "{name} is not served: {pattern}");
        }
    }

    #[test]
    fn parameters_go_into_the_query() {
        let (source, destination) = rewrite("/models/{provider}/{*model}", "models/[provider]/[model]");
        assert_eq!(source, "/models/:provider/:model(.+)");
        assert_eq!(destination, "/api/models/[provider]/[model]?provider=:provider&model=:model");
        assert_eq!(rewrite("/ping", "ping"), ("/ping".to_owned(), "/api/ping".to_owned()));
        let marked = "/api/v1/models/[id]?id=:id&dialect=openai";
        assert_eq!(rewrite("/v1/models/{*id}", "v1/models/[id]"), ("/v1/models/:id(.+)".to_owned(), marked.to_owned()));
        assert_eq!(rewrite("/api/v1/models/{*id}", "v1/models/[id]").1, "/api/v1/models/[id]?id=:id");
    }
}
