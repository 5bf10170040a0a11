//! Label sets: order, duplicates, empty values, text, and the hash that Prometheus uses.

use super::hash::xxh64;
use super::{Labels, LabelsBuilder};

/// Scenario: labels arrive unsorted, twice, and empty.
#[test]
fn a_set_is_sorted_and_has_no_empty_labels() {
    let labels = Labels::from_pairs([("job", "a"), ("__name__", "up"), ("job", "b"), ("gone", "")]);
    assert_eq!(labels.to_string(), r#"{__name__="up", job="b"}"#);
    assert_eq!((labels.get("job"), labels.get("gone"), labels.metric_name()), ("b", "", "up"));
    assert_eq!(labels.without_name().to_string(), r#"{job="b"}"#);
}

/// Scenario: names that are no identifiers and values with quotes are printed so that they can be pasted.
#[test]
fn odd_names_and_values_are_quoted() {
    let labels = Labels::from_pairs([("http.method", "a\"b\n")]);
    assert_eq!(labels.to_string(), r#"{"http.method"="a\"b\n"}"#);
}

/// Scenario: set, replace and remove keep the order.
#[test]
fn a_builder_keeps_the_order() {
    let mut builder = LabelsBuilder::new(&Labels::from_pairs([("b", "1"), ("d", "2")]));
    builder.set("c", "3").set("a", "4").set("b", "").set("d", "5").set("x", "");
    assert_eq!(builder.build().to_string(), r#"{a="4", c="3", d="5"}"#);
}

/// Scenario: vectors of the xxHash specification and of a run of the reference program.
#[test]
fn the_hash_is_xxh64() {
    assert_eq!(xxh64(b""), 0xEF46_DB37_51D8_E999);
    assert_eq!(xxh64(b"a"), 0xD24E_C4F1_A98C_6E5B);
    assert_eq!(xxh64(b"abc"), 0x44BC_2CF5_AD77_0999);
    assert_eq!(xxh64(b"Nobody inspects the spammish repetition"), 0xFBCE_A83C_8A37_8BF1);
}
