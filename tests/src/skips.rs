//! Tests that prove nothing on this machine: each is said at once, and a run can list them at its end or forbid them.

use std::env::{VarError, var};
use std::fs::OpenOptions;
use std::io::{Write as _, stderr};

/// The variable that a run of the tests sets: `forbidden`, where everything is installed and a skip is a failure, or
/// the absolute path of a file that is given a line for each, to be printed when all the test programs have ended.
const SKIPS: &str = "GATEWAY_SKIPS";

/// Says loudly that a test proves nothing here, and why.
///
/// # Panics
/// When nothing may be skipped, or the list cannot be written.
pub fn skipped(what: &str) {
    // Not `eprintln`, which the harness keeps to itself where a test passes. If nobody listens, nobody is told.
    let _ = writeln!(stderr(), "SKIPPED {what}");
    match var(SKIPS) {
        Err(VarError::NotPresent) => {}
        Ok(setting) => record(&setting, what),
        Err(error @ VarError::NotUnicode(_)) => panic!("{SKIPS}: {error}"),
    }
}

fn record(setting: &str, what: &str) {
    assert_ne!(setting, "forbidden", "nothing may be skipped in this run: {what}");
    assert!(setting.starts_with('/'), "{SKIPS} is neither `forbidden` nor an absolute path: {setting}");
    let file = OpenOptions::new().create(true).append(true).open(setting);
    // One write a line: tests of several programs append at the same time.
    let written = file.and_then(|mut file| file.write_all(format!("{what}\n").as_bytes()));
    written.unwrap_or_else(|error| panic!("{SKIPS}={setting}: {error}"));
}

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    #[should_panic(expected = "nothing may be skipped in this run: a test")]
    fn a_skip_fails_where_it_is_forbidden() {
        record("forbidden", "a test");
    }

    #[test]
    #[should_panic(expected = "neither `forbidden` nor an absolute path: forbiden")]
    fn a_setting_that_is_misspelt_is_not_ignored() {
        record("forbiden", "a test");
    }

    #[test]
    fn skips_are_listed_a_line_each() {
        let folder = tempfile::tempdir().expect("a folder");
        let list = folder.path().join("skips");
        let setting = list.to_str().expect("a path");
        record(setting, "one");
        record(setting, "another");
        assert_eq!(std::fs::read_to_string(&list).expect("a list"), "one\nanother\n");
    }
}
