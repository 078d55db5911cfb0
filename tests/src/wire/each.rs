//! Runs a test with every wire.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use super::{WIRES, Wire, formats, openai};

/// One wire of every format, or every wire with `WIRES=all`: for what a platform or a process does to a call, whoever serves it.
fn of_every_format() -> Vec<&'static Wire> {
    if std::env::var("WIRES").as_deref() == Ok("all") { WIRES.iter().collect() } else { formats().collect() }
}

/// Runs a test with a wire of every format, as [`each`] does; with every wire where the environment says `WIRES=all`. For tests of
/// what a platform or the end of a process does to a call, which starts a process for each wire.
///
/// # Panics
/// When the test does, and then says with which wire.
pub async fn each_format(test: impl AsyncFn(&'static Wire)) {
    futures_util::future::join_all(of_every_format().into_iter().map(|wire| with(wire, "", test(wire)))).await;
}

/// Runs a test with the wires of [`each_format`] for plain answers and for streams, as [`each_form`] does.
///
/// # Panics
/// When the test does, and then says with which wire, and of which kind.
pub async fn each_form_of_formats(test: impl AsyncFn(&'static Wire, bool)) {
    each_form_among(of_every_format(), test).await;
}

/// Runs a test with each of [`openai`]'s wires, as [`each`] does.
///
/// # Panics
/// When the test does, and then says with which wire.
pub async fn each_of_openai(test: impl AsyncFn(&'static Wire)) {
    futures_util::future::join_all(openai().map(|wire| with(wire, "", test(wire)))).await;
}

/// Runs a test with each of [`openai`]'s wires for plain answers and for streams, as [`each_form`] does.
///
/// # Panics
/// When the test does, and then says with which wire, and of which kind.
pub async fn each_form_of_openai(test: impl AsyncFn(&'static Wire, bool)) {
    each_form_among(openai(), test).await;
}

/// Each wire for a plain answer and for a stream.
pub fn forms() -> impl Iterator<Item = (&'static Wire, bool)> {
    WIRES.iter().flat_map(|wire| [(wire, false), (wire, true)])
}

/// Runs a test with each wire, all at the same time, so that what waits does so once.
///
/// # Panics
/// When the test does, and then says with which wire.
pub async fn each(test: impl AsyncFn(&'static Wire)) {
    futures_util::future::join_all(WIRES.iter().map(|wire| with(wire, "", test(wire)))).await;
}

/// Runs a test with each wire for plain answers and for streams, as [`each`] does.
///
/// # Panics
/// When the test does, and then says with which wire, and of which kind.
pub async fn each_form(test: impl AsyncFn(&'static Wire, bool)) {
    each_form_among(&WIRES, test).await;
}

async fn each_form_among(wires: impl IntoIterator<Item = &'static Wire>, test: impl AsyncFn(&'static Wire, bool)) {
    let test = &test;
    let forms = wires.into_iter().flat_map(|wire| [(wire, false), (wire, true)]);
    let runs = forms.map(|(wire, stream)| {
        with(wire, if stream { ", streamed" } else { ", plain" }, async move { test(wire, stream).await })
    });
    futures_util::future::join_all(runs).await;
}

async fn with(wire: &Wire, form: &str, test: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(test).catch_unwind().await {
        eprintln!("with the wire: {}{form}", wire.name);
        std::panic::resume_unwind(panic);
    }
}
