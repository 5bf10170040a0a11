//! Numbers as people read them: durations, times, bytes, counts. Pure; no words depend on the reader's language.

use telltale_model::UnixNanos;

/// Narrow no-break space between a number and its unit.
const GAP: char = '\u{202f}';

/// Returns a duration with three significant digits: `940 ns`, `18.2 µs`, `212 ms`, `1.84 s`, `2 m 05 s`, `3 h 04 m`.
#[must_use]
pub fn duration(ns: i64) -> String {
    let sign = if ns < 0 { "−" } else { "" };
    let ns = ns.unsigned_abs();
    let text = match ns {
        0..1_000 => format!("{ns}{GAP}ns"),
        1_000..999_500 => scaled(ns, 1_000, "µs"),
        999_500..999_500_000 => scaled(ns, 1_000_000, "ms"),
        999_500_000..59_950_000_000 => scaled(ns, 1_000_000_000, "s"),
        _ => {
            let seconds = (ns + 500_000_000) / 1_000_000_000;
            let (minutes, hours) = (seconds / 60, seconds / 3_600);
            match hours {
                0 => format!("{minutes}{GAP}m {:02}{GAP}s", seconds % 60),
                1..48 => format!("{hours}{GAP}h {:02}{GAP}m", minutes % 60),
                _ => format!("{}{GAP}d {:02}{GAP}h", hours / 24, hours % 24),
            }
        }
    };
    format!("{sign}{text}")
}

/// Returns a time from the start of the trace: `+290 ms`.
#[must_use]
pub fn offset(ns: i64) -> String {
    if ns < 0 { duration(ns) } else { format!("+{}", duration(ns)) }
}

/// Writes `value / unit` with three significant digits, rounded half up.
fn scaled(value: u64, unit: u64, name: &str) -> String {
    let decimals = match value {
        v if v < unit * 10 - unit / 200 => 2_u32,
        v if v < unit * 100 - unit / 20 => 1,
        _ => 0,
    };
    let power = 10_u64.pow(decimals);
    let rounded = (value.saturating_mul(power) + unit / 2) / unit;
    let (whole, part) = (rounded / power, rounded % power);
    match decimals {
        0 => format!("{whole}{GAP}{name}"),
        _ => {
            let digits = format!("{part:0width$}", width = usize::try_from(decimals).unwrap_or(2));
            format!("{whole}.{digits}{GAP}{name}")
        }
    }
}

/// Returns date and time with milliseconds and the zone: `2025-11-21 10:41:07.318 +01:00`, or `Z` for UTC.
/// `offset_minutes` is the zone's distance from UTC, east positive.
#[must_use]
pub fn date_time(nanos: u64, offset_minutes: i64) -> String {
    let shifted = shift(nanos, offset_minutes);
    let text = UnixNanos(shifted).to_string();
    // RFC 3339 with nine decimals: `2025-11-21T10:41:07.318000000Z`.
    let (date, time) = text.split_once('T').unwrap_or((text.as_str(), ""));
    let clock = time.get(..12).unwrap_or(time);
    format!("{date} {clock}{}", zone(offset_minutes))
}

/// Returns the time of day: `10:41:07.318`.
#[must_use]
pub fn clock(nanos: u64, offset_minutes: i64) -> String {
    let text = UnixNanos(shift(nanos, offset_minutes)).to_string();
    text.split_once('T').and_then(|(_, time)| time.get(..12)).unwrap_or_default().to_owned()
}

/// Returns the time of day with its zone: `10:41:07.318 +01:00`.
#[must_use]
pub fn clock_with_zone(nanos: u64, offset_minutes: i64) -> String {
    format!("{}{}", clock(nanos, offset_minutes), zone(offset_minutes))
}

fn shift(nanos: u64, offset_minutes: i64) -> u64 {
    let seconds = i128::from(offset_minutes) * 60;
    u64::try_from(i128::from(nanos) + seconds * 1_000_000_000).unwrap_or(nanos)
}

fn zone(offset_minutes: i64) -> String {
    if offset_minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if offset_minutes < 0 { '−' } else { '+' };
    format!(" {sign}{:02}:{:02}", offset_minutes.abs() / 60, offset_minutes.abs() % 60)
}

/// Returns how long ago a time was: `just now`, `4 min ago`, `3 h ago`, `12 d ago`; what lies ahead is `in the future`.
#[must_use]
pub fn ago(then: u64, now: u64) -> String {
    let Some(ns) = now.checked_sub(then) else {
        // A second ahead is a clock's error, not a message.
        return if then - now < 2_000_000_000 { "just now".to_owned() } else { "in the future".to_owned() };
    };
    let seconds = ns / 1_000_000_000;
    match seconds {
        0..2 => "just now".to_owned(),
        2..60 => format!("{seconds}{GAP}s ago"),
        60..3_600 => format!("{}{GAP}min ago", seconds / 60),
        3_600..172_800 => format!("{}{GAP}h ago", seconds / 3_600),
        _ => format!("{}{GAP}d ago", seconds / 86_400),
    }
}

/// Returns bytes in binary units: `512 B`, `18.2 MiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1_024 {
        return format!("{count}{GAP}B");
    }
    let mut unit = 1_024_u64;
    let mut name = "KiB";
    for larger in UNITS.iter().skip(1) {
        if count / 1_024 < unit {
            break;
        }
        unit *= 1_024;
        name = larger;
    }
    scaled(count, unit, name)
}

/// Returns a count in groups of three digits: `1 204`.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + 8);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(GAP);
        }
        out.push(digit);
    }
    out
}

/// Returns a count with its noun, which gets an `s` for anything but one: `1 span`, `12 spans`.
#[must_use]
pub fn counted(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

/// Returns thousandths as a percentage: `76 %`, below ten with one decimal.
#[must_use]
pub fn permille(value: u32) -> String {
    if value >= 100 || value % 10 == 0 {
        format!("{}{GAP}%", (value + 5) / 10)
    } else {
        format!("{}.{}{GAP}%", value / 10, value % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With plain spaces, so that the table can be read.
    fn plain(text: &str) -> String {
        text.replace(GAP, " ")
    }

    #[test]
    fn durations_have_three_digits_and_never_show_a_thousand_of_a_unit() {
        for (ns, text) in [
            (0, "0 ns"),
            (940, "940 ns"),
            (1_000, "1.00 µs"),
            (18_234, "18.2 µs"),
            (99_949, "99.9 µs"),
            (99_951, "100 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (212_400_000, "212 ms"),
            (999_600_000, "1.00 s"),
            (1_840_000_000, "1.84 s"),
            (59_949_000_000, "59.9 s"),
            (59_960_000_000, "1 m 00 s"),
            (125_000_000_000, "2 m 05 s"),
            (11_040_000_000_000, "3 h 04 m"),
            (-1_500_000, "−1.50 ms"),
            (i64::MIN, "−106751 d 23 h"),
        ] {
            assert_eq!(plain(&duration(ns)), text, "{ns}");
        }
        assert_eq!(plain(&offset(290_000_000)), "+290 ms");
    }

    #[test]
    fn times_say_their_zone() {
        let nanos = 1_763_721_667_318_000_000;
        assert_eq!(date_time(nanos, 0), "2025-11-21 10:41:07.318Z");
        assert_eq!(date_time(nanos, 60), "2025-11-21 11:41:07.318 +01:00");
        assert_eq!(date_time(nanos, -210), "2025-11-21 07:11:07.318 −03:30");
        assert_eq!(clock(nanos, 120), "12:41:07.318");
        assert_eq!(date_time(u64::MAX, 60), "2554-07-21 23:34:33.709 +01:00");
    }

    #[test]
    fn other_numbers_read_well() {
        assert_eq!(plain(&bytes(512)), "512 B");
        assert_eq!(plain(&bytes(19_084_083)), "18.2 MiB");
        assert_eq!(plain(&bytes(1_024)), "1.00 KiB");
        assert_eq!(plain(&count(1_204_567)), "1 204 567");
        assert_eq!(counted(1, "span"), "1 span");
        assert_eq!(plain(&permille(764)), "76 %");
        assert_eq!(plain(&permille(34)), "3.4 %");
        assert_eq!(plain(&ago(0, 240_000_000_000)), "4 min ago");
        assert_eq!(ago(5_000_000_000, 0), "in the future");
    }
}
