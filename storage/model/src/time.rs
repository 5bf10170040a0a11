//! Points in time and durations in nanoseconds.
//!
//! OTLP sends times as `fixed64` nanoseconds since the Unix epoch; the years 1970 to 2554 fit. Zero means
//! "unknown" in OTLP, which is the caller's rule to apply.

use std::fmt;

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct UnixNanos(pub u64);

/// A length of time in nanoseconds; negative when clocks disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DurationNanos(pub i64);

/// A half-open range of time: `start` is inside, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First nanosecond inside.
    pub start: UnixNanos,
    /// First nanosecond after.
    pub end: UnixNanos,
}

/// Seconds in a day.
const DAY_SECONDS: u64 = 86_400;

impl UnixNanos {
    /// Returns the value as a signed 64-bit count, at most `i64::MAX` (the year 2262).
    #[must_use]
    pub fn saturating_i64(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// Returns `self - earlier`, saturating at the limits of `i64`.
    #[must_use]
    pub fn since(self, earlier: Self) -> DurationNanos {
        let difference = i128::from(self.0) - i128::from(earlier.0);
        DurationNanos(i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Returns the calendar date and the time of day in UTC.
    #[must_use]
    pub fn civil(self) -> CivilTime {
        let seconds = self.0 / 1_000_000_000;
        let (year, month, day) = civil_date(seconds / DAY_SECONDS);
        let second_of_day = seconds % DAY_SECONDS;
        CivilTime {
            year,
            month,
            day,
            hour: second_of_day / 3_600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            nanosecond: self.0 % 1_000_000_000,
        }
    }
}

impl fmt::Display for UnixNanos {
    /// Writes RFC 3339 in UTC with nine decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CivilTime { year, month, day, hour, minute, second, nanosecond } = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanosecond:09}Z")
    }
}

/// A calendar date with the time of day, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CivilTime {
    /// Year of the proleptic Gregorian calendar.
    pub year: u64,
    /// Month, 1 to 12.
    pub month: u64,
    /// Day of the month, 1 to 31.
    pub day: u64,
    /// Hour, 0 to 23.
    pub hour: u64,
    /// Minute, 0 to 59.
    pub minute: u64,
    /// Second, 0 to 59: Unix time has no leap seconds.
    pub second: u64,
    /// Nanosecond of the second.
    pub nanosecond: u64,
}

/// Converts days since 1970-01-01 by counting in 400-year eras that begin on 1 March (Hinnant, "chrono-compatible
/// low-level date algorithms").
fn civil_date(days_since_epoch: u64) -> (u64, u64, u64) {
    let days = days_since_epoch + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates_are_written_as_rfc_3339() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
            (1_544_712_660_000_000_000, "2018-12-13T14:51:00.000000000Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            assert_eq!(UnixNanos(nanos).to_string(), text);
        }
    }

    #[test]
    fn differences_saturate_instead_of_wrapping() {
        assert_eq!(UnixNanos(u64::MAX).since(UnixNanos(0)), DurationNanos(i64::MAX));
        assert_eq!(UnixNanos(0).since(UnixNanos(u64::MAX)), DurationNanos(i64::MIN));
        assert_eq!(UnixNanos(1).since(UnixNanos(3)), DurationNanos(-2));
    }
}
