//! Numbers of services as pages show them: order, change against the period before, and drawings of trends. Pure.

use telltale_api::Nanos;
use telltale_api::services::{OperationView, Red, ServiceView};

use crate::chart::Unit;
use crate::format;

/// Ways to sort services and operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By name, from A.
    Name,
    /// By requests a second.
    Rate,
    /// By share of errors.
    Errors,
    /// By the median.
    P50,
    /// By the 95th percentile.
    P95,
    /// By the 99th.
    P99,
    /// By how much the 95th percentile grew.
    Slower,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 7] = [Self::Name, Self::Rate, Self::Errors, Self::P50, Self::P95, Self::P99, Self::Slower];

    /// Returns the word of the address.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Rate => "rate",
            Self::Errors => "errors",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Slower => "slower",
        }
    }

    /// Reads the word of an address; by rate when there is none.
    #[must_use]
    pub fn of_word(word: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|order| Some(order.word()) == word).unwrap_or(Self::Rate)
    }
}

/// What is sorted: a service or an operation.
pub trait Measured {
    /// Its name.
    fn name(&self) -> &str;
    /// In the range.
    fn now(&self) -> &Red;
    /// In the range before.
    fn before(&self) -> Option<&Red>;
}

impl Measured for ServiceView {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    fn now(&self) -> &Red {
        &self.now
    }

    fn before(&self) -> Option<&Red> {
        self.before.as_ref()
    }
}

impl Measured for OperationView {
    fn name(&self) -> &str {
        &self.name
    }

    fn now(&self) -> &Red {
        &self.now
    }

    fn before(&self) -> Option<&Red> {
        self.before.as_ref()
    }
}

/// Sorts by an order, most first, names ascending; equal ones by name.
pub fn sort<T: Measured>(list: &mut [&T], order: Order) {
    list.sort_by(|one, other| {
        let key = |of: &T| number(of, order);
        let by_number = if order == Order::Name { std::cmp::Ordering::Equal } else { key(other).total_cmp(&key(one)) };
        by_number.then_with(|| one.name().cmp(other.name()))
    });
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "an order needs no exact number")]
fn number<T: Measured>(of: &T, order: Order) -> f64 {
    let now = of.now();
    match order {
        Order::Name => 0.0,
        Order::Rate => now.requests,
        Order::Errors => now.error_share,
        Order::P50 => now.p50_ns.0 as f64,
        Order::P95 => now.p95_ns.0 as f64,
        Order::P99 => now.p99_ns.0 as f64,
        Order::Slower => of
            .before()
            .filter(|before| before.p95_ns.0 > 0 && now.requests > 0.0)
            .map_or(f64::NEG_INFINITY, |before| now.p95_ns.0 as f64 / before.p95_ns.0 as f64),
    }
}

/// Requests a second; rare ones a minute or an hour.
#[must_use]
pub fn rate(rate: f64) -> String {
    let (number, unit) = match rate {
        _ if rate <= 0.0 => (0.0, "s"),
        _ if rate >= 1.0 => (rate, "s"),
        _ if rate * 60.0 >= 1.0 => (rate * 60.0, "min"),
        _ => (rate * 3_600.0, "h"),
    };
    // Two digits are enough of a rate, and read well in a column.
    let number = if number < 100.0 { (number * 10.0).round() / 10.0 } else { number };
    format!("{}/{unit}", Unit::Plain.format(number, false)).replace(' ', "\u{a0}")
}

/// A length of time that was chosen from a list: `15 min`, `6 h`, `7 d`.
#[must_use]
pub fn length(nanos: u64) -> String {
    let seconds = (nanos + 500_000_000) / 1_000_000_000;
    for (unit, of) in [(86_400, "d"), (3_600, "h"), (60, "min")] {
        if seconds >= unit && seconds.is_multiple_of(unit) {
            return format!("{}\u{a0}{of}", seconds / unit);
        }
    }
    format::duration(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// A number of requests, which weights may have made fractional.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::as_conversions, reason = "casts saturate")]
pub fn requests(requests: f64) -> String {
    format::count(requests.round() as u64)
}

/// A share of errors: none is a dash, few are not none.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::as_conversions, reason = "0 to 1000")]
pub fn share(share: f64) -> String {
    if share <= 0.0 {
        return "–".to_owned();
    }
    let permille = (share.min(1.0) * 1_000.0).round() as u32;
    match permille {
        0 => "<\u{a0}0.1\u{a0}%".to_owned(),
        1..100 => format!("{}\u{a0}%", Unit::Plain.format(f64::from(permille) / 10.0, false)),
        _ => format::permille(permille),
    }
}

/// A duration; a dash where there were no requests.
#[must_use]
pub fn time(of: &Red, nanos: Nanos) -> String {
    if of.requests > 0.0 { format::duration(i64::try_from(nanos.0).unwrap_or(i64::MAX)) } else { "–".to_owned() }
}

/// How something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// In words: `+310 %`, `−12 %`, `as before`, `new`, `silent`.
    pub words: String,
    /// Whether a reader should look at it.
    pub is_worse: bool,
}

fn change(words: impl Into<String>, is_worse: bool) -> Option<Change> {
    Some(Change { words: words.into(), is_worse })
}

/// Change of requests; that there are none any more is worth a look.
#[must_use]
pub fn rate_change(now: &Red, before: Option<&Red>) -> Option<Change> {
    match before {
        None if now.requests > 0.0 => change("new", false),
        None => None,
        Some(_) if now.requests <= 0.0 => change("silent now", true),
        Some(before) => change(ratio(now.requests, before.requests), false),
    }
}

/// Change of the 95th percentile; a quarter more is worth a look.
#[must_use]
#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "read with three digits")]
pub fn time_change(now: &Red, before: Option<&Red>) -> Option<Change> {
    let before = before.filter(|before| before.p95_ns.0 > 0 && now.requests > 0.0)?;
    let (now, before) = (now.p95_ns.0 as f64, before.p95_ns.0 as f64);
    change(ratio(now, before), now > before * 1.25)
}

/// Change of the share of errors, in points; half a point more is worth a look.
#[must_use]
pub fn error_change(now: &Red, before: Option<&Red>) -> Option<Change> {
    let before = before.filter(|_| now.requests > 0.0)?;
    let points = (now.error_share - before.error_share) * 100.0;
    if points.abs() < 0.05 {
        return None;
    }
    let sign = if points > 0.0 { "+" } else { "−" };
    let words = Unit::Plain.format((points.abs() * 10.0).round() / 10.0, false);
    change(format!("{sign}{words}\u{a0}points"), points >= 0.5)
}

/// A ratio in words; beyond ten times as a factor.
fn ratio(now: f64, before: f64) -> String {
    let factor = now / before;
    let percent = ((factor - 1.0) * 100.0).round();
    if factor >= 10.0 {
        format!("×{}", Unit::Plain.format(factor.round(), false).replace(' ', "\u{a0}"))
    } else if percent.abs() < 1.0 {
        "as before".to_owned()
    } else if percent > 0.0 {
        format!("+{percent:.0}\u{a0}%")
    } else {
        format!("−{:.0}\u{a0}%", percent.abs())
    }
}

/// Bars of a trend as one path in a box of the given size; `most` is the value of full height. Small values stay visible.
#[must_use]
pub fn bars(values: &[f64], most: f64, (width, height): (f64, f64)) -> String {
    let mut out = String::new();
    let Some(step) = (!values.is_empty()).then(|| width / count(values.len())) else { return out };
    for (at, value) in values.iter().enumerate() {
        if *value > 0.0 && most > 0.0 {
            let tall = (value / most * height).clamp(1.0, height);
            let x = step * count(at);
            out.push_str(&format!("M{x:.1},{height:.0}v-{tall:.1}h{:.1}v{tall:.1}z", (step - 1.0).max(0.5)));
        }
    }
    out
}

/// A line of stairs through the steps that have a value; `most` is the value at the top.
#[must_use]
pub fn line(values: &[f64], most: f64, (width, height): (f64, f64)) -> String {
    let mut out = String::new();
    let step = width / count(values.len().max(1));
    let mut joined = false;
    for (at, value) in values.iter().enumerate() {
        if *value <= 0.0 || most <= 0.0 {
            joined = false;
            continue;
        }
        // Half a pixel of the line's width stays inside.
        let (x, y) = (step * count(at), 1.0 + (height - 2.0) * (1.0 - value / most));
        out.push_str(&format!("{}{x:.1},{y:.1}h{step:.1}", if joined { 'L' } else { 'M' }));
        joined = true;
    }
    out
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "steps of a drawing")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn red(requests: f64, error_share: f64, p95: u64) -> Red {
        Red { requests, rate: requests / 60.0, error_share, p95_ns: Nanos(p95), ..Red::default() }
    }

    fn service(name: &str, now: Red, before: Option<Red>) -> ServiceView {
        ServiceView { name: Some(name.to_owned()), now, before, ..ServiceView::default() }
    }

    #[test]
    fn every_order_is_read_back_and_sorts() {
        for order in Order::ALL {
            assert_eq!(Order::of_word(Some(order.word())), order);
        }
        assert_eq!(Order::of_word(Some("nonsense")), Order::Rate);
        let (a, b, c) = (
            service("a", red(5.0, 0.5, 10), Some(red(1.0, 0.0, 10))),
            service("b", red(9.0, 0.0, 90), Some(red(1.0, 0.0, 10))),
            service("c", red(0.0, 0.0, 0), Some(red(1.0, 0.0, 10))),
        );
        let sorted = |order| {
            let mut list = vec![&a, &b, &c];
            list.rotate_left(1);
            sort(&mut list, order);
            list.iter().map(|one| one.name()).collect::<String>()
        };
        let found = [Order::Name, Order::Rate, Order::Errors, Order::P95, Order::Slower].map(sorted);
        assert_eq!(found, ["abc", "bac", "abc", "bac", "bac"]);
    }

    #[test]
    fn numbers_and_changes_in_words() {
        assert_eq!(
            (share(0.0), share(0.000_1), share(0.061)),
            ("–".into(), "<\u{a0}0.1\u{a0}%".into(), "6.1\u{a0}%".into())
        );
        assert_eq!([212.4, 0.5, 0.001, 12_345.0, 0.0].map(rate), ["212/s", "30/min", "3.6/h", "12.3\u{a0}k/s", "0/s"]);
        let lengths = [900, 21_600, 604_800, 59].map(|seconds| length(seconds * 1_000_000_000));
        assert_eq!(lengths, ["15\u{a0}min", "6\u{a0}h", "7\u{a0}d", "59.0\u{a0}s"]);
        let words = |change: Option<Change>| change.map(|change| (change.words, change.is_worse)).unwrap_or_default();
        let (now, before) = (red(100.0, 0.1, 200), red(50.0, 0.0, 100));
        assert_eq!(words(rate_change(&now, Some(&before))), ("+100\u{a0}%".into(), false));
        assert_eq!(words(rate_change(&now, None)), ("new".into(), false));
        assert_eq!(words(rate_change(&red(0.0, 0.0, 0), Some(&before))), ("silent now".into(), true));
        assert_eq!(words(time_change(&now, Some(&before))), ("+100\u{a0}%".into(), true));
        assert_eq!(words(time_change(&before, Some(&now))), ("−50\u{a0}%".into(), false));
        assert_eq!(words(time_change(&now, Some(&now))), ("as before".into(), false));
        assert_eq!(words(time_change(&red(1.0, 0.0, 5_000), Some(&before))), ("×50".into(), true));
        assert_eq!(words(error_change(&now, Some(&before))), ("+10\u{a0}points".into(), true));
        assert_eq!(error_change(&now, Some(&now)), None);
        assert_eq!(time(&red(0.0, 0.0, 0), Nanos(0)), "–");
    }

    proptest! {
        /// Whatever the numbers: drawings stay in their box and words have no NaN.
        #[test]
        fn drawings_stay_in_their_box(values in prop::collection::vec(0.0_f64..1e12, 0..60), now in 0.0_f64..1e9, before in 0.001_f64..1e9) {
            let most = values.iter().copied().fold(0.0, f64::max);
            let (bars, line) = (bars(&values, most, (100.0, 20.0)), line(&values, most, (100.0, 20.0)));
            prop_assert!(!bars.contains("NaN") && !line.contains("NaN") && !line.contains("inf"));
            prop_assert_eq!(bars.matches('M').count(), values.iter().filter(|value| **value > 0.0).count());
            for pair in line.split(['M', 'L']).filter(|part| !part.is_empty()) {
                let (x, y) = pair.split_once('h').unwrap().0.split_once(',').unwrap();
                prop_assert!((0.0..=100.0).contains(&x.parse::<f64>().unwrap()) && (0.0..=20.0).contains(&y.parse::<f64>().unwrap()));
            }
            prop_assert!(!ratio(now, before).contains("NaN"));
        }
    }
}
