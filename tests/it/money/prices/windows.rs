//! Prices by the hour.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tests::world::World;
use tokio::runtime::Runtime;

use super::{begin, settle, with_route};

/// At which minutes of a day a window is open, worked out here on its own.
fn is_open(from: u32, until: u32, minute: u32) -> bool {
    if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until }
}

#[test]
fn a_call_is_charged_at_the_price_of_its_hour_or_the_dearest_that_it_may_run_into() {
    let runtime = Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::start());
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let day = 1_440u32;
    let sample = (0..day, 0..day, 1..2_000i64, 0..day, 1..180u32);
    let mut runner = TestRunner::new(Config { cases: 20, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&vec(sample, 50), |samples| {
        let (mut asked, mut expected) = (Vec::new(), Vec::new());
        for (from, until, price, now, minutes) in samples {
            let reached = (now..=now + minutes).map(|at| if is_open(from, until, at % day) { price } else { 1_000 });
            expected.push(reached.max().expect("a price"));
            asked.push(json!({"from": clock(from), "until": clock(until), "prompt": price, "now": clock(now),
                              "seconds": minutes * 60}));
        }
        let sql = format!(
            "select jsonb_agg((gateway.price_route(
                 jsonb_populate_record(null::gateway.model_routes, jsonb_build_object(
                   'prompt_price', 1000, 'completion_price', 0, 'request_price', 0,
                   'candidate', '{{\"prompt\": 1000, \"completion\": 0, \"request\": 0}}'::jsonb,
                   'windows', jsonb_build_array(one - '{{now,seconds}}'::text[]))),
                 jsonb_build_object('images', 0, 'modalities', '[]'::jsonb, 'hold_seconds', one -> 'seconds'), 10, 0,
                 ('2026-11-30T' || (one ->> 'now') || ':00Z')::timestamptz)).candidate -> 'prompt' order by place)
             from jsonb_array_elements('{}') with ordinality as asked (one, place)",
            json!(asked)
        );
        prop_assert_eq!(runtime.block_on(world.value(&sql)), json!(expected), "{}", json!(asked));
        Ok(())
    });
    runtime.block_on(async move { drop(world) });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[tokio::test]
async fn a_window_is_open_on_its_days_past_midnight_too_and_may_have_tiers() {
    let world = World::start().await;
    // 2026-11-28 is a Saturday.
    let weekend = r#"{"from": "22:00", "until": "06:00", "days": [6, 7], "prompt": 1}"#;
    for (at, open) in [
        ("2026-11-28T21:59:59Z", false),
        ("2026-11-28T22:00:00Z", true),
        ("2026-11-29T05:59:59Z", true),
        ("2026-11-29T06:00:00Z", false),
        ("2026-11-30T05:59:59Z", true),
        ("2026-11-30T22:00:00Z", false),
        ("2026-11-28T05:00:00Z", false),
    ] {
        assert_eq!(world.value(&format!("select gateway.is_open('{weekend}', '{at}')")).await, json!(open), "{at}");
    }
    let windows = r#"windows = '[{"from": "00:00", "until": "24:00", "prompt": 10000000,
                                  "tiers": [{"above": 500, "prompt": 20000000}]}]'"#;
    let (world, account) = with_route(windows).await;
    let begun = begin(&world, &account, json!({"prompt_bound": 900})).await;
    assert_eq!(settle(&world, &begun, "openrouter", json!({"prompt": 500, "completion": 0})).await, 5_000);
    let begun = begin(&world, &account, json!({"prompt_bound": 900})).await;
    assert_eq!(settle(&world, &begun, "openrouter", json!({"prompt": 501, "completion": 0})).await, 10_020);
}
