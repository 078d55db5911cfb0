//! What a route costs: of each kind of token the dearer of what both lists say, for every length of a prompt.

use std::collections::BTreeMap;

use super::figures::{Figure, Listed, ListedPrices, READ_ON, Second, SecondPrice, SecondPrices};

/// Nano-dollars of a million tokens of each kind (of a request: of one), by the names of `gateway.price`.
pub type Kinds = BTreeMap<&'static str, i64>;

/// The second list's names, and ours.
const KINDS: [(&str, &str); 6] = [
    ("input_mtok", "prompt"),
    ("output_mtok", "completion"),
    ("cache_read_mtok", "cached"),
    ("cache_write_mtok", "written"),
    ("cache_write_1h_mtok", "written_long"),
    ("input_image_mtok", "image_input"),
];
/// What is asked for apart, and refused here or not taken by any model of this seed.
const NOT_ASKED: [&str; 7] = [
    "web_searches_kcount",
    "storage_searches_kcount",
    "input_audio_mtok",
    "output_audio_mtok",
    "cache_audio_read_mtok",
    "input_video_mtok",
    "output_video_mtok",
];

/// The prices of a route.
#[derive(Debug, PartialEq, Eq)]
pub struct Price {
    /// Those of the shortest prompts, and those above so many tokens, ascending.
    pub steps: Vec<(u64, Kinds)>,
    /// Those of certain hours of a day, in UTC.
    pub windows: Vec<Window>,
}

/// Prices from one minute of the day until another.
#[derive(Debug, PartialEq, Eq)]
pub struct Window {
    pub from: String,
    pub until: String,
    pub kinds: Kinds,
}

/// Where the two lists differ.
pub type Difference = (&'static str, i64, i64);

/// What the route of a figure costs, and where the lists differ.
///
/// # Errors
/// Why it cannot be said with the kinds that there are.
pub fn of(figure: &Figure) -> Result<(Price, Vec<Difference>), String> {
    let listed = figure.listed.as_ref().map(listed_steps).ok_or("nobody says what it costs")?;
    let Some(second) = &figure.second else { return finished(figure, listed, Vec::new(), Vec::new()) };
    let (always, hours) = in_force(second);
    let second = second_steps(always)?;
    let differences = second[0]
        .1
        .iter()
        .filter_map(|(kind, price)| Some((*kind, *listed[0].1.get(kind)?, *price)).filter(|(_, a, b)| a != b))
        .collect();
    let mut windows = Vec::new();
    for (from, until, prices) in hours {
        let [(_, kinds)] = &second_steps(prices)?[..] else { return Err("it costs more by length and by hour".into()) };
        windows.push(Window { from, until, kinds: dearer(&listed[0].1, kinds) });
    }
    let mut lengths: Vec<u64> = listed.iter().chain(&second).map(|(above, _)| *above).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let merged = lengths.into_iter().map(|above| (above, dearer(&at(&listed, above), &at(&second, above)))).collect();
    finished(figure, merged, windows, differences)
}

/// The prices at a length: of each kind the last that is named up to there.
fn at(steps: &[(u64, Kinds)], above: u64) -> Kinds {
    steps.iter().take_while(|(from, _)| *from <= above).flat_map(|(_, kinds)| kinds.clone()).collect()
}

fn dearer(one: &Kinds, other: &Kinds) -> Kinds {
    let mut dearer = one.clone();
    for (kind, price) in other {
        let there = dearer.entry(kind).or_insert(*price);
        *there = (*there).max(*price);
    }
    dearer
}

fn listed_steps(listed: &Listed) -> Vec<(u64, Kinds)> {
    let mut steps = vec![(0, listed_kinds(&listed.base()))];
    steps.extend(listed.tiers.iter().map(|tier| (tier.tier.size, listed_kinds(&tier.prices))));
    if let (true, Some(long)) = (listed.tiers.is_empty(), &listed.context_over_200k) {
        steps.push((200_000, listed_kinds(long)));
    }
    steps.sort_by_key(|(above, _)| *above);
    steps
}

fn listed_kinds(prices: &ListedPrices) -> Kinds {
    let ListedPrices { input, output, cache_read, cache_write, reasoning } = prices;
    // Where thinking has a price of its own, the whole answer of a model that thinks may have it.
    let completion = reasoning.map_or(output.0, |reasoning| reasoning.0.max(output.0));
    let optional = [("cached", cache_read), ("written", cache_write)];
    let optional = optional.into_iter().filter_map(|(kind, price)| Some((kind, price.as_ref()?.0)));
    [("prompt", input.0), ("completion", completion)].into_iter().chain(optional).collect()
}

/// Of prices by day and hour those of the day on which the lists were read, and those of certain hours.
fn in_force(second: &Second) -> (&SecondPrices, Vec<(String, String, &SecondPrices)>) {
    static NONE: SecondPrices = SecondPrices::new();
    let dated = match second {
        Second::Always(prices) => return (prices, Vec::new()),
        Second::Dated(dated) => dated,
    };
    let (mut always, mut hours) = (&NONE, Vec::new());
    for entry in dated {
        match &entry.constraint {
            Some(hour) if hour.start_time.is_some() => {
                let minute = |time: &Option<String>| time.as_deref().unwrap_or("00:00")[..5].to_owned();
                hours.push((minute(&hour.start_time), minute(&hour.end_time), &entry.prices));
            }
            Some(day) if day.start_date.as_deref().is_some_and(|day| day > READ_ON) => {}
            _ => {
                always = &entry.prices;
                hours.clear();
            }
        }
    }
    (always, hours)
}

fn second_steps(prices: &SecondPrices) -> Result<Vec<(u64, Kinds)>, String> {
    let mut steps: BTreeMap<u64, Kinds> = BTreeMap::from([(0, Kinds::new())]);
    for (name, price) in prices {
        if NOT_ASKED.contains(&name.as_str()) {
            continue;
        }
        let (base, tiers) = match price {
            SecondPrice::One(base) => (base.0, &[][..]),
            SecondPrice::Tiered { base, tiers } => (base.0, &tiers[..]),
        };
        if name == "requests_kcount" {
            steps.entry(0).or_default().insert("request", base / 1000);
            continue;
        }
        let Some((_, kind)) = KINDS.iter().find(|(theirs, _)| theirs == name) else {
            return Err(format!("{name} is charged apart"));
        };
        for (above, price) in [(0, base)].into_iter().chain(tiers.iter().map(|tier| (tier.start, tier.price.0))) {
            steps.entry(above).or_default().insert(kind, price);
        }
    }
    Ok(steps.into_iter().collect())
}

/// Fills in what no list says, never below what is charged.
fn finished(
    figure: &Figure,
    mut steps: Vec<(u64, Kinds)>,
    mut windows: Vec<Window>,
    differences: Vec<Difference>,
) -> Result<(Price, Vec<Difference>), String> {
    if !windows.is_empty() && steps.len() > 1 {
        return Err("it costs more by length and by hour".into());
    }
    let mut base = steps[0].1.clone();
    if base["prompt"] > 0 && base.get("cached") == Some(&0) {
        // A list's way to say that it does not know.
        base.remove("cached");
        steps[0].1.remove("cached");
    }
    for kinds in steps.iter_mut().map(|(_, kinds)| kinds).chain(windows.iter_mut().map(|window| &mut window.kinds)) {
        complete(kinds, &base, figure.id.contains("claude"));
    }
    steps.dedup_by(|later, earlier| later.1 == earlier.1);
    Ok((Price { steps, windows }, differences))
}

fn complete(kinds: &mut Kinds, base: &Kinds, keeps_an_hour: bool) {
    let (prompt, base_prompt) = (kinds["prompt"], base["prompt"]);
    for (kind, price) in base.iter().filter(|(kind, _)| **kind != "request") {
        if !kinds.contains_key(kind) {
            // What a longer prompt's price does not name rises with it.
            let risen = (i128::from(*price) * i128::from(prompt)).div_euclid(i128::from(base_prompt.max(1))) + 1;
            let risen = if prompt == base_prompt { i128::from(*price) } else { risen };
            kinds.insert(kind, i64::try_from(risen).unwrap_or(i64::MAX));
        }
    }
    if let Some(written) = kinds.get("written").copied().filter(|written| *written < prompt) {
        // What is kept is charged beside what is read.
        kinds.insert("written", prompt + written);
    }
    if keeps_an_hour && kinds.contains_key("written") && !kinds.contains_key("written_long") {
        kinds.insert("written_long", prompt * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(prices: &str) -> Result<Price, String> {
        let figure = format!(
            r#"{{"provider":"x","id":"claude-x","name":"X","input":["text"],"output":["text"],"context":1,"max_output":1,{prices}}}"#
        );
        of(&serde_json::from_str(&figure).expect("a figure")).map(|(price, _)| price)
    }

    #[test]
    fn of_two_lists_the_dearer_holds_at_every_length() {
        let price = price(
            r#""listed":{"input":"1","output":"5","cache_read":"0.1","tiers":[{"input":"2","output":"7","tier":{"type":"context","size":"200000"}}]},
               "second":{"input_mtok":{"base":"1.5","tiers":[{"start":"100000","price":"1.8"}]},"output_mtok":"4","web_searches_kcount":"10"}"#,
        )
        .expect("a price");
        let of = |place: usize, kind: &str| (price.steps[place].0, price.steps[place].1[kind]);
        assert_eq!(price.steps.len(), 3);
        assert_eq!((of(0, "prompt"), of(0, "completion")), ((0, 1_500_000_000), (0, 5_000_000_000)));
        assert_eq!((of(1, "prompt"), of(1, "completion")), ((100_000, 1_800_000_000), (100_000, 5_000_000_000)));
        assert_eq!((of(2, "prompt"), of(2, "completion")), ((200_000, 2_000_000_000), (200_000, 7_000_000_000)));
        assert!(price.steps.iter().all(|(_, kinds)| kinds["cached"] >= 100_000_000));
    }

    #[test]
    fn what_no_kind_can_say_is_no_price_and_what_a_list_leaves_out_is_not_cheaper() {
        assert!(
            price(r#""listed":{"input":"1","output":"5"},"second":{"input_mtok":"1","audio_hours":"0.1"}"#).is_err()
        );
        let written =
            price(r#""listed":{"input":"1","output":"5","cache_write":"0.25","cache_read":"0"}"#).expect("a price");
        let kinds = &written.steps[0].1;
        assert_eq!((kinds["written"], kinds["written_long"]), (1_250_000_000, 2_000_000_000));
        assert!(!kinds.contains_key("cached"));
        let thinks = price(r#""listed":{"input":"1","output":"5","reasoning":"9"}"#).expect("a price");
        assert_eq!(thinks.steps[0].1["completion"], 9_000_000_000);
    }

    #[test]
    fn the_price_of_the_day_holds_and_hours_have_their_own() {
        let price = price(
            r#""listed":{"input":"1","output":"1"},"second":[{"prices":{"input_mtok":"9"}},
               {"constraint":{"start_date":"2026-01-01"},"prices":{"input_mtok":"2"}},
               {"constraint":{"start_date":"2027-01-01"},"prices":{"input_mtok":"8"}},
               {"constraint":{"start_time":"01:00:00+00:00","end_time":"04:00:00+00:00"},"prices":{"input_mtok":"4"}}]"#,
        )
        .expect("a price");
        assert_eq!(price.steps[0].1["prompt"], 2_000_000_000);
        assert_eq!((&*price.windows[0].from, &*price.windows[0].until), ("01:00", "04:00"));
        assert_eq!(price.windows[0].kinds["prompt"], 4_000_000_000);
    }
}
