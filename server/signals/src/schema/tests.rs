//! Scenario: two runs whose telemetry differs in one thing at a time. Guarantees: the thing is named, and breaking is
//! what breaks somebody; a run compared with itself has no difference.

use proptest::prelude::*;

use super::*;
use crate::observed::MetricKind;
use crate::observed::tests::{sample, series, strings, value};

#[track_caller]
fn only(change: impl FnOnce(&mut Observed), kind: &str, breaking: bool, message: &str) {
    let (old, mut new) = (sample(), sample());
    change(&mut new);
    let changes = diff(&schema(&old), &schema(&new));
    let found: Vec<_> =
        changes.iter().map(|change| (change.kind.as_str(), change.breaking, change.message.as_str())).collect();
    assert_eq!(found, [(kind, breaking, message)]);
}

fn orders(observed: &mut Observed) -> impl Iterator<Item = &mut crate::observed::Series> {
    observed.series.iter_mut().filter(|series| series.name == "orders.created")
}

#[test]
fn every_kind_of_change_is_named() {
    let rename = |observed: &mut Observed| orders(observed).for_each(|series| series.name = "orders.made".to_owned());
    only(rename, "metric_renamed", true, "renamed to \"orders.made\"");
    only(|observed| observed.series.retain(|series| series.name != "queue.depth"), "metric_lost", true, "lost");
    let unit = |observed: &mut Observed| orders(observed).for_each(|series| series.unit = "1".to_owned());
    only(unit, "metric_unit", true, "the unit changed from \"{order}\" to \"1\"");
    let kind = |observed: &mut Observed| orders(observed).for_each(|series| series.kind = MetricKind::Gauge);
    only(kind, "metric_type", true, "the type changed from counter to gauge");
    let label = |observed: &mut Observed| {
        orders(observed).for_each(|series| _ = series.labels.insert("user".to_owned(), value("string", "u")));
    };
    only(label, "label_new", true, "new label \"user\"");
    let unlabel = |observed: &mut Observed| orders(observed).for_each(|series| series.labels.clear());
    only(unlabel, "label_lost", true, "lost the label \"tenant.id\"");
    let many = |observed: &mut Observed| {
        let more =
            (0..30).map(|n| series("orders.created", MetricKind::Counter, &[("tenant.id", &n.to_string())], 1.0));
        observed.series.extend(more);
    };
    only(many, "cardinality", true, "up to 100 series instead of up to 10");
    let new = |observed: &mut Observed| observed.series.push(series("z", MetricKind::Histogram, &[], 1.0));
    only(new, "metric_new", false, "new");
    let lost =
        |observed: &mut Observed| observed.spans.iter_mut().for_each(|span| _ = span.attributes.remove("card.kind"));
    only(lost, "attribute_lost", true, "lost the attribute `card.kind`");
    let text =
        |observed: &mut Observed| _ = observed.spans[5].attributes.insert("retries".to_owned(), value("string", "2"));
    only(text, "attribute_type", true, "the type of `retries` changed from int to string");
    let sometimes = |observed: &mut Observed| _ = observed.spans[0].attributes.remove("tenant.id");
    only(sometimes, "attribute_sometimes", true, "`tenant.id` is no longer on every span");
    let fresh = |observed: &mut Observed| observed.spans[5].attributes.extend(strings(&[("a", "b")]));
    only(fresh, "attribute_new", false, "new attribute `a` (string)");
    only(|observed| observed.spans.retain(|span| span.name != "charge"), "span_lost", true, "lost");
    only(|observed| observed.spans[5].name = "charge2".to_owned(), "span_renamed", true, "renamed to \"charge2\"");
}

#[test]
fn a_lock_is_read_as_it_was_written_and_a_newer_one_is_refused() {
    let schema = schema(&sample());
    assert_eq!(read(&write(&schema)).unwrap(), schema);
    assert!(read("{\"version\":2,\"spans\":[],\"metrics\":[]}").unwrap_err().contains("reads up to 1"));
    assert!(read("[").unwrap_err().contains("no schema"));
    assert_eq!(text(&[]), "the schemas are the same\n");
}

proptest! {
    /// Scenario: two samples with parts left out. Guarantees: a schema has no difference to itself, and whatever is only
    /// in the older one is breaking.
    #[test]
    fn what_is_lost_breaks(left in 0_u32..1024, right in 0_u32..1024) {
        let part = |mask: u32| {
            let mut observed = sample();
            let mut index = 0;
            let mut keep = || { index += 1; mask & (1 << (index - 1)) != 0 };
            observed.spans.retain(|_| keep());
            observed.series.retain(|_| keep());
            schema(&observed)
        };
        let (left, right) = (part(left), part(right));
        prop_assert!(diff(&left, &left).is_empty());
        let lost = left.spans.len() + left.metrics.len() > right.spans.len() + right.metrics.len();
        if lost {
            prop_assert!(diff(&left, &right).iter().any(|change| change.breaking));
        }
    }
}
