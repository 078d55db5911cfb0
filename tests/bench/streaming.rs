//! What a stream's client waits for: the first token, and every chunk after it.

use crate::accounts::{Accounts, Ask};
use crate::figures::{Table, micros, percentile};
use crate::load::Round;
use crate::{ACCOUNTS, Bench, Result, load};

/// Chunks of a stream; the stand-in writes each by itself, as fast as it can.
pub const CHUNKS: usize = 200;
/// Streams a round, of each kind.
const STREAMS: usize = 150;

/// Measures both at one connection.
///
/// # Errors
/// When a stream is wrong.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let ask = Ask::Stream(CHUNKS);
    let server = bench.functions.gateway(&bench.services.variables).await?;
    let direct = Accounts::straight(&bench.services, ask)?;
    let through = bench.accounts.through(server.address, ask, ACCOUNTS);
    load::round(&through, 1, STREAMS).await?;

    let (mut without, mut with, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.options.rounds {
        without.push(load::round(&direct, 1, STREAMS).await?);
        let before = server.cpu()?;
        with.push(load::round(&through, 1, STREAMS).await?);
        bench.accounts.settled().await?;
        cpu.push(micros(server.cpu()? - before) / (STREAMS * CHUNKS) as f64);
    }
    for (share, name) in [(0.5, "p50"), (0.99, "p99")] {
        let firsts = |rounds: &[Round]| {
            let first = |round: &Round| round.samples.iter().map(|sample| sample.first).collect::<Vec<_>>();
            rounds.iter().map(|round| percentile(&mut first(round), share)).collect::<Vec<_>>()
        };
        table.compare(&format!("time to first token, {name}"), "µs", &firsts(&without), &firsts(&with));
    }
    let pace = |rounds: &[Round]| rounds.iter().map(a_chunk).collect::<Vec<_>>();
    table.compare("time a streamed chunk, p50", "µs", &pace(&without), &pace(&with));
    table.single(
        "CPU time a streamed chunk, gateway, its share of the call included",
        "µs",
        crate::figures::median(cpu),
    );
    Ok(())
}

/// From the first byte to the end, a chunk: the median over the streams.
fn a_chunk(round: &Round) -> f64 {
    let mut rests: Vec<_> = round.samples.iter().map(|sample| sample.last - sample.first).collect();
    percentile(&mut rests, 0.5) / CHUNKS as f64
}
