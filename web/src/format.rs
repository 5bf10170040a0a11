//! Numbers as pages show them: `telltale-story`'s formats with spaces that do not break.

use telltale_story::format as plain;

/// Keeps a number and its unit on one line.
fn unbroken(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

/// Returns a length of time: `940 ns`, `1.84 s`, `2 m 05 s`.
#[must_use]
pub fn duration(ns: i64) -> String {
    unbroken(&plain::duration(ns))
}

/// Returns a distance from the start of the trace: `+290 ms`.
#[must_use]
pub fn offset(ns: i64) -> String {
    unbroken(&plain::offset(ns))
}

/// Returns date, time and zone: `2025-11-21 10:41:07.318 +01:00`.
#[must_use]
pub fn date_time(nanos: u64, zone_minutes: i32) -> String {
    unbroken(&plain::time::date_time(nanos, zone_minutes))
}

/// Returns the time of day: `10:41:07.318`.
#[must_use]
pub fn clock(nanos: u64, zone_minutes: i32) -> String {
    plain::time::time_of_day(nanos, zone_minutes)
}

/// Returns the time of day without its milliseconds: `10:41:07`.
#[must_use]
pub fn clock_seconds(nanos: u64, zone_minutes: i32) -> String {
    let clock = clock(nanos, zone_minutes);
    clock.split('.').next().unwrap_or_default().to_owned()
}

/// Returns the time of day with its zone: `10:41:07.318 +01:00`.
#[must_use]
pub fn clock_with_zone(nanos: u64, zone_minutes: i32) -> String {
    unbroken(&format!("{} {}", clock(nanos, zone_minutes), plain::time::zone(zone_minutes)))
}

/// Returns how long ago a time was: `just now`, `4 min ago`, `3 h ago`, `12 d ago`; what lies ahead is `in the future`.
#[must_use]
pub fn ago(then: u64, now: u64) -> String {
    let Some(ns) = now.checked_sub(then) else {
        // A second ahead is a clock's error, not a message.
        return if then - now < 2_000_000_000 { "just now".to_owned() } else { "in the future".to_owned() };
    };
    let seconds = ns / 1_000_000_000;
    let text = match seconds {
        0..2 => "just now".to_owned(),
        2..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    };
    unbroken(&text)
}

/// Returns bytes in binary units: `512 B`, `18 MiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    unbroken(&plain::number::bytes(count))
}

/// Returns a count in groups of three digits: `1 204`.
#[must_use]
pub fn count(value: u64) -> String {
    unbroken(&plain::number::count(value))
}

/// Returns a count with its noun: `1 span`, `12 spans`.
#[must_use]
pub fn counted(value: u64, noun: &str) -> String {
    unbroken(&plain::number::counted(value, noun))
}

/// Returns thousandths as per cent: `76 %`.
#[must_use]
pub fn permille(value: u32) -> String {
    unbroken(&plain::number::percent(value))
}

/// Returns a number for a text (FNV-1a, 64 bits): a key for rows, not for secrets.
#[must_use]
pub fn hash(text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_how_long_ago_they_were() {
        let minute = 60_000_000_000;
        for (ago_ns, text) in [
            (0, "just now"),
            (5_000_000_000, "5 s ago"),
            (4 * minute, "4 min ago"),
            (60 * minute, "1 h ago"),
            (60 * 24 * 3 * minute, "3 d ago"),
        ] {
            assert_eq!(ago(0, ago_ns).replace('\u{a0}', " "), text);
        }
        assert_eq!(ago(5_000_000_000, 0), "in the future");
        assert_eq!(ago(500_000_000, 0), "just now");
    }

    #[test]
    fn numbers_stay_with_their_units() {
        let texts =
            [duration(1_840_000_000), offset(3), bytes(4_096), count(12_345), counted(2, "span"), permille(764)];
        assert!(texts.iter().all(|text| !text.contains(' ')), "{texts:?}");
        assert_eq!(clock_with_zone(1_763_721_667_318_000_000, 60), "11:41:07.318\u{a0}+01:00");
    }
}
