//! A plan in the making: operators in order with their depth, before times are told apart.

use telltale_api::plan::PlanDetail;

use crate::limits::PLAN_DETAILS;

/// One operator as its format gives it.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// Levels below the top.
    pub depth: u32,
    /// What it does.
    pub name: String,
    /// What it works on.
    pub target: Option<String>,
    /// Estimated cost with its inputs, as written.
    pub cost: Option<String>,
    /// Rows expected at each run.
    pub rows_estimated: Option<f64>,
    /// Rows that came at each run.
    pub rows: Option<f64>,
    /// Runs.
    pub loops: Option<f64>,
    /// Measured time with its inputs, all runs together, in milliseconds.
    pub time_ms: Option<f64>,
    /// Measured time without its inputs, for formats that measure it so.
    pub own_ms: Option<f64>,
    /// Everything else.
    pub details: Vec<PlanDetail>,
    /// Details beyond the bound.
    pub details_left_out: usize,
}

impl Draft {
    /// Begins an operator.
    pub(super) fn new(depth: usize, name: impl Into<String>) -> Self {
        Self { depth: u32::try_from(depth).unwrap_or(u32::MAX), name: name.into(), ..Self::default() }
    }

    /// Adds a statement, at most [`PLAN_DETAILS`] of them.
    pub(super) fn detail(&mut self, key: &str, value: impl Into<String>) {
        if self.details.len() < PLAN_DETAILS {
            self.details.push(PlanDetail { key: key.to_owned(), value: value.into() });
        } else {
            self.details_left_out += 1;
        }
    }

    /// Reads `(cost=1..2 rows=3) (actual time=1..2 rows=3 loops=4)`, as PostgreSQL and MySQL write behind a node.
    pub(super) fn read_figures(&mut self, figures: &str) {
        let inside = |start: &str| after(figures, start).map(|rest| rest.split(')').next().unwrap_or(rest));
        if let Some(estimate) = inside("(cost=") {
            let range = estimate.split(' ').next().unwrap_or("");
            self.cost = Some(range.rsplit("..").next().unwrap_or(range).to_owned());
            self.rows_estimated = after(estimate, "rows=").and_then(leading_number);
        }
        if let Some(actual) = inside("(actual ") {
            self.rows = after(actual, "rows=").and_then(leading_number);
            self.loops = after(actual, "loops=").and_then(leading_number);
            let times = after(actual, "time=").and_then(|rest| rest.split(' ').next());
            let end = times.and_then(|range| range.rsplit("..").next());
            self.time_ms = end.and_then(leading_number).map(|ms| ms * self.loops.unwrap_or(1.0));
        }
        if figures.contains("(never executed)") {
            self.loops = Some(0.0);
            self.detail("", "never executed");
        }
    }

    /// Adds a statement written as `Key: value`.
    pub(super) fn detail_line(&mut self, line: &str) {
        match line.split_once(": ") {
            Some((key, value)) => self.detail(key.trim(), value.trim()),
            None => self.detail("", line.trim()),
        }
    }
}

/// A whole plan as its format gives it.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    /// `postgresql` …
    pub format: &'static str,
    /// The format in words.
    pub label: &'static str,
    /// Operators, each before its inputs.
    pub nodes: Vec<Draft>,
    /// What was said beside them.
    pub notes: Vec<String>,
}

impl Sketch {
    /// Begins a plan.
    pub(super) fn new(format: &'static str, label: &'static str) -> Self {
        Self { format, label, ..Self::default() }
    }
}

/// Reads a number that may be followed by anything.
pub(super) fn leading_number(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let digits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    let mut end = text.bytes().take_while(|byte| digits(*byte)).count();
    // `0.00..35.50` is two numbers.
    if let Some(dots) = text.get(..end)?.find("..") {
        end = dots;
    }
    let number: f64 = text.get(..end)?.trim_end_matches(['.', 'e', 'E', '-', '+']).parse().ok()?;
    number.is_finite().then_some(number)
}

/// Returns what stands behind `key` in a text, such as `rows=` in `(cost=1..2 rows=3 width=4)`.
pub(super) fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split_once(key).map(|(_before, after)| after)
}
