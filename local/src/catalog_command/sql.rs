//! The seed as SQL: upserts with named columns, which can run again.

use std::fmt::Write as _;

use super::chosen::{Chosen, DEPRECATED_SINCE, Facts, Model, Route};
use super::price::Kinds;

const HEAD: &str = "\
-- Models and routes by public figures, besides those of catalog.sql. Derived by `cargo run -- catalog --write` from
-- local/catalog/figures.jsonl; what an administrator or a provider's own list has changed stays.

insert into gateway.models
  (id, name, developer, description, kind, context_length, max_output, input_modalities, output_modalities, reasoning, image_tokens,
   tool_tokens)
values
";
const MODELS_END: &str = "
on conflict (id) do update set
  name = excluded.name, developer = excluded.developer, description = excluded.description, kind = excluded.kind,
  context_length = excluded.context_length, max_output = excluded.max_output,
  input_modalities = excluded.input_modalities, output_modalities = excluded.output_modalities,
  reasoning = excluded.reasoning, image_tokens = excluded.image_tokens, tool_tokens = excluded.tool_tokens
  where not models.changed_by_hand;

-- What the figures say of these and of the models of catalog.sql.
update gateway.models set
  supported_parameters = said.supported::text[], released_on = said.released::date, open_weights = said.open,
  deprecated_at = said.deprecated::timestamptz
from (values
";
const FACTS_END: &str = "
) as said (id, supported, released, open, deprecated)
where models.id = said.id and not models.changed_by_hand;

insert into gateway.model_routes
  (model_id, provider, upstream_model, prompt_price, cached_price, written_price, written_long_price, image_input_price,
   completion_price, request_price, tiers, windows)
values
";
const ROUTES_END: &str = "
on conflict (model_id, provider) do update set
  upstream_model = excluded.upstream_model, prompt_price = excluded.prompt_price, cached_price = excluded.cached_price,
  written_price = excluded.written_price, written_long_price = excluded.written_long_price,
  image_input_price = excluded.image_input_price, completion_price = excluded.completion_price,
  request_price = excluded.request_price, tiers = excluded.tiers, windows = excluded.windows
  where model_routes.priced_by = 'seed';
";

/// Writes it.
pub fn write(chosen: &Chosen) -> String {
    let mut sql = HEAD.to_owned();
    sql.push_str(&rows(chosen.models.values().map(model)));
    sql.push_str(MODELS_END);
    sql.push_str(&rows(chosen.facts.iter().map(|(id, facts)| said(id, facts))));
    sql.push_str(FACTS_END);
    sql.push_str(&rows(chosen.routes.values().map(route)));
    sql.push_str(ROUTES_END);
    sql
}

fn rows(rows: impl Iterator<Item = String>) -> String {
    rows.map(|row| format!("  ({row})")).collect::<Vec<_>>().join(",\n")
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn model(model: &Model) -> String {
    let developer = model.id.split('/').next().unwrap_or_default();
    format!(
        "{}, {}, {}, {}, '{}', {}, {}, '{}', '{}', {}, {}, {}",
        text(&model.id),
        text(&model.name),
        text(developer),
        text(&model.description),
        model.kind,
        model.limits.context,
        model.limits.max_output,
        if model.takes_images { "{text,image}" } else { "{text}" },
        if model.kind == "embedding" { "{embedding}" } else { "{text}" },
        model.reasoning,
        model.image_tokens,
        model.tool_tokens
    )
}

fn said(id: &str, facts: &Facts) -> String {
    format!(
        "{}, '{{{}}}', {}, {}, {}",
        text(id),
        facts.supported.join(","),
        facts.released.as_deref().map_or_else(|| "null".to_owned(), text),
        facts.open,
        if facts.deprecated { text(DEPRECATED_SINCE) } else { "null".to_owned() }
    )
}

fn route(route: &Route) -> String {
    let base = &route.price.steps[0].1;
    let price = |kind: &str| base.get(kind).map_or_else(|| "null".to_owned(), i64::to_string);
    let tiers: Vec<String> = route.price.steps[1..]
        .iter()
        .map(|(above, kinds)| format!("{{\"above\": {above}, {}}}", members(kinds)))
        .collect();
    let windows: Vec<String> = route
        .price
        .windows
        .iter()
        .map(|w| format!("{{\"from\": \"{}\", \"until\": \"{}\", {}}}", w.from, w.until, members(&w.kinds)))
        .collect();
    let list =
        |items: &[String]| if items.is_empty() { "null".to_owned() } else { format!("'[{}]'", items.join(", ")) };
    format!(
        "{}, '{}', {}, {}, {}, {}, {}, {}, {}, {}, {}, {}",
        text(&route.model),
        route.provider,
        text(&route.upstream),
        price("prompt"),
        price("cached"),
        price("written"),
        price("written_long"),
        price("image_input"),
        price("completion"),
        base.get("request").copied().unwrap_or(0),
        list(&tiers),
        list(&windows)
    )
}

fn members(kinds: &Kinds) -> String {
    kinds.iter().map(|(kind, price)| format!("\"{kind}\": {price}")).collect::<Vec<_>>().join(", ")
}

/// What a person should know of the choice: counts, what is left out and why, where the lists differ.
pub fn report(chosen: &Chosen, without: &[(&str, &str)]) -> String {
    let mut report = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(report, "{} models and {} routes by figures", chosen.models.len(), chosen.routes.len());
    for (provider, reason) in without {
        let _ = writeln!(report, "no figures: {provider}: {reason}");
    }
    for (provider, name, reason) in &chosen.left_out {
        let _ = writeln!(report, "left out: {provider} {name}: {reason}");
    }
    for (provider, name, (kind, one, other)) in &chosen.differences {
        let _ = writeln!(report, "the lists differ: {provider} {name}: {kind} {one} and {other}");
    }
    report
}
