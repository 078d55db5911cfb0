//! From samples to figures, and the table that shows them.

use std::fmt;
use std::time::Duration;

/// The median; of an even number the mean of the middle two. Zero of nothing.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => 0.0,
        n if n % 2 == 0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures[middle],
    }
}

/// The sample that `share` of all samples do not exceed, in µs.
pub fn percentile(samples: &mut [Duration], share: f64) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    samples.sort_unstable();
    let place = (share * samples.len() as f64).ceil() as usize;
    micros(samples[place.clamp(1, samples.len()) - 1])
}

/// A duration in µs.
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The figures of a run.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 5]>,
}

impl Table {
    /// A figure that both have, in `unit`: the medians over the rounds of each and of their difference.
    pub fn compare(&mut self, figure: &str, unit: &str, direct: &[f64], gateway: &[f64]) {
        let added = median(gateway.iter().zip(direct).map(|(gateway, direct)| gateway - direct));
        let (direct, gateway) = (median(direct.iter().copied()), median(gateway.iter().copied()));
        let ratio = if direct > 0.0 { format!("{:.2}", gateway / direct) } else { String::new() };
        self.push([
            format!("{figure}, {unit}"),
            number(direct),
            number(gateway),
            if unit.ends_with("/s") { String::new() } else { number(added) },
            ratio,
        ]);
    }

    /// A figure of the gateway alone.
    pub fn single(&mut self, figure: &str, unit: &str, value: f64) {
        self.push([format!("{figure}, {unit}"), String::new(), number(value), String::new(), String::new()]);
    }

    fn push(&mut self, row: [String; 5]) {
        // The whole table comes at the end; a long run should show how it goes.
        eprintln!("  {}", row.iter().filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join(" | "));
        self.rows.push(row);
    }
}

/// Three significant digits, and whole numbers whole.
fn number(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.places$}")
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["", "stand-in", "gateway", "added", "ratio"].map(str::to_owned);
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&heads]).map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: [usize; 5] = std::array::from_fn(width);
        let mut line = |cells: &[String; 5]| {
            write!(f, "| {:<w$} |", cells[0], w = widths[0])?;
            for (cell, width) in cells.iter().zip(widths).skip(1) {
                write!(f, " {cell:>width$} |")?;
            }
            writeln!(f)
        };
        line(&heads)?;
        let mut rule = widths.map(|width| "-".repeat(width.max(2) - 1) + ":");
        rule[0] = "-".repeat(widths[0]);
        line(&rule)?;
        self.rows.iter().try_for_each(line)
    }
}
