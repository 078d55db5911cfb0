//! What happens in a run of the test, drawn by chance.

use proptest::prelude::*;

/// Calls that a run keeps apart.
pub(super) const SLOTS: usize = 5;

#[derive(Clone, Debug)]
pub(super) struct Begin {
    pub(super) slot: usize,
    /// Another call in this slot, if its last one has been finished.
    pub(super) anew: bool,
    pub(super) prices: (i64, i64, i64),
    pub(super) prompt_bound: u64,
    pub(super) output_limit: Option<u64>,
    pub(super) choices: u64,
    pub(super) markup: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Finish {
    pub(super) slot: usize,
    pub(super) outcome: &'static str,
    pub(super) usage: Option<(u64, u64, u64)>,
    pub(super) estimated: bool,
    pub(super) charge_hold: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Event {
    Grant {
        source: &'static str,
        nanos: i64,
        expires_in: Option<u32>,
    },
    Refund {
        nanos: i64,
    },
    Begin(Begin),
    Finish(Finish),
    Sweep,
    /// A crash that loses the hold of a slot and all that was counted with it.
    Crash {
        slot: usize,
    },
    Clock {
        seconds: u32,
    },
}

const SOURCES: [&str; 7] = ["trial", "purchase", "coupon", "admin", "subscription", "credit_back", "referral"];
const OUTCOMES: [&str; 8] =
    ["completed", "completed", "completed", "cut", "client_left", "deadline", "failed", "refused"];

fn prices() -> impl Strategy<Value = (i64, i64, i64)> {
    let price = prop_oneof![Just(0), 1..1000i64, 1_000_000..100_000_000_000i64];
    (price.clone(), price.clone(), price)
}

/// So many tokens, or now and then more than any model has.
fn tokens(most: u64) -> impl Strategy<Value = u64> {
    prop_oneof![9 => 0..most, 1 => 0..2_000_000_000u64]
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    let begin = (
        0..SLOTS,
        any::<bool>(),
        prices(),
        0..5000u64,
        proptest::option::of(1..5000u64),
        1..4u64,
        prop_oneof![Just(10_000u32), 0..30_000u32],
    )
        .prop_map(|(slot, anew, prices, prompt_bound, output_limit, choices, markup)| {
            Event::Begin(Begin { slot, anew, prices, prompt_bound, output_limit, choices, markup })
        });
    let finish = (
        0..SLOTS,
        proptest::sample::select(&OUTCOMES),
        proptest::option::weighted(0.8, (tokens(6_000), tokens(6_000), tokens(20_000))),
        proptest::bool::weighted(0.2),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(slot, outcome, usage, estimated, charge_hold)| {
            Event::Finish(Finish { slot, outcome, usage, estimated, charge_hold })
        });
    let grant = (proptest::sample::select(&SOURCES), 1..20_000_000_000_i64, proptest::option::of(1..200u32))
        .prop_map(|(source, nanos, expires_in)| Event::Grant { source, nanos, expires_in });
    prop_oneof![
        5 => begin,
        5 => finish,
        3 => grant,
        1 => (1..10_000_000_000_i64).prop_map(|nanos| Event::Refund { nanos }),
        1 => Just(Event::Sweep),
        1 => (0..SLOTS).prop_map(|slot| Event::Crash { slot }),
        2 => (1..90u32).prop_map(|seconds| Event::Clock { seconds }),
    ]
}
