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

/// The figures of a run: tables below each other, each with its own columns.
#[derive(Default)]
pub struct Table {
    parts: Vec<Part>,
}

struct Part {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins a table; the first head is that of the figures' names.
    pub fn begin(&mut self, heads: &[&str]) {
        let heads: Vec<_> = heads.iter().map(|head| (*head).to_owned()).collect();
        if self.parts.last().is_none_or(|part| part.heads != heads) {
            self.parts.push(Part { heads, rows: Vec::new() });
        }
    }

    /// Begins the table of what the stand-in does by itself and what through the gateway.
    pub fn begin_added(&mut self) {
        self.begin(&["", "stand-in", "gateway", "added", "ratio"]);
    }

    /// A figure that both have, in `unit`: the medians over the rounds of each and of their difference.
    pub fn compare(&mut self, figure: &str, unit: &str, first: &[f64], second: &[f64]) {
        let added = median(second.iter().zip(first).map(|(second, first)| second - first));
        let (first, second) = (median(first.iter().copied()), median(second.iter().copied()));
        let ratio = if first > 0.0 { format!("{:.2}", second / first) } else { String::new() };
        let added = if unit.ends_with("/s") { String::new() } else { number(added) };
        self.push(vec![format!("{figure}, {unit}"), number(first), number(second), added, ratio]);
    }

    /// A figure of the gateway alone.
    pub fn single(&mut self, figure: &str, unit: &str, value: f64) {
        self.push(vec![format!("{figure}, {unit}"), String::new(), number(value), String::new(), String::new()]);
    }

    /// A figure with one value a column, some of which do not have it: the medians over the rounds.
    pub fn row(&mut self, figure: &str, unit: &str, columns: &[Option<Vec<f64>>]) {
        let cell = |values: &Option<Vec<f64>>| values.as_ref().map_or_else(String::new, |v| number(median(v.clone())));
        let figure = if unit.is_empty() { figure.to_owned() } else { format!("{figure}, {unit}") };
        self.push(std::iter::once(figure).chain(columns.iter().map(cell)).collect());
    }

    fn push(&mut self, row: Vec<String>) {
        // The whole table comes at the end; a long run should show how it goes.
        eprintln!("  {}", row.iter().filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join(" | "));
        if self.parts.is_empty() {
            self.begin_added();
        }
        if let Some(part) = self.parts.last_mut() {
            part.rows.push(row);
        }
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
        for part in self.parts.iter().filter(|part| !part.rows.is_empty()) {
            writeln!(f)?;
            part.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&self.heads]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default().max(2)
        };
        let widths: Vec<usize> = (0..self.heads.len()).map(width).collect();
        let mut line = |cells: &[String]| {
            for (place, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                if place == 0 { write!(f, "| {cell:<width$} |")? } else { write!(f, " {cell:>width$} |")? }
            }
            writeln!(f)
        };
        line(&self.heads)?;
        let rule = |(place, width): (usize, &usize)| {
            if place == 0 { "-".repeat(*width) } else { "-".repeat(width - 1) + ":" }
        };
        line(&widths.iter().enumerate().map(rule).collect::<Vec<_>>())?;
        self.rows.iter().try_for_each(|row| line(row))
    }
}
