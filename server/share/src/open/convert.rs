//! What the converters share: ids, times, values and quotes.

use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use serde_json::Value;

use crate::limits::QUOTED_BYTES;

/// A JSON object.
pub(super) type Object = serde_json::Map<String, Value>;

/// Why a record cannot be converted, with the path inside of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) path: String,
    pub(super) text: String,
}

impl Reason {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// base64 with or without padding.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns a text of the file for a message: short, in quotes, control characters escaped.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let cut = bytes.get(..bytes.len().min(QUOTED_BYTES)).unwrap_or_default();
    let more = if cut.len() < bytes.len() { "…" } else { "" };
    format!("{:?}{more}", String::from_utf8_lossy(cut))
}

/// Returns a member that is a text.
pub(super) fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

/// Reads an id of `N` bytes in hex: zeros that were left out in front are put back, `0x` is taken off.
pub(super) fn id<const N: usize>(value: Option<&Value>, path: &str) -> Result<Vec<u8>, Reason> {
    let wrong = |found: &str| Reason::new(path, format!("{found} is no id of up to {} hex digits", N * 2));
    let text = match value {
        Some(Value::String(text)) => text,
        Some(other) => return Err(wrong(&other.to_string())),
        None => return Err(Reason::new(path, "the id is missing")),
    };
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_hex = !digits.is_empty() && digits.len() <= N * 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex {
        return Err(wrong(&quoted(text.as_bytes())));
    }
    let padded = format!("{digits:0>width$}", width = N * 2);
    let bytes = telltale_model::id::decode_hex::<N>(&padded).map_err(|_| wrong(&quoted(text.as_bytes())))?;
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(Reason::new(path, "the id is zero"));
    }
    Ok(bytes.to_vec())
}

/// Reads an id that may be absent: none, null, empty or zero.
pub(super) fn optional_id<const N: usize>(value: Option<&Value>, path: &str) -> Result<Vec<u8>, Reason> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) if text.trim_start_matches("0x").trim_matches('0').is_empty() => Ok(Vec::new()),
        some => id::<N>(some, path),
    }
}

/// Reads microseconds (whole, as number or text) into nanoseconds.
pub(super) fn micros(value: &Value, path: &str) -> Result<u64, Reason> {
    let whole = match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let nanos = whole.and_then(|micros| micros.checked_mul(1_000));
    nanos.ok_or_else(|| {
        Reason::new(path, format!("{} is no number of microseconds", quoted(value.to_string().as_bytes())))
    })
}

/// Returns a float that is a whole number below 2^53.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: whole, not negative, below 2^53")]
fn whole(float: f64) -> Option<u64> {
    ((0.0..=9_007_199_254_740_992.0).contains(&float) && float.fract() == 0.0).then_some(float as u64)
}

/// Reads RFC 3339 with a fraction of up to nine digits, UTC or with an offset, into nanoseconds.
pub(super) fn rfc3339(value: Option<&Value>, path: &str) -> Result<u64, Reason> {
    let text = match value {
        None | Some(Value::Null) => return Ok(0),
        Some(Value::String(text)) => text,
        Some(other) => return Err(Reason::new(path, format!("{other} is no time in RFC 3339"))),
    };
    parse_rfc3339(text).ok_or_else(|| Reason::new(path, format!("{} is no time in RFC 3339", quoted(text.as_bytes()))))
}

fn parse_rfc3339(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at_checked(zone_at)?;
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute, second) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && (0..24).contains(&hour);
    if !in_range || !(0..60).contains(&minute) || !(0..=60).contains(&second) || !(1970..2262).contains(&year) {
        return None;
    }
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset_seconds(zone)?;
    u64::try_from(seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?).ok()
}

/// Returns the seconds of `Z`, `+02:00`, `-0530` or nothing.
fn offset_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next() {
        None | Some('Z' | 'z') => return Some(0),
        Some('+') => 1,
        _ => -1,
    };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let number: i64 = digits.parse().ok()?;
    (digits.len() == 4).then_some(sign * (number / 100 * 3_600 + number % 100 * 60))
}

/// Returns the days since 1970-01-01 in the Gregorian calendar; years from 1970 on.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, of_era) = (year / 400, year % 400);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Wraps a value.
pub(super) fn otlp(value: OtlpValue) -> AnyValue {
    AnyValue { value: Some(value) }
}

/// Builds an attribute.
pub(super) fn attribute(key: impl Into<String>, value: AnyValue) -> KeyValue {
    KeyValue { key: key.into(), value: Some(value), ..KeyValue::default() }
}

/// Builds an attribute that is a text.
pub(super) fn text_attribute(key: &str, text: impl Into<String>) -> KeyValue {
    attribute(key, otlp(OtlpValue::StringValue(text.into())))
}

/// Turns JSON into a value; whole numbers beyond 64 bits stay texts.
pub(super) fn any_value(value: &Value) -> AnyValue {
    let value = match value {
        Value::Null => return AnyValue::default(),
        Value::Bool(flag) => OtlpValue::BoolValue(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => OtlpValue::IntValue(integer),
            (None, Some(_)) => OtlpValue::StringValue(number.to_string()),
            (None, None) => OtlpValue::DoubleValue(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => OtlpValue::StringValue(text.clone()),
        Value::Array(values) => OtlpValue::ArrayValue(ArrayValue { values: values.iter().map(any_value).collect() }),
        Value::Object(object) => OtlpValue::KvlistValue(KeyValueList { values: attributes(object) }),
    };
    otlp(value)
}

/// Turns the members of an object into attributes.
pub(super) fn attributes(object: &Object) -> Vec<KeyValue> {
    object.iter().map(|(key, value)| attribute(key.as_str(), any_value(value))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_padded_and_judged() {
        let read = |text: &str| id::<8>(Some(&json!(text)), "spanID");
        assert_eq!(read("0x1f").unwrap(), [0, 0, 0, 0, 0, 0, 0, 0x1f]);
        assert_eq!(read("B7AD6B7169203331").unwrap(), 0xb7ad_6b71_6920_3331_u64.to_be_bytes());
        for wrong in ["", "0", "xyz", "00b7ad6b7169203331", "0000000000000000"] {
            assert_eq!(read(wrong).unwrap_err().path, "spanID", "{wrong}");
        }
        assert_eq!(optional_id::<8>(Some(&json!("0000000000000000")), "p").unwrap(), Vec::<u8>::new());
        assert!(optional_id::<8>(Some(&json!("parent")), "p").is_err());
    }

    #[test]
    fn times_are_exact() {
        let read = |text: &str| rfc3339(Some(&json!(text)), "t");
        assert_eq!(read("2025-11-21T09:14:03.221Z").unwrap(), 1_763_716_443_221_000_000);
        assert_eq!(read("2025-11-21T10:14:03.221000001+01:00").unwrap(), 1_763_716_443_221_000_001);
        assert_eq!(read("1970-01-01 00:00:00").unwrap(), 0);
        assert_eq!(read("2024-02-29T00:00:00Z").unwrap(), 1_709_164_800_000_000_000);
        for wrong in
            ["", "yesterday", "2025-13-01T00:00:00Z", "2025-01-01T00:00:00.1234567890Z", "9999-01-01T00:00:00Z"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(micros(&json!(1_763_716_443_221_000.0), "t").unwrap(), 1_763_716_443_221_000_000);
        assert!(micros(&json!(1.5), "t").is_err() && micros(&json!(-1), "t").is_err());
        assert!(micros(&json!(u64::MAX), "t").is_err(), "beyond 64 bits of nanoseconds");
    }
}
