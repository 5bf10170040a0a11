//! Numbers as texts: label values such as `le`, and values of answers.

/// Returns the shortest decimal that is this number, without an exponent: what a label says. `+Inf`, `-Inf`, `NaN`.
#[must_use]
pub fn decimal(number: f64) -> String {
    match number {
        number if number.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        number => number.to_string(),
    }
}

/// Appends a value as Prometheus's HTTP API writes it: shortest decimal, with an exponent below 1e-6 and from 1e21 on.
pub fn write_value(out: &mut String, number: f64) {
    let magnitude = number.abs();
    if !magnitude.is_finite() || magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return out.push_str(&decimal(number));
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    out.push_str(&format!("{digits}e{sign}{exponent:0>2}"));
}

/// Appends a time in milliseconds as seconds: `1435781430.781`, `1435781430`.
pub fn write_seconds(out: &mut String, milliseconds: i64) {
    let (seconds, rest) = (milliseconds.unsigned_abs() / 1_000, milliseconds.unsigned_abs() % 1_000);
    let sign = if milliseconds < 0 { "-" } else { "" };
    out.push_str(&format!("{sign}{seconds}"));
    if rest != 0 {
        out.push_str(&format!(".{rest:03}"));
    }
}

/// Returns a value of `le` or `quantile` in the one spelling that Prometheus 3 gives scraped ones: `1` becomes `1.0`.
#[must_use]
pub fn normalized_bound(text: &str) -> String {
    let Ok(number) = text.parse::<f64>() else { return text.to_owned() };
    if !number.is_finite() {
        return decimal(number);
    }
    let mut out = String::new();
    write_value(&mut out, number);
    if !out.contains(['.', 'e']) {
        out.push_str(".0");
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(number: f64) -> String {
        let mut out = String::new();
        write_value(&mut out, number);
        out
    }

    #[test]
    fn numbers_are_written_as_prometheus_does() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (2.0, "2"),
            (0.1, "0.1"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1e-7, "1e-07"),
            (1.5e-300, "1.5e-300"),
            (0.000_001, "0.000001"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(value(number), text);
        }
        let seconds = |milliseconds| {
            let mut out = String::new();
            write_seconds(&mut out, milliseconds);
            out
        };
        assert_eq!(seconds(1_435_781_430_781), "1435781430.781");
        assert_eq!(seconds(1_435_781_430_000), "1435781430");
        assert_eq!(seconds(50), "0.050");
        assert_eq!(seconds(-1_500), "-1.500");
    }

    #[test]
    fn bounds_have_one_spelling() {
        for (text, expected) in
            [("1", "1.0"), ("0.50", "0.5"), ("+Inf", "+Inf"), ("inf", "+Inf"), ("x", "x"), ("1e3", "1000.0")]
        {
            assert_eq!(normalized_bound(text), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_as_the_same_number(bits: u64) {
            let number = f64::from_bits(bits);
            let read: f64 = value(number).parse().unwrap();
            prop_assert!(read.to_bits() == number.to_bits() || number.is_nan() && read.is_nan());
            prop_assert_eq!(decimal(number).parse::<f64>().unwrap().is_nan(), number.is_nan());
        }
    }
}
