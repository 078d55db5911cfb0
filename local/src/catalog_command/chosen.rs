//! Which of the figures become models and routes, and why the others do not.

use std::collections::{BTreeMap, BTreeSet};

use shared::formats::format::Format;
use shared::providers::table::PROVIDERS;

use super::figures::{Figure, READ_ON};
use super::naming::{developer_of, key, named};
use super::price::{self, Difference, Price};
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

/// Parts of names of models that charge for more than tokens, or are asked at no address that a provider has here.
const APART: [(&str, &str); 17] = [
    ("realtime", "it speaks over a connection of its own"),
    ("tts", "it is sold by sound"),
    ("whisper", "it is sold by at least ten seconds of sound"),
    ("transcribe", "it is sold by sound"),
    ("voxtral", "it is sold by sound"),
    ("orpheus", "it is sold by sound"),
    ("native-audio", "it is sold by sound"),
    ("-live", "it speaks over a connection of its own"),
    ("ocr", "it is sold by the page"),
    ("search", "its searches are charged apart"),
    ("deep-research", "its searches are charged apart"),
    ("compound", "the tools that it runs are charged apart"),
    ("multi-agent", "the tools that it runs are charged apart"),
    ("computer-use", "it is asked at no address that is served here"),
    ("rerank", "it is sold by the search, of which no list has the price"),
    ("robotics", "it is asked at no address that is served here"),
    ("moderation", "it is asked at no address that is served here"),
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
        chosen.differences.extend(
            differences.into_iter().map(|difference| (figure.provider.clone(), figure.id.clone(), difference)),
        );
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

fn is_embedding(figure: &Figure) -> bool {
    figure.id.to_lowercase().contains("embed") || figure.id.starts_with("voyage/")
}

/// The answer of a model of which nobody says how long it may be.
const USUAL_OUTPUT: u64 = 65_536;

/// The length of an answer; nothing if it is not said: a list then has the whole context, or nine tenths of it.
fn said_output(figure: &Figure) -> Option<u64> {
    (figure.max_output < figure.context * 9 / 10).then_some(figure.max_output)
}

fn limits_of(figure: &Figure) -> Limits {
    let output = said_output(figure).unwrap_or_else(|| USUAL_OUTPUT.min(figure.context));
    Limits { context: figure.context, max_output: if is_embedding(figure) { 0 } else { output } }
}

/// Why a figure can be no model and no route, apart from its price.
fn unusable(figure: &Figure) -> Option<&'static str> {
    let id = figure.id.to_lowercase();
    let Some(provider) = PROVIDERS.iter().find(|provider| provider.name == figure.provider) else {
        return Some("there is no such provider");
    };
    let format = if is_embedding(figure) { Format::Embeddings } else { Format::Chat };
    let speaks = provider.path(format).is_some() || (format == Format::Chat && provider.path(Format::Messages).is_some());
    let variant = id.split_once(':').map(|(_, variant)| variant);
    let apart = APART.iter().find(|(part, _)| id.contains(part)).map(|(_, reason)| *reason);
    let closed = |reason: &'static str, is: bool| is.then_some(reason);
    closed("it chooses another model", id.starts_with('~') || id.starts_with("openrouter/") || id.contains("/routers/"))
        .or(closed("its name comes to mean other models", id.ends_with("-latest")))
        .or(closed("nobody says who makes it", id.starts_with("stealth/")))
        .or(closed("a variant that is sold by other rules", variant.is_some_and(|variant| variant != "free")))
        .or(closed("its searches are charged apart", figure.provider != "perplexity" && id.starts_with("perplexity/sonar")))
        .or(closed("only the Responses API has it there", figure.provider == "openai" && (id.contains("-pro") || id.contains("codex"))))
        .or(closed("only the older completions have it there", figure.provider == "openai" && id.contains("instruct")))
        .or(apart)
        .or(closed("it gives more than text, at prices that no list has", figure.output != ["text"]))
        .or(closed("it takes no text", !figure.input.iter().any(|modality| modality == "text")))
        .or(closed("nobody says how long it may be", figure.context == 0 || (format == Format::Chat && figure.max_output == 0)))
        .or(closed("the provider does not speak its format", !speaks))
}

/// What costs nothing says so in its name: else it is a trial, or a price that is not known.
fn free_only_by_name(figure: &Figure, price: &Price) -> Result<(), String> {
    let free = figure.id.ends_with(":free");
    let paid = price.steps.iter().any(|(_, kinds)| kinds.values().any(|price| *price > 0));
    let half = price.steps[0].1["prompt"] == 0 || (price.steps[0].1["completion"] == 0 && !is_embedding(figure));
    match (free, paid) {
        (true, true) => Err("it says that it is free, and has a price".into()),
        (true, false) => Ok(()),
        (false, _) if half => Err("a price of 0 is a trial, or one that is not known".into()),
        (false, _) => Ok(()),
    }
}

fn model(id: &str, developer: &str, figure: &Figure, limits: Limits) -> Model {
    let takes_images = !is_embedding(figure) && figure.input.iter().any(|modality| modality == "image");
    Model {
        id: id.to_owned(),
        name: figure.name.trim_end_matches(" (latest)").to_owned(),
        description: description(figure, takes_images),
        kind: if is_embedding(figure) { "embedding" } else { "chat" },
        limits,
        takes_images,
        reasoning: figure.reasoning,
        image_tokens: if takes_images { image_tokens(developer, id) } else { 0 },
        tool_tokens: if developer == "anthropic" { 1000 } else { 600 },
    }
}

/// The most that an image can cost, by the developers' own formulas; where none is known, the most of any that is.
fn image_tokens(developer: &str, id: &str) -> u64 {
    match developer {
        "openai" if id.contains("4o-mini") => 48_169,
        "openai" => 12_000,
        "anthropic" => 4_784,
        "google" => 4_386,
        _ => 16_384,
    }
}

fn description(figure: &Figure, takes_images: bool) -> String {
    if is_embedding(figure) {
        return "Vectors of texts.".to_owned();
    }
    let weights = if figure.open { "Open-weight model" } else { "Model" };
    let takes = if takes_images { "text and images" } else { "text" };
    let does: Vec<&str> = [
        (figure.reasoning, "thinks before it answers"),
        (figure.tools, "calls tools"),
        (figure.structured, "keeps to a schema"),
    ]
    .into_iter()
    .filter_map(|(is, does)| is.then_some(does))
    .collect();
    let does = match &does[..] {
        [] => String::new(),
        [one] => format!("; {one}"),
        [most @ .., last] => format!("; {} and {last}", most.join(", ")),
    };
    let free = if figure.id.ends_with(":free") { " Free of charge." } else { "" };
    format!("{weights} for {takes}{does}.{free}")
}

/// The parameters by which a request can ask for what the figures say that the model does.
fn supported(figure: &Figure, developer: &str) -> Vec<&'static str> {
    if is_embedding(figure) {
        return Vec::new();
    }
    // OpenAI's models that think take no temperature.
    let samples = !(developer == "openai" && figure.reasoning);
    [
        (true, &["max_tokens"][..]),
        (samples, &["temperature", "top_p", "stop"]),
        (figure.reasoning, &["reasoning", "include_reasoning"]),
        (figure.tools, &["tools", "tool_choice"]),
        (figure.structured, &["response_format", "structured_outputs"]),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .flat_map(|(_, names)| names.iter().copied())
    .collect()
}

/// The day from which a model is known to be deprecated.
pub const DEPRECATED_SINCE: &str = READ_ON;
