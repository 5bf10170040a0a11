//! Comparisons: `>=1`, `<250ms`, `0`, `1..5`, `100 +-10%`.

use std::fmt;

/// What the numbers of a comparison count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Whole things: spans, series, errors.
    Count,
    /// Nanoseconds, written with a unit: `250ms`.
    Duration,
    /// Any number.
    Number,
}

/// An interval of numbers, remembered as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    text: String,
    low: f64,
    high: f64,
    low_is_in: bool,
    high_is_in: bool,
}

/// Units of durations in nanoseconds, longest name first.
const DURATIONS: [(&str, f64); 7] =
    [("ms", 1e6), ("us", 1e3), ("µs", 1e3), ("ns", 1.0), ("s", 1e9), ("m", 60e9), ("h", 3_600e9)];

impl Comparison {
    /// Understands a comparison.
    ///
    /// # Errors
    /// What is wrong with the text, ready to be shown after it.
    pub fn parse(text: &str, unit: Unit) -> Result<Self, String> {
        let trimmed = text.trim();
        let number = |text: &str| number(text.trim(), unit);
        let (low, high, low_is_in, high_is_in) = if let Some(rest) = trimmed.strip_prefix(">=") {
            (number(rest)?, f64::INFINITY, true, true)
        } else if let Some(rest) = trimmed.strip_prefix("<=") {
            (f64::NEG_INFINITY, number(rest)?, true, true)
        } else if let Some(rest) = trimmed.strip_prefix('>') {
            (number(rest)?, f64::INFINITY, false, true)
        } else if let Some(rest) = trimmed.strip_prefix('<') {
            (f64::NEG_INFINITY, number(rest)?, true, false)
        } else if let Some((low, high)) = trimmed.split_once("..") {
            (number(low)?, number(high)?, true, true)
        } else if let Some((middle, share)) = trimmed.split_once("+-").or_else(|| trimmed.split_once('±')) {
            let share = share.trim().strip_suffix('%').and_then(|text| text.trim().parse::<f64>().ok());
            let share = share.filter(|share| (0.0..=100.0).contains(share)).ok_or("a tolerance is written as +-10%")?;
            let (middle, share) = (number(middle)?, share / 100.0);
            (middle - middle.abs() * share, middle + middle.abs() * share, true, true)
        } else {
            let exact = number(trimmed.trim_start_matches('='))?;
            (exact, exact, true, true)
        };
        if low > high {
            return Err("its lower end is above its upper end, so that nothing can meet it".to_owned());
        }
        Ok(Self { text: trimmed.to_owned(), low, high, low_is_in, high_is_in })
    }

    /// Returns `>=low`.
    #[must_use]
    pub fn at_least(low: u32) -> Self {
        let (text, low) = (format!(">={low}"), f64::from(low));
        Self { text, low, high: f64::INFINITY, low_is_in: true, high_is_in: true }
    }

    /// Says whether a number meets the comparison; NaN meets none.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        let above = value > self.low || (self.low_is_in && value == self.low);
        let below = value < self.high || (self.high_is_in && value == self.high);
        above && below
    }

    /// Says whether more of the thing can never make the comparison true again.
    #[must_use]
    pub fn is_beyond(&self, value: f64) -> bool {
        value > self.high || (!self.high_is_in && value == self.high)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the nanoseconds of a duration such as `250ms`; `None` for anything else.
#[must_use]
pub fn duration_ns(text: &str) -> Option<u64> {
    let ns = number(text.trim(), Unit::Duration).ok().filter(|ns| *ns >= 0.0)?;
    let duration = std::time::Duration::try_from_secs_f64(ns / 1e9).ok()?;
    u64::try_from(duration.as_nanos()).ok()
}

fn number(text: &str, unit: Unit) -> Result<f64, String> {
    let plain = |text: &str| text.replace('_', "").parse::<f64>().ok().filter(|number| number.is_finite());
    match unit {
        Unit::Count => plain(text)
            .filter(|number| *number >= 0.0 && number.fract() == 0.0)
            .ok_or_else(|| format!("{text:?} is not a whole number; write 3, >=1, <10 or 1..5")),
        Unit::Number => plain(text).ok_or_else(|| format!("{text:?} is not a number; write 1.5, >=1, <10 or 1..5")),
        Unit::Duration => {
            let found = DURATIONS.iter().find_map(|(name, ns)| Some(plain(text.strip_suffix(name)?.trim_end())? * ns));
            found.ok_or_else(|| format!("{text:?} is not a duration; write a number and ns, us, ms, s, m or h: <250ms"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(text: &str, unit: Unit, value: f64) -> bool {
        Comparison::parse(text, unit).unwrap().holds(value)
    }

    #[test]
    fn every_form_and_its_ends() {
        assert!(holds(">=1", Unit::Count, 1.0) && !holds(">=1", Unit::Count, 0.0));
        assert!(!holds("< 250ms", Unit::Duration, 250e6) && holds("<250ms", Unit::Duration, 249e6));
        assert!(holds("0", Unit::Count, 0.0) && !holds("=0", Unit::Count, 1.0));
        assert!(holds("1..5", Unit::Count, 5.0) && !holds("1..5", Unit::Count, 6.0));
        assert!(holds("100 +-10%", Unit::Number, 110.0) && !holds("100 ± 10%", Unit::Number, 111.0));
        assert!(!holds(">=0", Unit::Number, f64::NAN));
        assert!(Comparison::parse("<3", Unit::Count).unwrap().is_beyond(3.0));
        for wrong in ["", "one", ">=", "1.5", "-1", "5..1", "inf", "3 +-x%"] {
            assert!(Comparison::parse(wrong, Unit::Count).is_err(), "{wrong}");
        }
        let error = Comparison::parse("<250", Unit::Duration).unwrap_err();
        assert_eq!(error, "\"250\" is not a duration; write a number and ns, us, ms, s, m or h: <250ms");
    }

    proptest! {
        #[test]
        fn a_number_meets_itself_and_what_is_written_about_it(value in 0_u32..1_000_000) {
            for text in [format!("{value}"), format!("<={value}"), format!(">={value}"), format!("{value}..{value}")] {
                prop_assert!(holds(&text, Unit::Count, f64::from(value)), "{}", text);
            }
            let never = [format!("<{value}"), format!(">{value}")];
            prop_assert!(never.iter().all(|text| !holds(text, Unit::Count, f64::from(value))));
        }
    }
}
