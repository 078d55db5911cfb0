//! Which of the figures become models and routes, and why the others do not.

use std::collections::{BTreeMap, BTreeSet};

use super::described::{model, supported};
use super::figures::{Figure, READ_ON};
use super::naming::{developer_of, key, named};
use super::price::{self, Difference, Price};
use super::usable::{free_only_by_name, limits_of, said_output, unusable};
use super::written_by_hand::{Limits, WrittenByHand};

/// A model that is not written by hand.
#[derive(Debug)]
pub struct Model {
    pub id: String,
    pub name: String,
    pub description: String,
    pub kind: &'static str,
    pub limits: Limits,
    pub takes_images: bool,
    pub reasoning: bool,
    pub image_tokens: u64,
    pub tool_tokens: u64,
}

/// What the figures say of a model, whoever wrote it.
#[derive(Debug)]
pub struct Facts {
    pub supported: Vec<&'static str>,
    pub released: Option<String>,
    pub deprecated: bool,
    pub open: bool,
}

/// A route that is not written by hand.
#[derive(Debug)]
pub struct Route {
    pub model: String,
    pub provider: String,
    pub upstream: String,
    pub price: Price,
}

/// What the figures come to.
#[derive(Debug, Default)]
pub struct Chosen {
    pub models: BTreeMap<String, Model>,
    pub facts: BTreeMap<String, Facts>,
    pub routes: BTreeMap<(String, String), Route>,
    /// What is left out: provider, name, reason.
    pub left_out: Vec<(String, String, String)>,
    /// Where the two lists differ, of which the dearer holds.
    pub differences: Vec<(String, String, Difference)>,
}

/// Providers of which no figures are read at all.
pub const WITHOUT_FIGURES: [(&str, &str); 9] = [
    ("azure", "the operator chooses the names of deployments, and prices are those of a region"),
    ("bedrock", "prices are those of a region"),
    ("featherless", "it sells subscriptions; the prices written by hand are our own"),
    ("huggingface", "it chooses the provider, and with it the price, when it is asked"),
    ("hyperbolic", "no list has its prices"),
    ("nvidia", "what is listed there is a trial at no price"),
    ("ollama", "a server of one's own"),
    ("sambanova", "no list has its prices"),
    ("vllm", "a server of one's own"),
];

/// Chooses.
pub fn choose(figures: &[Figure], by_hand: &WrittenByHand) -> Chosen {
    let mut chosen = Chosen::default();
    let mut ids: BTreeMap<String, String> = by_hand.models.keys().map(|id| (whole_key(id), id.clone())).collect();
    let mut bare: BTreeMap<String, String> = by_hand.models.keys().map(|id| (bare_key(id), id.clone())).collect();
    let limits = limits(figures);
    for figure in figures {
        let left = |reason: String| (figure.provider.clone(), figure.id.clone(), reason);
        let usable = unusable(figure).map_or(Ok(()), |reason| Err(reason.to_owned()));
        let made = usable.and_then(|()| {
            let (developer, name) = named(&figure.provider, &figure.id)?;
            let (price, differences) = price::of(figure)?;
            free_only_by_name(figure, &price)?;
            Ok((developer, name, price, differences))
        });
        let (developer, name, price, differences) = match made {
            Ok(made) => made,
            Err(reason) => {
                chosen.left_out.push(left(reason));
                continue;
            }
        };
        let asked = format!("{developer}/{name}");
        let id = ids.get(&whole_key(&asked)).cloned().unwrap_or(asked);
        let own = developer_of(&figure.provider).is_some() || figure.provider == "openrouter";
        let model_limits = by_hand.models.get(&id).copied().or_else(|| limits.get(&whole_key(&id)).copied());
        let Some(most) = model_limits else {
            chosen.left_out.push(left("nobody says how long it may be".into()));
            continue;
        };
        let output = said_output(figure).unwrap_or(figure.context);
        if figure.context < most.context || output < most.max_output {
            let reason = format!(
                "it takes {} and gives {output} tokens there, {id} {} and {}",
                figure.context, most.context, most.max_output
            );
            chosen.left_out.push(left(reason));
            continue;
        }
        if !by_hand.models.contains_key(&id) && !chosen.models.contains_key(&id) {
            if let Some(taken) = bare.get(&bare_key(&id)) {
                chosen.left_out.push(left(format!("without its developer it is called as {taken}")));
                continue;
            }
            bare.insert(bare_key(&id), id.clone());
            ids.insert(whole_key(&id), id.clone());
            chosen.models.insert(id.clone(), model(&id, &developer, figure, most));
        }
        if own || !chosen.facts.contains_key(&id) {
            let deprecated = own && figure.status.as_deref() == Some("deprecated")
                || chosen.facts.get(&id).is_some_and(|facts| facts.deprecated);
            let facts = Facts {
                supported: supported(figure, &developer),
                released: figure.released.clone().filter(|day| day.len() == 10),
                deprecated,
                open: figure.open,
            };
            chosen.facts.insert(id.clone(), facts);
        }
        chosen
            .differences
            .extend(differences.into_iter().map(|difference| (figure.provider.clone(), figure.id.clone(), difference)));
        let place = (id.clone(), figure.provider.clone());
        if by_hand.routes.contains(&place) {
            continue;
        }
        if chosen.routes.contains_key(&place) {
            chosen.left_out.push(left(format!("another name of {id} there")));
            continue;
        }
        let route = Route { model: id, provider: figure.provider.clone(), upstream: figure.id.clone(), price };
        chosen.routes.insert(place, route);
    }
    chosen
}

fn whole_key(id: &str) -> String {
    key(id)
}

fn bare_key(id: &str) -> String {
    key(id.split_once('/').map_or(id, |(_, name)| name))
}

/// The limits of each model: as OpenRouter and its developer have it the lower, else as the first provider has it.
fn limits(figures: &[Figure]) -> BTreeMap<String, Limits> {
    let mut limits: BTreeMap<String, Limits> = BTreeMap::new();
    let mut sure: BTreeSet<String> = BTreeSet::new();
    for figure in figures.iter().filter(|figure| unusable(figure).is_none()) {
        let Ok((developer, name)) = named(&figure.provider, &figure.id) else { continue };
        let key = whole_key(&format!("{developer}/{name}"));
        let offered = limits_of(figure);
        let own = figure.provider == "openrouter" || developer_of(&figure.provider).is_some();
        let most = limits.entry(key.clone()).or_insert(offered);
        if own && sure.insert(key) {
            *most = offered;
        } else if own {
            most.context = most.context.min(offered.context);
            most.max_output = most.max_output.min(offered.max_output);
        }
    }
    limits
}

/// The day from which a model is known to be deprecated.
pub const DEPRECATED_SINCE: &str = READ_ON;
