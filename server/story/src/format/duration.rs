//! Lengths of time with three significant digits: `940 ns`, `18.2 µs`, `212 ms`, `1.84 s`, `2 m 05 s`, `1 h 02 m`.

/// Units below a minute: nanoseconds and name.
const UNITS: [(u64, &str); 3] = [(1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")];

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// Returns a length of time as people read it; minus sign first when negative. The space is a plain one.
#[must_use]
pub fn duration(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    format!("{sign}{}", magnitude(ns.unsigned_abs()))
}

/// Returns a distance from a moment: `+290 ms`, `-3.00 µs`, `+0`.
#[must_use]
pub fn offset(ns: i64) -> String {
    match ns {
        0 => "+0".to_owned(),
        1.. => format!("+{}", magnitude(ns.unsigned_abs())),
        _ => duration(ns),
    }
}

fn magnitude(ns: u64) -> String {
    if ns < 1_000 {
        return format!("{ns} ns");
    }
    for (unit, name) in UNITS {
        if let Some(digits) = three_digits(ns, unit, if unit == SECOND { 60 } else { 1_000 }) {
            return format!("{digits} {name}");
        }
    }
    let rounded = |unit_s: u64| ns.saturating_add(unit_s * SECOND / 2) / (unit_s * SECOND);
    let (seconds, minutes, hours) = (rounded(1), rounded(60), rounded(3_600));
    if seconds < 3_600 {
        format!("{} m {:02} s", seconds / 60, seconds % 60)
    } else if minutes < 24 * 60 {
        format!("{} h {:02} m", minutes / 60, minutes % 60)
    } else {
        format!("{} d {:02} h", hours / 24, hours % 24)
    }
}

/// Returns `ns / unit` rounded to three digits; `None` when that gives `limit` or more.
fn three_digits(ns: u64, unit: u64, limit: u64) -> Option<String> {
    for (scale, places) in [(100, 2), (10, 1), (1, 0)] {
        let rounded = (u128::from(ns) * scale + u128::from(unit) / 2) / u128::from(unit);
        if rounded >= u128::from(limit) * scale {
            return None;
        }
        if rounded < 1_000 {
            let (whole, part) = (rounded / scale, rounded % scale);
            return Some(if places == 0 { whole.to_string() } else { format!("{whole}.{part:0places$}") });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_read_like_the_design_says() {
        for (ns, text) in [
            (0, "0 ns"),
            (940, "940 ns"),
            (1_000, "1.00 µs"),
            (18_240, "18.2 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (212_000_000, "212 ms"),
            (1_844_000_000, "1.84 s"),
            (9_995_000_000, "10.0 s"),
            (59_949_999_999, "59.9 s"),
            (59_950_000_000, "1 m 00 s"),
            (125_000_000_000, "2 m 05 s"),
            (3_723_000_000_000, "1 h 02 m"),
            (273_600_000_000_000, "3 d 04 h"),
            (-5_000_000, "-5.00 ms"),
        ] {
            assert_eq!(duration(ns), text, "{ns}");
        }
        assert_eq!((offset(0), offset(290_000_000), offset(-1)), ("+0".into(), "+290 ms".into(), "-1 ns".into()));
        assert_eq!(duration(i64::MIN), "-106752 d 00 h");
    }

    /// Reads a written length back, in nanoseconds.
    fn read(text: &str) -> f64 {
        text.split(' ').collect::<Vec<_>>().chunks(2).fold(0.0, |sum, pair| {
            let unit = match pair[1] {
                "ns" => 1.0,
                "µs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3_600e9,
                _ => 86_400e9,
            };
            sum + pair[0].parse::<f64>().unwrap() * unit
        })
    }

    proptest! {
        #[test]
        fn a_written_length_is_near_the_length(exponent in 0_u32..63, digits in 1_i64..1_000) {
            let ns = digits.saturating_mul(1_i64 << exponent);
            #[expect(clippy::cast_precision_loss, reason = "compared with a tolerance")]
            let exact = ns as f64;
            let error = (read(&duration(ns)) - exact).abs() / exact;
            prop_assert!(error <= 0.021, "{ns} is written {}", duration(ns));
        }
    }
}
