//! From values and times to places, and back; numbers at the axes.

use super::{BOTTOM, HEIGHT, LEFT, TOP, WIDTH};
use crate::format;

/// Size of a drawing, in the units of its view box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Default for Size {
    fn default() -> Self {
        Self { width: WIDTH, height: HEIGHT }
    }
}

/// Where a range of times and values lies in the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// First time in seconds.
    pub start: f64,
    /// Last time in seconds.
    pub end: f64,
    /// Value at the bottom.
    pub low: f64,
    /// Value at the top.
    pub high: f64,
    /// Whether round numbers are those of bytes: multiples of 1024.
    pub is_binary: bool,
    /// Of the drawing.
    pub size: Size,
}

impl Scale {
    /// A scale that holds all values, from zero where that is not far away. Values that are no numbers are left out.
    #[must_use]
    pub fn of(start: f64, end: f64, values: impl Iterator<Item = f64>, unit: Unit) -> Self {
        let is_binary = unit == Unit::Bytes;
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // What differs by the rounding of floats alone is one value.
        let is_flat = high - low <= high.abs() * 1e-9;
        if low > 0.0 && (low < high * 0.7 || is_flat) {
            low = 0.0;
        }
        if high - low == 0.0 {
            high = low + low.abs().max(1.0);
        }
        let ticks = value_ticks(low, high, is_binary);
        if let (Some(first), Some(last)) = (ticks.first(), ticks.last()) {
            (low, high) = (low.min(*first), high.max(*last));
        }
        Self { start, end: end.max(start + 1.0), low, high, is_binary, size: Size::default() }
    }

    /// The same with another size.
    #[must_use]
    pub const fn sized(self, size: Size) -> Self {
        Self { size, ..self }
    }

    /// The same with ends that somebody has set.
    #[must_use]
    pub fn within(self, low: Option<f64>, high: Option<f64>) -> Self {
        let low = low.unwrap_or(self.low);
        let high = high.unwrap_or(self.high);
        if high > low { Self { low, high, ..self } } else { self }
    }

    /// Place of a time.
    #[must_use]
    pub fn x(&self, seconds: f64) -> f64 {
        LEFT + (seconds - self.start) / (self.end - self.start) * (self.size.width - LEFT)
    }

    /// Place of a value.
    #[must_use]
    pub fn y(&self, value: f64) -> f64 {
        let height = self.size.height - TOP - BOTTOM;
        TOP + (1.0 - (value - self.low) / (self.high - self.low)) * height
    }

    /// Time at a place, inside of the range.
    #[must_use]
    pub fn time_at(&self, x: f64) -> f64 {
        let part = ((x - LEFT) / (self.size.width - LEFT)).clamp(0.0, 1.0);
        self.start + part * (self.end - self.start)
    }
}

/// The line through points (seconds, value); it breaks where more than a step and a half is missing, and where there is no number.
#[must_use]
pub fn path(scale: &Scale, points: &[(f64, f64)], step: f64) -> String {
    let mut out = String::new();
    let mut before: Option<f64> = None;
    for (time, value) in points {
        if !value.is_finite() {
            before = None;
            continue;
        }
        let joined = before.is_some_and(|before| time - before <= step * 1.5);
        let (x, y) = (scale.x(*time), scale.y(*value));
        out.push_str(&format!("{}{x:.1} {y:.1}", if joined { 'L' } else { 'M' }));
        if !joined {
            // A point between two gaps is still seen, by the round cap of a line of no length.
            out.push_str("h0");
        }
        before = Some(*time);
    }
    out
}

/// Four to eight round numbers that cover a range.
#[must_use]
pub fn value_ticks(low: f64, high: f64, is_binary: bool) -> Vec<f64> {
    if is_binary && high.abs() >= 1024.0 {
        let unit = 1024f64.powf((high.abs().log2() / 10.0).floor());
        return value_ticks(low / unit, high / unit, false).into_iter().map(|value| value * unit).collect();
    }
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return vec![low];
    }
    let rough = span / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(power * 10.0);
    let (first, last) = ((low / step).floor(), (high / step).ceil());
    let mut out = Vec::new();
    let mut at = first;
    while at <= last && out.len() < 12 {
        out.push(at * step);
        at += 1.0;
    }
    out
}

/// Round times inside of a range, about six, in seconds; `zone_minutes` decides what is round.
#[must_use]
pub fn time_ticks(start: f64, end: f64, zone_minutes: i32) -> Vec<f64> {
    const STEPS: [f64; 17] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0,
        43_200.0,
    ];
    let rough = (end - start) / 7.0;
    let step = STEPS.into_iter().find(|step| *step >= rough).unwrap_or_else(|| (rough / 86_400.0).ceil() * 86_400.0);
    let zone = f64::from(zone_minutes) * 60.0;
    let mut at = ((start + zone) / step).ceil() * step - zone;
    let mut out = Vec::new();
    while at <= end && out.len() < 20 {
        out.push(at);
        at += step;
    }
    out
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, as durations.
    Seconds,
    /// Milliseconds, as durations.
    Milliseconds,
    /// Microseconds, as durations.
    Microseconds,
    /// Nanoseconds, as durations.
    Nanoseconds,
    /// Bytes.
    Bytes,
    /// Parts of one, as per cent.
    Ratio,
    /// Per cent.
    Percent,
    /// Plain numbers.
    Plain,
}

impl Unit {
    /// Decides by the unit in the metadata (UCUM, or Prometheus's words), else by the name.
    #[must_use]
    pub fn of(name: &str, unit: &str) -> Self {
        let name = ["_total", "_bucket", "_sum", "_count"]
            .iter()
            .fold(name, |name, end| name.strip_suffix(end).unwrap_or(name));
        match unit {
            "s" | "seconds" => Self::Seconds,
            "ms" | "milliseconds" => Self::Milliseconds,
            "By" | "bytes" => Self::Bytes,
            "us" | "microseconds" => Self::Microseconds,
            "ns" | "nanoseconds" => Self::Nanoseconds,
            "%" | "percent" => Self::Percent,
            "ratio" => Self::Ratio,
            _ if name.ends_with("_seconds") => Self::Seconds,
            _ if name.ends_with("_milliseconds") => Self::Milliseconds,
            _ if name.ends_with("_bytes") => Self::Bytes,
            _ if name.ends_with("_ratio") => Self::Ratio,
            _ => Self::Plain,
        }
    }

    /// A value in words; `per_second` for rates.
    #[must_use]
    pub fn format(self, value: f64, per_second: bool) -> String {
        if !value.is_finite() {
            return value.to_string();
        }
        let text = match self {
            Self::Seconds if !per_second => duration(value * 1e9),
            Self::Milliseconds if !per_second => duration(value * 1e6),
            Self::Microseconds if !per_second => duration(value * 1e3),
            Self::Nanoseconds if !per_second => duration(value),
            Self::Percent => format!("{} %", short(value)),
            Self::Bytes if value >= 0.0 => bytes(value),
            Self::Ratio => format!("{} %", short(value * 100.0)),
            _ => short(value),
        };
        if per_second { format!("{text}/s") } else { text }
    }
}

/// How a panel writes its values: a unit, or a text behind the number, and how many digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The unit.
    pub unit: Unit,
    /// Whether values are rates.
    pub per_second: bool,
    /// Behind the number, where the unit is none of ours.
    pub suffix: String,
    /// Digits behind the point.
    pub decimals: Option<u8>,
}

impl Shown {
    /// A unit of ours.
    #[must_use]
    pub const fn unit(unit: Unit, per_second: bool) -> Self {
        Self { unit, per_second, suffix: String::new(), decimals: None }
    }

    /// Reads the unit of a dashboard: `s`, `By/s`, `ratio`, `%`, or any text.
    #[must_use]
    pub fn of(text: &str, decimals: Option<u8>) -> Self {
        let base = text.strip_suffix("/s").unwrap_or(text);
        let unit = Unit::of("", base);
        let is_ours = unit != Unit::Plain || base.is_empty();
        // Seconds a second are a part of the time.
        let (unit, per_second) = match (unit, is_ours && base.len() < text.len()) {
            (Unit::Seconds, true) => (Unit::Ratio, false),
            other => other,
        };
        Self { unit, per_second, suffix: if is_ours { String::new() } else { text.to_owned() }, decimals }
    }

    /// A value in words.
    #[must_use]
    pub fn format(&self, value: f64) -> String {
        let number = match (self.decimals, self.unit) {
            (Some(decimals), Unit::Plain) if value.is_finite() && value.abs() < 1e4 => {
                let rate = if self.per_second { "/s" } else { "" };
                format!("{value:.*}{rate}", usize::from(decimals))
            }
            (Some(decimals), Unit::Percent) if value.is_finite() => format!("{value:.*} %", usize::from(decimals)),
            (Some(decimals), Unit::Ratio) if value.is_finite() => {
                format!("{:.*} %", usize::from(decimals), value * 100.0)
            }
            _ => self.unit.format(value, self.per_second),
        };
        if self.suffix.is_empty() { number } else { format!("{number} {}", self.suffix) }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "casts of floats saturate")]
fn duration(nanos: f64) -> String {
    if nanos == 0.0 { "0".to_owned() } else { format::duration(nanos.round() as i64) }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::as_conversions,
    reason = "casts of floats saturate"
)]
fn bytes(value: f64) -> String {
    format::bytes(value.round() as u64)
}

/// Three digits that mean something, with k, M, G for thousands.
fn short(value: f64) -> String {
    let (divided, sign) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, " G"),
        size if size >= 1e6 => (value / 1e6, " M"),
        size if size >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = match divided.abs() {
        0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.001 => 4,
        _ => 7,
    };
    let text = format!("{divided:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{sign}")
}
