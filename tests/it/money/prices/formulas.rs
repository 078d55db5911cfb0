//! The two formulas of a cost, SQL's and Rust's, are one: over every kind of token and unit, tiers, and what no provider would
//! report.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use shared::credits::price::{Price, Rates};
use shared::credits::usage::Usage;
use tests::world::World;
use tokio::runtime::Runtime;

const KINDS: [&str; 15] = [
    "prompt",
    "cached",
    "written",
    "written_long",
    "image_input",
    "audio_input",
    "completion",
    "reasoning",
    "image_output",
    "audio_output",
    "request",
    "image",
    "search",
    "second",
    "character",
];

/// Some of the kinds, each with a price.
fn prices() -> impl Strategy<Value = Map<String, Value>> {
    let price = prop_oneof![Just(0i64), 0..1000i64, 0..1_000_000_000_000i64];
    vec(proptest::option::of(price), KINDS.len()).prop_map(|prices| {
        KINDS.iter().zip(prices).filter_map(|(kind, price)| Some(((*kind).to_owned(), json!(price?)))).collect()
    })
}

/// A frozen price: what every call has is there, and some tiers.
fn frozen() -> impl Strategy<Value = Value> {
    (prices(), vec((0..200_000u64, prices()), 0..3)).prop_map(|(mut price, tiers)| {
        for needed in ["prompt", "completion", "request"] {
            price.entry(needed).or_insert(json!(7));
        }
        let mut tiers: Vec<_> = tiers;
        tiers.sort_by_key(|(above, _)| *above);
        tiers.dedup_by_key(|(above, _)| *above);
        let tier = |(above, mut prices): (u64, Map<String, Value>)| {
            prices.insert("above".to_owned(), json!(above));
            Value::Object(prices)
        };
        if !tiers.is_empty() {
            price.insert("tiers".to_owned(), tiers.into_iter().map(tier).collect());
        }
        Value::Object(price)
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    let count = || prop_oneof![4 => Just(0u64), 2 => 0..100u64, 2 => 0..200_000u64, 1 => Just(u64::from(u32::MAX) * 4)];
    vec(count(), 14).prop_map(|counts| Usage {
        prompt: counts[0],
        cached: counts[1],
        written: counts[2],
        written_long: counts[3],
        image_input: counts[4],
        audio_input: counts[5],
        completion: counts[6],
        reasoning: counts[7],
        image_output: counts[8],
        audio_output: counts[9],
        images: counts[10],
        searches: counts[11],
        milliseconds: counts[12],
        characters: counts[13],
    })
}

#[test]
fn the_cost_shown_is_the_cost_charged() {
    let runtime = Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::start());
    let one = (frozen(), usage(), 0..1_000_000u32);
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let texts = std::cell::Cell::new(0);
    let outcome = runner.run(&vec(one, 100), |samples| {
        let (mut asked, mut ours) = (Vec::new(), Vec::new());
        for (frozen, usage, markup) in samples {
            let price: Price = serde_json::from_value(frozen.clone()).expect("a price");
            prop_assert_eq!(json!(price), frozen.clone(), "read as it is written");
            ours.push(price.cost(&usage, markup).expect("a cost").0);
            asked.push(json!({"price": frozen, "usage": usage, "markup": markup}));
        }
        let sql = format!(
            "select jsonb_agg(gateway.cost(one -> 'price', one -> 'usage', (one ->> 'markup')::integer) order by place)
             from jsonb_array_elements('{}') with ordinality as asked (one, place)",
            json!(asked)
        );
        prop_assert_eq!(runtime.block_on(world.value(&sql)), json!(ours));
        // What most calls are settled by: it says the same, or nothing.
        let sql = format!(
            "select jsonb_build_array(count(*), count(text), count(*) filter (where text <> gateway.cost(price, usage, markup)))
             from jsonb_array_elements('{}') as asked (one),
               lateral (select one -> 'price' as price, (one ->> 'markup')::integer as markup,
                 (select jsonb_object_agg(name, one -> 'usage' -> name)
                  from unnest('{{prompt,cached,written,completion,reasoning}}'::text[]) as name) as usage) as told,
               lateral jsonb_populate_record(null::gateway.price, price) as p,
               lateral (select case when p.tiers is null and p.reasoning is null then gateway.text_cost(
                 p.prompt, p.cached, p.written, p.completion, p.request, gateway.token_count(usage, 'prompt'),
                 gateway.token_count(usage, 'cached'), gateway.token_count(usage, 'written'),
                 gateway.token_count(usage, 'completion'), markup) end as text) as reckoned",
            json!(asked)
        );
        let told = runtime.block_on(world.value(&sql));
        prop_assert_eq!((told[0].as_u64(), told[2].as_u64()), (Some(100), Some(0)), "{}", told);
        texts.set(texts.get() + told[1].as_u64().unwrap_or_default());
        Ok(())
    });
    runtime.block_on(async move { drop(world) });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(texts.get() > 100, "{} of 4000", texts.get());
}

#[tokio::test]
async fn both_know_the_same_kinds() {
    let world = World::start().await;
    let of = |composite: &str| {
        format!(
            "select jsonb_agg(attname order by attnum) from pg_attribute where attrelid = 'gateway.{composite}'::regclass"
        )
    };
    let mut kinds: Vec<&str> = KINDS.to_vec();
    kinds.push("tiers");
    assert_eq!(world.value(&of("price")).await, json!(kinds));
    let every: Map<String, Value> = KINDS.iter().map(|kind| ((*kind).to_owned(), json!(1))).collect();
    let rates: Rates = serde_json::from_value(json!(every)).expect("prices");
    assert_eq!(json!(rates), json!(every), "a kind that Rust does not know");
    let usage = world.value(&of("usage")).await;
    let counts: Map<String, Value> = usage
        .as_array()
        .expect("names")
        .iter()
        .map(|name| (name.as_str().expect("a name").to_owned(), json!(1)))
        .collect();
    let ours = Usage {
        prompt: 1,
        cached: 1,
        written: 1,
        written_long: 1,
        image_input: 1,
        audio_input: 1,
        completion: 1,
        reasoning: 1,
        image_output: 1,
        audio_output: 1,
        images: 1,
        searches: 1,
        milliseconds: 1,
        characters: 1,
    };
    assert_eq!(json!(ours), json!(counts));
}
