//! Timestamps of test suites: ISO 8601, with a zone or without one, which is then read as UTC.

/// Returns nanoseconds since the epoch; `None` for what is no time, or one before 1970.
#[must_use]
pub fn unix_nanos(text: &str) -> Option<u64> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, offset_s) = zone(time)?;
    let mut parts = time.splitn(3, ':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let minute: i64 = parts.next()?.parse().ok()?;
    let (second, fraction) = match parts.next() {
        Some(text) => text.split_once('.').unwrap_or((text, "")),
        None => ("0", ""),
    };
    let second: i64 = second.parse().ok()?;
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && (1970..=2262).contains(&year);
    if !in_range || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset_s;
    u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?.checked_add(digits.parse().ok()?)
}

/// Splits the zone off and returns its distance from UTC in seconds.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(place) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (time, zone) = time.split_at_checked(place)?;
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    Some((time, sign * (hours.parse::<i64>().ok()? * 3_600 + minutes * 60)))
}

/// Days since the epoch in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // The year begins in March, so that the leap day is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_tools_write_them() {
        let second = 1_000_000_000;
        for (text, expected) in [
            ("1970-01-01T00:00:00", Some(0)),
            ("2026-11-21T14:03:07.5Z", Some(1_795_269_787 * second + 500_000_000)),
            ("2026-11-21T15:03:07.123456+01:00", Some(1_795_269_787 * second + 123_456_000)),
            ("2026-11-21 09:03:07-0500", Some(1_795_269_787 * second)),
            ("2024-02-29T00:00", Some(1_709_164_800 * second)),
            ("yesterday", None),
            ("2026-13-01T00:00:00", None),
            ("1969-12-31T23:59:59Z", None),
        ] {
            assert_eq!(unix_nanos(text), expected, "{text}");
        }
    }
}
