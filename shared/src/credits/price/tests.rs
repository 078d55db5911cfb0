use super::*;

const PRICE: Rates = Rates {
    prompt: Some(150_000_000),
    cached: Some(75_000_000),
    written: Some(300_000_000),
    completion: Some(600_000_000),
    request: Some(0),
    ..NOTHING
};
const NOTHING: Rates = Rates {
    prompt: None,
    cached: None,
    written: None,
    written_long: None,
    image_input: None,
    audio_input: None,
    completion: None,
    reasoning: None,
    image_output: None,
    audio_output: None,
    request: None,
    image: None,
    search: None,
    second: None,
    character: None,
};

fn cost(rates: Rates, usage: Usage) -> i64 {
    Price { rates, tiers: Vec::new() }.cost(&usage, 10_000).expect("a cost").0
}

#[test]
fn a_fraction_of_a_nano_dollar_is_rounded_up_once() {
    let usage = Usage { prompt: 1000, cached: 400, written: 100, completion: 20, ..Usage::default() };
    assert_eq!(cost(PRICE, usage), 147_000);
    let contradictory = Usage { prompt: 100, cached: 90, written: 60, ..Usage::default() };
    assert_eq!(cost(PRICE, contradictory), 40 * 75 + 60 * 300);
    assert_eq!(cost(Rates { cached: Some(600_000_000), ..PRICE }, contradictory), 90 * 600 + 10 * 300);
    let tiny = Rates { prompt: Some(1), completion: Some(1), request: Some(0), ..NOTHING };
    assert_eq!(cost(tiny, Usage { prompt: 1, completion: 1, ..Usage::default() }), 1);
    assert_eq!(cost(tiny, Usage::default()), 0);
    let unpriced = Price { rates: Rates { prompt: None, ..PRICE }, tiers: Vec::new() };
    assert_eq!(unpriced.cost(&usage, 10_000), None);
}

#[test]
fn what_comes_on_top_of_a_price_comes_on_top_of_each_of_its_tiers() {
    let dearer = Tier { above: 100, rates: Rates { request: Some(5), ..NOTHING } };
    let price = Price { rates: PRICE, tiers: vec![dearer] }.with_request(Nanos(7));
    for (prompt, request) in [(100, 7), (101, 12)] {
        assert_eq!(
            price.cost(&Usage::of(prompt, 0), 10_000),
            Some(Nanos(i64::try_from(prompt * 150).expect("small") + request))
        );
    }
}

#[test]
fn each_kind_has_its_price_and_else_the_common_one() {
    let usage = Usage {
        prompt: 1000,
        cached: 100,
        written: 300,
        written_long: 200,
        image_input: 50,
        audio_input: 10,
        completion: 100,
        reasoning: 30,
        image_output: 20,
        audio_output: 10,
        ..Usage::default()
    };
    let common = 540 * 150 + 100 * 75 + 300 * 300 + 60 * 150 + 100 * 600;
    assert_eq!(cost(PRICE, usage), common);
    let apart = Rates {
        written_long: Some(500_000_000),
        image_input: Some(200_000_000),
        audio_input: Some(1_000_000_000),
        reasoning: Some(700_000_000),
        image_output: Some(9_000_000_000),
        audio_output: Some(800_000_000),
        ..PRICE
    };
    let more = 200 * 200 + 50 * 50 + 10 * 850 + 30 * 100 + 20 * 8400 + 10 * 200;
    assert_eq!(cost(apart, usage), common + more);
}

#[test]
fn units_cost_beside_tokens() {
    let rates = Rates {
        request: Some(7),
        image: Some(40_000_000),
        search: Some(2_000_000),
        second: Some(100_001),
        character: Some(15_000_000_000),
        ..PRICE
    };
    let usage = Usage { images: 2, searches: 3, milliseconds: 1500, characters: 11, ..Usage::default() };
    assert_eq!(cost(rates, usage), 7 + 80_000_000 + 6_000_000 + 150_002 + 165_000);
}

#[test]
fn a_prompt_above_a_tier_is_charged_at_its_price_as_a_whole() {
    let tier = |above, prompt| Tier { above, rates: Rates { prompt: Some(prompt), cached: Some(0), ..NOTHING } };
    let price = Price { rates: PRICE, tiers: vec![tier(500, 2_000_000_000), tier(200, 1_000_000_000)] };
    let cost = |prompt| price.cost(&Usage { prompt, completion: 1, ..Usage::default() }, 10_000).map(|cost| cost.0);
    assert_eq!(cost(200), Some(200 * 150 + 600));
    assert_eq!(cost(201), Some(201 * 1_000 + 600));
    assert_eq!(cost(500), Some(500 * 1_000 + 600));
    assert_eq!(cost(501), Some(501 * 2_000 + 600));
}

#[test]
fn it_is_read_and_written_as_the_hold_has_it() {
    let text = r#"{"prompt":1,"completion":2,"request":0,"second":4,"tiers":[{"above":9,"prompt":3}]}"#;
    let price: Price = serde_json::from_str(text).expect("a price");
    assert_eq!((price.rates.second, price.tiers[0].rates.prompt), (Some(4), Some(3)));
    assert_eq!(serde_json::to_string(&price).expect("json"), text);
}
