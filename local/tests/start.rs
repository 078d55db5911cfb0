//! What whoever types `cargo run` relies on: nobody's data are lost by a start, and a database that dies is heard of.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A gateway that has said that it is ready. It is killed at the end; its database stops by itself.
struct Running {
    process: Child,
    ready: Value,
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error is one that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    // Not in the repository, whose .env may name real services.
    command.current_dir(dir).arg("--dir").arg(dir.join("data")).args(arguments).stdin(Stdio::null());
    for name in [
        "OPENROUTER_API_KEY",
        "PORTKEY_API_KEY",
        "FEATHERLESS_API_KEY",
        "CHUTES_API_KEY",
        "DATABASE_URL",
        "FRONTEND_URL",
        "PORT",
    ] {
        command.env_remove(name);
    }
    command
}

fn start(dir: &Path) -> Running {
    started(command(dir, &["--port", "0"]))
}

fn started(mut command: Command) -> Running {
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the gateway starts");
    let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
    let ready = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
    match ready {
        Some(ready) => Running { process, ready: serde_json::from_str(&ready).expect("JSON") },
        None => {
            let mut said = String::new();
            let mut errors = process.stderr.take().expect("its errors");
            errors.read_to_string(&mut said).expect("text");
            panic!("the gateway did not start: {said}");
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder that the user of an installed Postgres may enter.
fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("its owner's");
    folder
}

#[test]
fn a_fresh_start_takes_nothing_from_a_running_gateway() {
    let folder = folder();
    let running = start(folder.path());
    let seed = || std::fs::read(folder.path().join("data/seed")).expect("the seed");
    let before = seed();
    let port = running.ready["base_url"].as_str().and_then(|url| url.rsplit(':').next()).expect("a port").to_owned();
    // On its port, and on any other port but its directory.
    for (port, told) in [(port.as_str(), "port"), ("0", "running gateway")] {
        let output = command(folder.path(), &["--fresh", "--port", port]).output().expect("an end");
        assert!(!output.status.success());
        assert!(said(&output).contains(told) && said(&output).lines().count() == 1, "{}", said(&output));
        assert_eq!(seed(), before);
    }
    drop(running);
    let again = start(folder.path());
    assert_eq!(seed(), before, "its keys outlive it");
    drop(again);
}

/// What is answered to a GET by this key.
fn get(running: &Running, path: &str) -> Value {
    use std::io::Write as _;
    let text = |name: &str| running.ready[name].as_str().expect("a text").to_owned();
    let mut stream = TcpStream::connect(text("base_url").trim_start_matches("http://")).expect("a connection");
    let request = format!("GET {path} HTTP/1.0\r\nauthorization: Bearer {}\r\n\r\n", text("api_key"));
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[test]
fn the_port_is_that_of_the_environment_and_links_name_it() {
    let folder = folder();
    let mut command = command(folder.path(), &[]);
    command.env("PORT", "0");
    let running = started(command);
    let base_url = running.ready["base_url"].as_str().expect("an address").to_owned();
    assert!(!base_url.ends_with(":8000"), "{base_url}");
    let code = get(&running, "/referral/code");
    let link = code["link"].as_str().unwrap_or_else(|| panic!("{code}"));
    assert!(link.starts_with(&format!("{base_url}/?ref=")), "{link}");
}

#[test]
fn a_postgres_that_dies_ends_the_gateway_which_says_why() {
    let folder = folder();
    let mut running = start(folder.path());
    let lock = folder.path().join("data/database/postgres/data/postmaster.pid");
    let Ok(lock) = std::fs::read_to_string(&lock) else {
        eprintln!("SKIPPED: there is no installed Postgres whose death could be heard of");
        return;
    };
    let server = lock.lines().next().expect("a process id");
    assert!(Command::new("kill").args(["-9", server]).status().expect("kill").success());
    let status = running.process.wait().expect("an end");
    assert!(!status.success(), "{status}");
    let mut told = String::new();
    running.process.stderr.take().expect("its errors").read_to_string(&mut told).expect("text");
    let line = told.lines().last().unwrap_or_default();
    assert!(line.contains("Postgres has ended by itself") && line.contains("start it again"), "{told}");
    // The data are there for the next start.
    let key = running.ready["api_key"].clone();
    drop(running);
    assert_eq!(start(folder.path()).ready["api_key"], key);
}
