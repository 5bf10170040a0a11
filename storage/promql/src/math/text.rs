//! Numbers as Go's `%g` and `%.2g` print them.

/// `%g`: the shortest digits that read back; with an exponent below 1e-4 and from 1e6.
pub(crate) fn go_g(value: f64) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..6).contains(&exponent) {
        return with_exponent(digits, exponent);
    }
    format!("{value}")
}

/// `%.2g`
pub(crate) fn go_e2(value: f64) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    let text = format!("{value:.1e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    if (-4..2).contains(&exponent) {
        let rounded: f64 = text.parse().unwrap_or(value);
        return format!("{rounded}");
    }
    with_exponent(digits, exponent)
}

fn special(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".to_owned())
    } else if value == f64::INFINITY {
        Some("+Inf".to_owned())
    } else if value == f64::NEG_INFINITY {
        Some("-Inf".to_owned())
    } else {
        None
    }
}

fn with_exponent(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}
