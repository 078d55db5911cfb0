//! Which figures can be used at all.

use shared::formats::format::Format;
use shared::providers::table::PROVIDERS;

use super::figures::Figure;
use super::price::Price;
use super::written_by_hand::Limits;

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

/// Whether it makes vectors.
pub fn is_embedding(figure: &Figure) -> bool {
    figure.id.to_lowercase().contains("embed") || figure.id.starts_with("voyage/")
}

/// The answer of a model of which nobody says how long it may be.
const USUAL_OUTPUT: u64 = 65_536;

/// The length of an answer; nothing if it is not said: a list then has the whole context, or nine tenths of it.
pub fn said_output(figure: &Figure) -> Option<u64> {
    (figure.max_output < figure.context * 9 / 10).then_some(figure.max_output)
}

/// The lengths that a model may have by this figure.
pub fn limits_of(figure: &Figure) -> Limits {
    let output = said_output(figure).unwrap_or_else(|| USUAL_OUTPUT.min(figure.context));
    Limits { context: figure.context, max_output: if is_embedding(figure) { 0 } else { output } }
}

/// Why a figure can be no model and no route, apart from its price.
pub fn unusable(figure: &Figure) -> Option<&'static str> {
    let id = figure.id.to_lowercase();
    let Some(provider) = PROVIDERS.iter().find(|provider| provider.name == figure.provider) else {
        return Some("there is no such provider");
    };
    let format = if is_embedding(figure) { Format::Embeddings } else { Format::Chat };
    let speaks =
        provider.path(format).is_some() || (format == Format::Chat && provider.path(Format::Messages).is_some());
    let variant = id.split_once(':').map(|(_, variant)| variant);
    let apart = APART.iter().find(|(part, _)| id.contains(part)).map(|(_, reason)| *reason);
    let closed = |reason: &'static str, is: bool| is.then_some(reason);
    closed("it chooses another model", id.starts_with('~') || id.starts_with("openrouter/") || id.contains("/routers/"))
        .or(closed("its name comes to mean other models", id.ends_with("-latest")))
        .or(closed("nobody says who makes it", id.starts_with("stealth/")))
        .or(closed("a variant that is sold by other rules", variant.is_some_and(|variant| variant != "free")))
        .or(closed(
            "its searches are charged apart",
            figure.provider != "perplexity" && id.starts_with("perplexity/sonar"),
        ))
        .or(closed(
            "only the Responses API has it there",
            figure.provider == "openai" && (id.contains("-pro") || id.contains("codex")),
        ))
        .or(closed("only the older completions have it there", figure.provider == "openai" && id.contains("instruct")))
        .or(apart)
        .or(closed("it gives more than text, at prices that no list has", figure.output != ["text"]))
        .or(closed("it takes no text", !figure.input.iter().any(|modality| modality == "text")))
        .or(closed(
            "nobody says how long it may be",
            figure.context == 0 || (format == Format::Chat && figure.max_output == 0),
        ))
        .or(closed("the provider does not speak its format", !speaks))
}

/// What costs nothing says so in its name: else it is a trial, or a price that is not known.
pub fn free_only_by_name(figure: &Figure, price: &Price) -> Result<(), String> {
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
