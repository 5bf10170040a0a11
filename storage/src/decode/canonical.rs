//! The canonical form over which a metric series' id is computed.
//!
//! `series_id` is xxh3-128 over: the resource's identity, the scope's identity, the metric's name, unit, kind,
//! temporality and monotonicity, and the point's attributes. An envelope's identity is xxh3-128 over its schema URL, name
//! and version (empty for a resource) and attributes. Texts are length-prefixed; attributes are sorted by key, then by
//! value, so that a sender may reorder them. Values keep their type; nested values count as the bytes sent.

use super::any::Value;
use super::attributes::Attribute;
use super::wire::put_varint;

/// Appends a length-prefixed text.
pub(super) fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// Appends attributes in the order of their keys.
pub(super) fn put_attributes(out: &mut Vec<u8>, attributes: &[Attribute<'_>]) {
    put_varint(out, attributes.len() as u64);
    if attributes.is_sorted_by(|left, right| left.key < right.key) {
        attributes.iter().for_each(|attribute| put_attribute(out, attribute));
        return;
    }
    let mut by_key: Vec<_> = attributes.iter().collect();
    by_key.sort_unstable_by_key(|attribute| attribute.key);
    if by_key.is_sorted_by(|left, right| left.key < right.key) {
        by_key.into_iter().for_each(|attribute| put_attribute(out, attribute));
    } else {
        put_by_key_and_value(out, attributes);
    }
}

/// Appends attributes of which two have the same key: their values decide.
fn put_by_key_and_value(out: &mut Vec<u8>, attributes: &[Attribute<'_>]) {
    let mut encoded: Vec<(&str, Vec<u8>)> = attributes
        .iter()
        .map(|attribute| {
            let mut bytes = Vec::new();
            put_attribute(&mut bytes, attribute);
            (attribute.key, bytes)
        })
        .collect();
    encoded.sort_unstable();
    encoded.iter().for_each(|(_, bytes)| out.extend_from_slice(bytes));
}

fn put_attribute(out: &mut Vec<u8>, attribute: &Attribute<'_>) {
    put_text(out, attribute.key.as_bytes());
    match attribute.value {
        Value::None => out.push(0),
        Value::Str(text) => {
            out.push(1);
            put_text(out, text.as_bytes());
        }
        Value::Bool(value) => out.extend([2, u8::from(value)]),
        Value::Int(value) => {
            out.push(3);
            out.extend(value.to_le_bytes());
        }
        Value::Double(value) => {
            out.push(4);
            out.extend(value.to_bits().to_le_bytes());
        }
        Value::Any(bytes) => {
            out.push(5);
            put_text(out, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn form(attributes: &[Attribute<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        put_attributes(&mut out, attributes);
        out
    }

    proptest! {
        #[test]
        fn the_order_of_attributes_does_not_matter(
            values in proptest::collection::vec(("[a-c]{0,2}", any::<i64>()), 0..6),
            seed in any::<proptest::sample::Index>(),
        ) {
            let attributes: Vec<_> =
                values.iter().map(|(key, value)| Attribute { key, value: Value::Int(*value) }).collect();
            let mut turned = attributes.clone();
            if !turned.is_empty() {
                turned.rotate_left(seed.index(attributes.len()));
            }
            prop_assert_eq!(form(&attributes), form(&turned));
        }

        #[test]
        fn keys_decide_the_order_and_values_where_keys_are_equal(
            values in proptest::collection::vec(("[a-d]{0,2}", any::<i64>()), 0..6),
        ) {
            let attributes: Vec<_> =
                values.iter().map(|(key, value)| Attribute { key, value: Value::Int(*value) }).collect();
            let mut expected = Vec::new();
            put_varint(&mut expected, attributes.len() as u64);
            put_by_key_and_value(&mut expected, &attributes);
            prop_assert_eq!(form(&attributes), expected);
        }
    }

    #[test]
    fn types_and_borders_of_texts_matter() {
        let text = |key, value| form(&[Attribute { key, value: Value::Str(value) }]);
        assert_ne!(text("ab", "c"), text("a", "bc"));
        assert_ne!(form(&[Attribute { key: "a", value: Value::Int(1) }]), text("a", "1"));
    }
}
