//! From exec to the first answer.

use std::time::Instant;

use crate::accounts::Ask;
use crate::figures::{Table, median};
use crate::functions::Server;
use crate::load::Target;
use crate::{Bench, Result, load};

/// Starts of each function.
const STARTS: usize = 20;

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
    Ok(())
}
