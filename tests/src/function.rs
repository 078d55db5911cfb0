//! A compiled function as a process: its environment is only what the test gives, its output is kept.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::certain;

/// Environment variables of a function.
pub type Variables<'a> = &'a [(&'a str, &'a str)];

/// A running function; killed when dropped.
pub struct Function {
    child: Child,
    output: watch::Receiver<Vec<String>>,
}

impl Function {
    /// Starts `program` with exactly these variables.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn start(program: &Path, variables: Variables<'_>) -> Self {
        let mut child = Command::new(program)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
        let (sender, output) = watch::channel(Vec::new());
        collect(child.stdout.take().expect("stdout is piped"), sender.clone());
        collect(child.stderr.take().expect("stderr is piped"), sender);
        Self { child, output }
    }

    /// All lines it has written so far, to stdout and stderr.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        self.output.borrow().clone()
    }

    /// The first line it writes, or has written, that `wanted` holds for; none if it ends without.
    pub async fn line(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let mut output = self.output.clone();
        let found = certain("a line of output", output.wait_for(|lines| lines.iter().any(|line| wanted(line)))).await;
        found.ok().and_then(|lines| lines.iter().find(|line| wanted(line)).cloned())
    }

    /// Asks it to stop, as platforms do.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub async fn terminate(&self) {
        let id = self.child.id().expect("the function is running").to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill can be run");
        assert!(status.success(), "kill -TERM {id}: {status}");
    }

    /// Kills it without warning, as a platform does at its limit.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the function can be killed");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn ended(&mut self) -> ExitStatus {
        certain("the function's end", self.child.wait()).await.expect("the function can be waited for")
    }
}

fn collect(stream: impl AsyncRead + Unpin + Send + 'static, lines: watch::Sender<Vec<String>>) {
    tokio::spawn(async move {
        let mut reader = BufReader::new(stream).lines();
        while let Ok(Some(line)) = reader.next_line().await {
            lines.send_modify(|lines| lines.push(line));
        }
    });
}
