//! Deadlines of a test's own making: what is to be cut must have come so far by then, and what is not must have come at all.

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

/// After how many milliseconds a silent provider is given up.
const SILENCE: [&str; 3] = ["1000", "6000", "30000"];

/// Runs a test with the variables by which its gateway gives a silent provider up. Where the test finds that a provider was given
/// up that is not silent, which it says by `None`, it runs again with a gateway that waits longer.
///
/// # Panics
/// When the test does, or no gateway waits long enough.
pub async fn patient_enough<T>(test: impl AsyncFn(&[(&str, &str)]) -> Option<T>) -> T {
    for milliseconds in SILENCE {
        if let Some(done) = test(&[("PROVIDER_TIMEOUT_MS", milliseconds)]).await {
            return done;
        }
    }
    panic!("no provider had spoken within {SILENCE:?} ms");
}
