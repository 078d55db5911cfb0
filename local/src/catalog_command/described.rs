//! What a figure says of a model, in our words.

use super::chosen::Model;
use super::figures::Figure;
use super::usable::is_embedding;
use super::written_by_hand::Limits;

/// The model.
pub fn model(id: &str, developer: &str, figure: &Figure, limits: Limits) -> Model {
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
pub fn supported(figure: &Figure, developer: &str) -> Vec<&'static str> {
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
