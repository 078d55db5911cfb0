//! Runs a test with every wire, all at the same time, so that what waits does so once. The rows share a deployment's
//! database, and each has a model of its own there: its worlds ([`World::of`](crate::world::World::of)) see nothing of the others.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use shared::formats::Format;

use super::{ALL, WIRES, Wire, formats, openai};
use crate::world::Deployment;

/// The wires for a plain answer and for a stream, each with a model of its own.
static ROWS: [[Wire; 2]; ALL.len()] = {
    let mut rows = [[ALL[0]; 2]; ALL.len()];
    let mut i = 0;
    while i < ALL.len() {
        rows[i] = [Wire { model: MODELS[i][0], ..ALL[i] }, Wire { model: MODELS[i][1], ..ALL[i] }];
        i += 1;
    }
    rows
};

const MODELS: [[&str; 2]; ALL.len()] = [
    ["test/row-0", "test/row-0-streamed"],
    ["test/row-1", "test/row-1-streamed"],
    ["test/row-2", "test/row-2-streamed"],
    ["test/row-3", "test/row-3-streamed"],
    ["test/row-4", "test/row-4-streamed"],
    ["test/row-5", "test/row-5-streamed"],
    ["test/row-6", "test/row-6-streamed"],
    ["test/row-7", "test/row-7-streamed"],
    ["test/row-8", "test/row-8-streamed"],
    ["test/row-9", "test/row-9-streamed"],
];

/// One wire of every format, or every wire with `WIRES=all`: for what a platform or a process does to a call, whoever serves it.
fn of_every_format() -> Vec<&'static Wire> {
    if std::env::var("WIRES").as_deref() == Ok("all") { WIRES.iter().collect() } else { formats().collect() }
}

/// Runs a test with a wire of every format, as [`each`] does; with every wire where the environment says `WIRES=all`. For tests of
/// what a platform or the end of a process does to a call, which starts a process for each wire.
///
/// # Panics
/// When the test does, and then says with which wires.
pub async fn each_format(test: impl AsyncFn(&'static Wire, &Deployment)) {
    run(plain(of_every_format()), async |wire, _, deployment| test(wire, deployment).await).await;
}

/// Every format where its provider speaks it, and every format that is translated to chat; every wire with `WIRES=all`.
fn translated_or_not() -> Vec<&'static Wire> {
    let all = std::env::var("WIRES").as_deref() == Ok("all");
    WIRES.iter().filter(|wire| all || wire.upstream() == wire.format || wire.upstream() == Format::Chat).collect()
}

/// Runs a test with every format, by itself and translated to chat, as [`each`] does; with every wire where the environment says
/// `WIRES=all`. For one test of each way in which a platform or the end of a process ends a call: a translation holds back and ends
/// streams in its own way.
///
/// # Panics
/// When the test does, and then says with which wires.
pub async fn each_translation(test: impl AsyncFn(&'static Wire, &Deployment)) {
    run(plain(translated_or_not()), async |wire, _, deployment| test(wire, deployment).await).await;
}

/// Runs a test with the wires of [`each_translation`] for plain answers and for streams, as [`each_form`] does.
///
/// # Panics
/// When the test does, and then says with which wires, and of which kind.
pub async fn each_form_of_translations(test: impl AsyncFn(&'static Wire, bool, &Deployment)) {
    run(both(translated_or_not()), test).await;
}

/// Runs a test with the wires of [`each_format`] for plain answers and for streams, as [`each_form`] does.
///
/// # Panics
/// When the test does, and then says with which wires, and of which kind.
pub async fn each_form_of_formats(test: impl AsyncFn(&'static Wire, bool, &Deployment)) {
    run(both(of_every_format()), test).await;
}

/// Runs a test with each of [`openai`]'s wires, as [`each`] does.
///
/// # Panics
/// When the test does, and then says with which wires.
pub async fn each_of_openai(test: impl AsyncFn(&'static Wire, &Deployment)) {
    run(plain(openai()), async |wire, _, deployment| test(wire, deployment).await).await;
}

/// Runs a test with each of [`openai`]'s wires for plain answers and for streams, as [`each_form`] does.
///
/// # Panics
/// When the test does, and then says with which wires, and of which kind.
pub async fn each_form_of_openai(test: impl AsyncFn(&'static Wire, bool, &Deployment)) {
    run(both(openai()), test).await;
}

/// Each wire for a plain answer and for a stream.
pub fn forms() -> impl Iterator<Item = (&'static Wire, bool)> {
    WIRES.iter().flat_map(|wire| [(wire, false), (wire, true)])
}

/// Runs a test with each wire.
///
/// # Panics
/// When the test does, and then says with which wires.
pub async fn each(test: impl AsyncFn(&'static Wire, &Deployment)) {
    run(plain(&WIRES), async |wire, _, deployment| test(wire, deployment).await).await;
}

/// Runs a test with each wire for plain answers and for streams.
///
/// # Panics
/// When the test does, and then says with which wires, and of which kind.
pub async fn each_form(test: impl AsyncFn(&'static Wire, bool, &Deployment)) {
    run(both(&WIRES), test).await;
}

/// A row of a list of tests: what it is called, its wire, and whether it asks for a stream.
struct Row {
    name: String,
    wire: &'static Wire,
    stream: bool,
}

fn row_of(wire: &Wire) -> &'static [Wire; 2] {
    ROWS.iter().find(|[row, _]| row.name == wire.name).expect("every wire has a row")
}

fn plain(wires: impl IntoIterator<Item = &'static Wire>) -> Vec<Row> {
    let row = |wire: &'static Wire| Row { name: wire.name.to_owned(), wire: &row_of(wire)[0], stream: false };
    wires.into_iter().map(row).collect()
}

fn both(wires: impl IntoIterator<Item = &'static Wire>) -> Vec<Row> {
    let rows = |wire: &'static Wire| {
        let [plain, streamed] = row_of(wire);
        [
            Row { name: format!("{}, plain", wire.name), wire: plain, stream: false },
            Row { name: format!("{}, streamed", wire.name), wire: streamed, stream: true },
        ]
    };
    wires.into_iter().flat_map(rows).collect()
}

async fn run(rows: Vec<Row>, test: impl AsyncFn(&'static Wire, bool, &Deployment)) {
    let deployment = &Deployment::new().await;
    let runs = rows.into_iter().map(|Row { name, wire, stream }| (name, test(wire, stream, deployment)));
    together(runs).await;
}

/// Runs the rows of a list at the same time, to the end of each.
///
/// # Panics
/// When a row does, and then says which do.
pub(crate) async fn together(rows: impl Iterator<Item = (String, impl Future<Output = ()>)>) {
    let rows = rows.map(|(name, row)| async {
        let panicked = AssertUnwindSafe(row).catch_unwind().await.is_err();
        if panicked {
            eprintln!("that was the row: {name}");
        }
        panicked.then_some(name)
    });
    let failed: Vec<String> = futures_util::future::join_all(rows).await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "failed for: {}", failed.join("; "));
}
