//! Numbers as OTLP/JSON writes them: whole numbers however they are spelt, exactly.

/// Returns the value of a decimal number that is whole, whatever its spelling: `5`, `5.0`, `1e3`, `1.5e18`, `-0`.
///
/// `None`: not a JSON number, not whole, or too large for any of OTLP's types.
pub(super) fn whole(text: &str) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let (integer, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(left, right)| (left, Some(right)));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(integer) || !fraction.is_none_or(all_digits) {
        return None;
    }
    let fraction = fraction.unwrap_or("").trim_end_matches('0');
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let mut value = 0_i128;
    for digit in integer.bytes().chain(fraction.bytes()) {
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    if value != 0 {
        value = scale(value, shift)?;
    }
    Some(if negative { -value } else { value })
}

/// Returns `value * 10^shift` when that is whole.
fn scale(value: i128, shift: i32) -> Option<i128> {
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 {
        return value.checked_mul(power);
    }
    (value % power == 0).then_some(value / power)
}

/// Returns the double of a number or of one of proto3 JSON's words; `None`: neither, or beyond the largest double.
pub(super) fn double(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) => {
            text.parse().ok().filter(|value: &f64| value.is_finite())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_numbers_in_every_spelling() {
        let cases = [
            ("5", 5),
            ("5.0", 5),
            ("-5.000", -5),
            ("1e3", 1000),
            ("1.5e18", 1_500_000_000_000_000_000),
            ("1.5E+1", 15),
            ("1500e-2", 15),
            ("-0", 0),
            ("0e999999", 0),
            ("9223372036854775808", 9_223_372_036_854_775_808),
        ];
        for (text, value) in cases {
            assert_eq!(whole(text), Some(value), "{text}");
        }
        for text in ["", "-", "1.5", "1e-1", "1e99", "0x10", "1.", ".5", "NaN", "1e", " 1", "+1", "1e2147483648"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn doubles_in_every_spelling() {
        assert_eq!(double("0.1"), Some(0.1));
        assert_eq!(double("-1e300"), Some(-1e300));
        assert_eq!(double("-Infinity"), Some(f64::NEG_INFINITY));
        assert!(double("NaN").is_some_and(f64::is_nan));
        for text in ["", "nan", "inf", "1e999", "1,5", "0x1"] {
            assert_eq!(double(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_integer_survives(value in any::<i64>(), unsigned in any::<u64>()) {
            prop_assert_eq!(whole(&value.to_string()), Some(i128::from(value)));
            prop_assert_eq!(whole(&format!("{unsigned}.00")), Some(i128::from(unsigned)));
            prop_assert_eq!(whole(&format!("{unsigned}00e-2")), Some(i128::from(unsigned)));
        }
    }
}
