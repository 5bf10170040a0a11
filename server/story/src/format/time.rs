//! Points in time: `2026-11-21 09:14:03.221 UTC`, 24 hours, the zone always printed.

use telltale_model::UnixNanos;

/// Nanoseconds in a minute.
const MINUTE: i64 = 60_000_000_000;

/// Returns date, time to the millisecond and zone. `zone_minutes` is the zone's distance from UTC, east positive.
#[must_use]
pub fn date_time(unix_nano: u64, zone_minutes: i32) -> String {
    let at = shifted(unix_nano, zone_minutes).civil();
    let millisecond = at.nanosecond / 1_000_000;
    let (year, month, day, hour, minute, second) = (at.year, at.month, at.day, at.hour, at.minute, at.second);
    let zone = zone(zone_minutes);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millisecond:03} {zone}")
}

/// Returns the time of day to the millisecond, for lists whose heading has the date and the zone.
#[must_use]
pub fn time_of_day(unix_nano: u64, zone_minutes: i32) -> String {
    let at = shifted(unix_nano, zone_minutes).civil();
    format!("{:02}:{:02}:{:02}.{:03}", at.hour, at.minute, at.second, at.nanosecond / 1_000_000)
}

/// Returns the zone: `UTC` or `+01:00`.
#[must_use]
pub fn zone(zone_minutes: i32) -> String {
    if zone_minutes == 0 {
        return "UTC".to_owned();
    }
    let sign = if zone_minutes < 0 { '-' } else { '+' };
    let minutes = zone_minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn shifted(unix_nano: u64, zone_minutes: i32) -> UnixNanos {
    UnixNanos(unix_nano.saturating_add_signed(i64::from(zone_minutes) * MINUTE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::BASE;

    #[test]
    fn times_are_written_with_their_zone() {
        assert_eq!(date_time(BASE, 0), "2026-11-21 09:14:03.221 UTC");
        assert_eq!(date_time(BASE, 60), "2026-11-21 10:14:03.221 +01:00");
        assert_eq!(date_time(BASE, -570), "2026-11-20 23:44:03.221 -09:30");
        assert_eq!(time_of_day(BASE, 345), "14:59:03.221");
        assert_eq!(date_time(0, -60), "1970-01-01 00:00:00.000 -01:00", "nothing stands before 1970");
        assert_eq!(date_time(u64::MAX, 0), "2554-07-21 23:34:33.709 UTC");
    }
}
