//! Values with units: `250ms`, `1.5s`, `10kb`, `42`, `-0.5`.

/// What kind of unit a number was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// None.
    None,
    /// A length of time; the number is nanoseconds.
    Duration,
    /// An amount of data; the number is bytes.
    Bytes,
}

/// A number that was written, in the base unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// Its value when it is a whole number that fits.
    pub int: Option<i64>,
    /// Its value, rounded where a double cannot hold it.
    pub double: f64,
    /// Its unit.
    pub unit: Unit,
}

/// Units with their factor. Kilobytes are 1000 bytes, kibibytes 1024, as IEC has it.
const UNITS: [(&str, Unit, i64); 20] = [
    ("", Unit::None, 1),
    ("ns", Unit::Duration, 1),
    ("us", Unit::Duration, 1_000),
    ("µs", Unit::Duration, 1_000),
    ("μs", Unit::Duration, 1_000),
    ("ms", Unit::Duration, 1_000_000),
    ("s", Unit::Duration, 1_000_000_000),
    ("m", Unit::Duration, 60_000_000_000),
    ("min", Unit::Duration, 60_000_000_000),
    ("h", Unit::Duration, 3_600_000_000_000),
    ("d", Unit::Duration, 86_400_000_000_000),
    ("b", Unit::Bytes, 1),
    ("kb", Unit::Bytes, 1_000),
    ("mb", Unit::Bytes, 1_000_000),
    ("gb", Unit::Bytes, 1_000_000_000),
    ("tb", Unit::Bytes, 1_000_000_000_000),
    ("kib", Unit::Bytes, 1 << 10),
    ("mib", Unit::Bytes, 1 << 20),
    ("gib", Unit::Bytes, 1 << 30),
    ("tib", Unit::Bytes, 1 << 40),
];

/// Whether a text is a whole number as values show it: `5` and `-17`, neither `05` nor `5.0` nor `5kb`.
#[must_use]
pub fn is_written_whole(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

/// Reads a number with an optional unit, in any case of its letters; `None` for other texts.
#[must_use]
pub fn number(text: &str) -> Option<Number> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(split)?;
    let unit = unit.to_lowercase();
    let (_, kind, factor) = UNITS.iter().find(|(name, ..)| *name == unit)?;
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (digits, ""),
    };
    let plain = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    if plain.is_empty() || !plain.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let int = exact(whole, fraction, *factor).filter(|int| *int != i64::MIN);
    #[expect(clippy::cast_precision_loss, reason = "a double is what the caller gets when no integer fits")]
    let double = match int {
        Some(int) => int as f64,
        None => digits.parse::<f64>().ok()? * *factor as f64,
    };
    Some(Number { int, double, unit: *kind })
}

/// Multiplies a decimal fraction without rounding; `None` when no whole number comes out that fits.
fn exact(whole: &str, fraction: &str, factor: i64) -> Option<i64> {
    let fraction = fraction.trim_end_matches('0');
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let product = digits.checked_mul(i128::from(factor))?;
    if product % scale == 0 { i64::try_from(product / scale).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_multiply_exactly_and_other_texts_are_no_numbers() {
        for (text, int, unit) in [
            ("250ms", 250_000_000, Unit::Duration),
            ("1.84s", 1_840_000_000, Unit::Duration),
            ("0.5us", 500, Unit::Duration),
            ("2µs", 2_000, Unit::Duration),
            ("1H", 3_600_000_000_000, Unit::Duration),
            ("10kb", 10_000, Unit::Bytes),
            ("1.5KiB", 1_536, Unit::Bytes),
            ("42", 42, Unit::None),
            ("-7", -7, Unit::None),
            ("3.0", 3, Unit::None),
        ] {
            let number = number(text).unwrap();
            assert_eq!((number.int, number.unit), (Some(int), unit), "{text}");
        }
        for text in ["", "ms", "1.", ".5", "1e3", "5 ms", "5xs", "--5", "1.2.3", "v1", "1-2", "+", "nan"] {
            assert_eq!(number(text), None, "{text}");
        }
        let half = number("0.5").unwrap();
        assert_eq!((half.int, half.double), (None, 0.5));
        let large = number("9223372036854775808").unwrap();
        assert_eq!((large.int, large.double), (None, 9_223_372_036_854_775_808.0));
    }

    proptest! {
        #[test]
        fn whole_numbers_are_read_as_they_are_written(value in any::<i64>()) {
            prop_assume!(value != i64::MIN);
            prop_assert_eq!(number(&value.to_string()).unwrap().int, Some(value));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,20}|[0-9.+-]{0,40}[a-z]{0,3}") {
            let _number = number(&text);
        }
    }
}
