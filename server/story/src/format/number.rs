//! Counts, bytes and shares as people read them.

/// Returns a count with its digits in groups of three: `128 412`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// Returns a count with its noun: `1 span`, `51 spans`. The plural is the noun with an s.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Returns a rounded count for narrow places: `987`, `12 k`, `3.4 M`, `56 G`.
#[must_use]
pub fn short_count(number: u64) -> String {
    scaled(number, 1_000, &["", "k", "M", "G", "T", "P", "E"])
}

/// Returns bytes in binary units: `512 B`, `1.5 KiB`, `64 MiB`.
#[must_use]
pub fn bytes(number: u64) -> String {
    scaled(number, 1_024, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}

/// Divides by `base` until the number is below it; one decimal below ten, rounded down so that 999 999 is not 1 M.
fn scaled(number: u64, base: u64, units: &[&str]) -> String {
    let (mut scale, mut place) = (1_u64, 0);
    while number / scale >= base && place + 1 < units.len() {
        scale *= base;
        place += 1;
    }
    let unit = units.get(place).copied().unwrap_or("");
    let (whole, tenth) = (number / scale, u128::from(number % scale) * 10 / u128::from(scale));
    let digits = if place > 0 && whole < 10 && tenth > 0 { format!("{whole}.{tenth}") } else { whole.to_string() };
    if unit.is_empty() { digits } else { format!("{digits} {unit}") }
}

/// Returns thousandths as per cent: `76 %`, `0.4 %`.
#[must_use]
pub fn percent(permille: u32) -> String {
    if permille == 0 || permille >= 10 { format!("{} %", (permille + 5) / 10) } else { format!("0.{permille} %") }
}

/// Returns the share of `part` in `whole` in thousandths, at most 1000; 0 when there is no whole.
#[must_use]
pub fn permille(part: i64, whole: i64) -> u32 {
    if whole <= 0 || part <= 0 {
        return 0;
    }
    let share = (i128::from(part) * 1_000 + i128::from(whole) / 2) / i128::from(whole);
    u32::try_from(share).unwrap_or(1_000).min(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_bytes_are_short_or_grouped() {
        assert_eq!(
            (count(999), count(1_204), count(128_412_000)),
            ("999".into(), "1 204".into(), "128 412 000".into())
        );
        assert_eq!((counted(1, "span"), counted(0, "log")), ("1 span".into(), "0 logs".into()));
        for (number, text) in [(0, "0"), (987, "987"), (12_345, "12 k"), (3_450_000, "3.4 M"), (999_999, "999 k")] {
            assert_eq!(short_count(number), text);
        }
        for (number, text) in [(512, "512 B"), (1_536, "1.5 KiB"), (64 << 20, "64 MiB"), (u64::MAX, "15 EiB")] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn shares_are_rounded_and_never_above_all() {
        assert_eq!((permille(1, 3), permille(5, 4), permille(-1, 4), permille(1, 0)), (333, 1_000, 0, 0));
        assert_eq!(
            (percent(764), percent(4), percent(0), percent(1_000)),
            ("76 %".into(), "0.4 %".into(), "0 %".into(), "100 %".into())
        );
    }
}
