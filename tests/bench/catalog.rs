//! Lists of models: how long they take with a thousand models in the catalog.

use crate::figures::{Table, median, percentile};
use crate::load::{self, Target};
use crate::{Bench, Result, accounts};

/// Models in the catalog.
const MODELS: i64 = 1000;
/// Requests a round, one after the other.
const REQUESTS: usize = 200;
/// The lists: in OpenAI's shape and in OpenRouter's.
const LISTS: [&str; 2] = ["/v1/models", "/api/v1/models"];
/// How they are asked for: as nearly every SDK does, and as they are.
const FORMS: [Form; 2] = [
    Form { name: "gzip", headers: &[("accept-encoding", "gzip")], ends: b"" },
    Form { name: "plain", headers: &[], ends: b"}" },
];

/// A form in which a list is had: the headers that ask for it, and how it ends.
#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    headers: &'static [(&'static str, &'static str)],
    ends: &'static [u8],
}

/// Measures p50 and p99 of each list at one connection. Nothing between the client and the gateway keeps an answer here, as the
/// platforms' networks do.
///
/// # Errors
/// When an answer is wrong.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let database = bench.services.database().await?;
    let there = accounts::count(&database, "select count(*) from gateway.models").await?;
    for number in there..MODELS {
        accounts::model(&database, &format!("bench/catalog-{number}")).await?;
    }
    let server = bench.functions.gateway(&bench.services.variables).await?;
    for (list, Form { name, headers, ends }) in LISTS.into_iter().flat_map(|list| FORMS.map(|form| (list, form))) {
        let target = Target { headers, ends, ..Target::get(server.address, list) };
        load::round(&target, 1, REQUESTS).await?;
        let mut figures = [0.5, 0.99].map(|share| (share, Vec::new()));
        for _ in 0..bench.options.rounds {
            let mut totals = load::round(&target, 1, REQUESTS).await?.totals();
            for (share, rounds) in &mut figures {
                rounds.push(percentile(&mut totals, *share));
            }
        }
        for (share, rounds) in figures {
            table.single(&format!("{list} with {MODELS} models, {name}, p{}", share * 100.0), "µs", median(rounds));
        }
    }
    Ok(())
}
