//! `catalog`: models and routes by public figures. Prints what becomes of each figure; with `--write` writes the seed.
//!
//! - `figures`: what two public lists say. `price`: the dearer of both. `naming`: which model is meant.
//! - `written_by_hand`: what stands in the other seed. `usable`: which figures can be used. `described`: what they say of a model.
//! - `chosen`: what becomes a route, and why not. `sql`: the seed.

mod chosen;
mod described;
mod figures;
mod naming;
mod price;
mod sql;
mod usable;
mod written_by_hand;

use std::fs;
use std::process::ExitCode;

use local::platform::repository;

use chosen::{Chosen, WITHOUT_FIGURES, choose};
use written_by_hand::WrittenByHand;

/// The seed that is written by hand, and the one that is derived.
const BY_HAND: &str = "supabase/seeds/catalog.sql";
const DERIVED: &str = "supabase/seeds/catalog_by_figures.sql";

/// What to do with the figures.
#[derive(clap::Args)]
pub struct Options {
    /// Writes the seed in place of printing what becomes of each figure.
    #[arg(long)]
    write: bool,
}

/// Prints or writes.
pub fn run(options: &Options) -> ExitCode {
    let done = derive().and_then(|chosen| {
        if options.write {
            fs::write(repository().join(DERIVED), sql::write(&chosen)).map_err(|error| error.to_string())
        } else {
            print!("{}", sql::report(&chosen, &WITHOUT_FIGURES));
            Ok(())
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the figures make no seed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn derive() -> Result<Chosen, String> {
    let by_hand = fs::read_to_string(repository().join(BY_HAND)).map_err(|error| format!("{BY_HAND}: {error}"))?;
    Ok(choose(&figures::read()?, &WrittenByHand::read(&by_hand)))
}

#[cfg(test)]
mod tests {
    use shared::providers::table::PROVIDERS;

    use super::*;

    #[test]
    fn the_seed_is_what_the_figures_make() {
        let there = fs::read_to_string(repository().join(DERIVED)).expect("a file");
        let made = sql::write(&derive().expect("figures"));
        assert!(there == made, "{DERIVED} is stale: run `cargo run -- catalog --write`");
    }

    #[test]
    fn every_figure_is_a_route_or_has_a_reason_and_every_provider_has_figures_or_a_reason() {
        let figures = figures::read().expect("figures");
        let chosen = derive().expect("figures");
        let by_hand = fs::read_to_string(repository().join(BY_HAND)).expect("a file");
        let by_hand = WrittenByHand::read(&by_hand);
        let told = |figure: &&figures::Figure| {
            chosen.left_out.iter().any(|(provider, id, _)| *provider == figure.provider && *id == figure.id)
        };
        let untold = figures.iter().filter(|figure| !told(figure)).count();
        let kept_by_hand = by_hand.routes.len();
        assert!(untold >= chosen.routes.len() && untold <= chosen.routes.len() + kept_by_hand, "{untold}");
        assert!(chosen.models.len() + by_hand.models.len() >= 400, "{}", chosen.models.len());
        for provider in PROVIDERS.iter().filter(|provider| provider.name != "portkey") {
            let has = chosen.routes.keys().any(|(_, name)| name == provider.name);
            let has_by_hand = by_hand.routes.iter().any(|(_, name)| name == provider.name);
            let told = WITHOUT_FIGURES.iter().any(|(name, _)| *name == provider.name);
            assert!(has != told || (has_by_hand && !has), "{}", provider.name);
        }
    }
}
