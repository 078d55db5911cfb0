//! From exec to the first answer; and what a first call costs that must open its connections.

use std::time::{Duration, Instant};

use crate::accounts::Ask;
use crate::figures::{Table, median};
use crate::functions::Server;
use crate::load::Target;
use crate::{Bench, Result, far, load};

/// Starts of each function.
const STARTS: usize = 20;

/// How long after a start its first call comes: at once, and when the platform has taken its time to hand it on.
const LATER: [(&str, Duration); 2] = [("at once", Duration::ZERO), ("after 100 ms", Duration::from_millis(100))];

/// Measures it for the smallest function and for the one that matters. The first answer of the latter is a whole
/// completion: connections to the stores and the provider are made for it, and it is held and settled.
///
/// # Errors
/// When an answer is wrong.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let (mut listening, mut ping, mut completion) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let began = Instant::now();
        let server = Server::start(&bench.functions.path("ping"), &bench.services.variables).await?;
        listening.push(began.elapsed());
        load::first(&Target::get(server.address, "/ping")).await?;
        ping.push(began.elapsed());

        let began = Instant::now();
        let server = Server::start(&bench.functions.path("v1-chat-completions"), &bench.services.variables).await?;
        load::first(&bench.accounts.through(server.address, Ask::Plain, 1)).await?;
        completion.push(began.elapsed());
        bench.accounts.settled().await?;
    }
    for (figure, times) in [
        ("exec to listening, ping", listening),
        ("exec to first answer, ping", ping),
        ("exec to first completion, v1-chat-completions", completion),
    ] {
        table.single(figure, "ms", median(times.iter().map(|time| time.as_secs_f64() * 1e3)));
    }
    far_away(bench, table).await
}

/// The same beside stores and providers at a distance, over TLS: the first completion of an instance and its second one.
async fn far_away(bench: &Bench, table: &mut Table) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let variables = far::variables(&bench.services.variables, &folder).await?;
    let distance = far::ROUND_TRIP.as_millis();
    for (when, wait) in LATER {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let server = bench.functions.gateway(&variables).await?;
            tokio::time::sleep(wait).await;
            let target = bench.accounts.through(server.address, Ask::Plain, 1);
            for times in [&mut first, &mut second] {
                times.push(load::first(&target).await?.last.as_secs_f64() * 1e3);
                bench.accounts.settled().await?;
            }
        }
        table.single(&format!("first completion {when}, services {distance} ms away"), "ms", median(first.clone()));
        table.single("second completion", "ms", median(second.clone()));
        table.single("added by being the first", "ms", median(first.iter().zip(&second).map(|(a, b)| a - b)));
    }
    Ok(())
}
