//! Deadlines of a test's own making: a call that is to be cut must have come so far by then.

/// How many seconds a call may take: few where the machine is quick, and more where it has other work.
const SECONDS: [&str; 4] = ["2", "6", "18", "50"];

/// Runs a test with the variables that give its calls a deadline, and what that is in seconds. Where the test finds
/// that its call had not begun by then, which it says by `None`, it runs again with a later one.
///
/// # Panics
/// When the test does, or no deadline is late enough.
pub async fn late_enough<T>(test: impl AsyncFn(&[(&str, &str)], u64) -> Option<T>) -> T {
    for seconds in SECONDS {
        // A client that is kept alive hears of a failure in a stream, and not by a status.
        let variables = [("CALL_MAX_SECONDS", seconds), ("KEEP_ALIVE_MS", "600000")];
        if let Some(done) = test(&variables, seconds.parse().expect("a number")).await {
            return done;
        }
    }
    panic!("no call had begun within {SECONDS:?} seconds");
}
