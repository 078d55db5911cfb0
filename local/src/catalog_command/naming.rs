//! Which model a provider means by a name: its id here, `developer/name`, which is OpenRouter's where that has the model.

/// Providers that serve the models of one developer, who knows best what they are.
const OWN: [(&str, &str); 10] = [
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("gemini", "google"),
    ("xai", "x-ai"),
    ("mistral", "mistralai"),
    ("deepseek", "deepseek"),
    ("moonshot", "moonshotai"),
    ("zai", "z-ai"),
    ("minimax", "minimax"),
    ("cohere", "cohere"),
];

/// Developers, by the names of their folders at providers.
const DEVELOPERS: [(&str, &str); 46] = [
    ("alibaba", "qwen"),
    ("amazon", "amazon"),
    ("anthropic", "anthropic"),
    ("arcee-ai", "arcee-ai"),
    ("baidu", "baidu"),
    ("bytedance-seed", "bytedance-seed"),
    ("cohere", "cohere"),
    ("deepcogito", "deepcogito"),
    ("deepseek", "deepseek"),
    ("deepseek-ai", "deepseek"),
    ("essentialai", "essentialai"),
    ("google", "google"),
    ("gryphe", "gryphe"),
    ("ibm-granite", "ibm-granite"),
    ("inception", "inception"),
    ("inclusionai", "inclusionai"),
    ("kwaipilot", "kwaipilot"),
    ("liquidai", "liquid"),
    ("meituan", "meituan"),
    ("meituan-longcat", "meituan"),
    ("meta-llama", "meta-llama"),
    ("microsoft", "microsoft"),
    ("minimax", "minimax"),
    ("minimaxai", "minimax"),
    ("mistral", "mistralai"),
    ("mistralai", "mistralai"),
    ("moonshotai", "moonshotai"),
    ("morph", "morph"),
    ("nousresearch", "nousresearch"),
    ("nvidia", "nvidia"),
    ("openai", "openai"),
    ("perplexity", "perplexity"),
    ("poolside", "poolside"),
    ("qwen", "qwen"),
    ("sakana", "sakana"),
    ("sao10k", "sao10k"),
    ("spacexai", "x-ai"),
    ("stepfun", "stepfun"),
    ("stepfun-ai", "stepfun"),
    ("tencent", "tencent"),
    ("thinkingmachines", "thinkingmachines"),
    ("voyage", "voyage"),
    ("xiaomi", "xiaomi"),
    ("xiaomimimo", "xiaomi"),
    ("zai", "z-ai"),
    ("zai-org", "z-ai"),
];

/// Whose a model is whose name says no developer, by the beginning of its name.
const FAMILIES: [(&str, &str); 14] = [
    ("deepseek", "deepseek"),
    ("gemma", "google"),
    ("glm", "z-ai"),
    ("gpt-oss", "openai"),
    ("inkling", "thinkingmachines"),
    ("kimi", "moonshotai"),
    ("llama", "meta-llama"),
    ("minimax", "minimax"),
    ("muse", "meta"),
    ("nemotron", "nvidia"),
    ("qwen", "qwen"),
    ("qvq", "qwen"),
    ("qwq", "qwen"),
    ("seed", "bytedance-seed"),
];

/// Names of which nothing but the spelling differs from OpenRouter's.
const SAME: [(&str, &str); 2] =
    [("llama-3.3-70b-versatile", "llama-3.3-70b-instruct"), ("llama-3.1-8b-instant", "llama-3.1-8b-instruct")];

/// The developer whose models alone a provider serves.
pub fn developer_of(provider: &str) -> Option<&'static str> {
    OWN.iter().find(|(own, _)| *own == provider).map(|(_, developer)| *developer)
}

/// The developer and the name of a model, as an id here has them.
///
/// # Errors
/// Why nobody can say whose it is.
pub fn named(provider: &str, id: &str) -> Result<(String, String), &'static str> {
    if provider == "openrouter" {
        let (developer, name) = id.split_once('/').ok_or("its name has no developer")?;
        return Ok((developer.to_owned(), name.to_owned()));
    }
    let id = id.to_lowercase();
    let (folder, name) = id.rsplit_once('/').map_or((None, &*id), |(folder, name)| (Some(folder), name));
    let name = name.strip_suffix("-tee").unwrap_or(name);
    let name = match provider {
        "fireworks" => with_points(name),
        _ => name.to_owned(),
    };
    let name = SAME.iter().find(|(theirs, _)| *theirs == name).map_or(name.as_str(), |(_, ours)| ours).to_owned();
    let by_family = || FAMILIES.iter().find(|(family, _)| name.starts_with(family)).map(|(_, developer)| *developer);
    let folder =
        folder.map(|folder| folder.trim_start_matches("@cf/")).filter(|folder| *folder != "accounts/fireworks/models");
    let developer = match folder {
        Some("meta" | "bytedance") => by_family(),
        Some(folder) => DEVELOPERS.iter().find(|(theirs, _)| *theirs == folder).map(|(_, developer)| *developer),
        None => developer_of(provider).or_else(by_family).or((provider == "perplexity").then_some("perplexity")),
    };
    developer.map(|developer| (developer.to_owned(), name.clone())).ok_or("nobody says whose model it is")
}

/// Fireworks writes a point as `p`: `glm-5p3`.
fn with_points(name: &str) -> String {
    let bytes = name.as_bytes();
    let digit = |place: Option<usize>| place.and_then(|place| bytes.get(place)).is_some_and(u8::is_ascii_digit);
    let point = |(place, letter): (usize, char)| {
        if letter == 'p' && digit(place.checked_sub(1)) && digit(Some(place + 1)) { '.' } else { letter }
    };
    name.char_indices().map(point).collect()
}

/// What clients vary in a name is left out, as by `gateway.model_key`.
pub fn key(name: &str) -> String {
    let name = name.to_lowercase().replace('.', "-");
    if let Some(rest) = name.strip_suffix("-latest") {
        return rest.to_owned();
    }
    match name.rsplit_once('-') {
        Some((rest, date)) if date.len() == 8 && date.bytes().all(|digit| digit.is_ascii_digit()) => rest.to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_the_same_at_every_provider() {
        for (provider, id, ours) in [
            ("openrouter", "z-ai/glm-5.3", "z-ai/glm-5.3"),
            ("fireworks", "accounts/fireworks/models/glm-5p3", "z-ai/glm-5.3"),
            ("chutes", "zai-org/GLM-5.2-TEE", "z-ai/glm-5.2"),
            ("cloudflare", "@cf/zai-org/glm-5.2", "z-ai/glm-5.2"),
            ("groq", "llama-3.3-70b-versatile", "meta-llama/llama-3.3-70b-instruct"),
            ("vercel", "meta/llama-3.1-8b", "meta-llama/llama-3.1-8b"),
            ("vercel", "spacexai/grok-4.5", "x-ai/grok-4.5"),
            ("anthropic", "claude-opus-5-5", "anthropic/claude-opus-5-5"),
        ] {
            let (developer, name) = named(provider, id).expect(id);
            assert_eq!(format!("{developer}/{name}"), ours);
        }
        assert!(named("deepinfra", "somebody/model").is_err() && named("groq", "allam-2-7b").is_err());
        assert_eq!(key("Claude-Opus-5.5-20260922"), key("claude-opus-5-5"));
    }
}
