//! Attributes that differ between matched spans: versions, flags, statements; not ids, ports and times, which always do.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use telltale_api::diff::ValueChange;
use telltale_api::trace::AttributeRow;

use super::template::template;
use super::tree::{Member, Node};
use crate::format::wrap::shorten;
use crate::limits::{DIFF_ATTRIBUTES, DIFF_VALUE_CHARS, DIFF_VALUES};

/// Ends of keys whose values differ from request to request by nature.
const VOLATILE: [&str; 19] = [
    ".id",
    "_id",
    ".ids",
    ".port",
    ".pid",
    "timestamp",
    ".time",
    "_time",
    ".address",
    ".query",
    ".size",
    ".length",
    ".offset",
    "_ms",
    ".duration",
    "thread.name",
    ".stacktrace",
    "body.size",
    "user_agent.original",
];

/// Values by key.
type Values = BTreeMap<String, BTreeSet<String>>;

/// Compares attributes and remembers what was said of a service's resource.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    told: HashSet<(Option<String>, String)>,
}

impl Attributes {
    /// Returns what differs between two matched nodes, at most [`DIFF_ATTRIBUTES`] of it.
    pub(super) fn changes(&mut self, a: &Node<'_>, b: &Node<'_>) -> Vec<ValueChange> {
        let spans = |node: &Node<'_>| values(node.members.iter().flat_map(|member| &member.span.attributes));
        let resources = |node: &Node<'_>| values(node.members.iter().flat_map(resource));
        let mut out = compare(&spans(a), &spans(b));
        let service = b.key.service.map(str::to_owned);
        for change in compare(&resources(a), &resources(b)) {
            if self.told.insert((service.clone(), change.key.clone())) {
                out.push(change);
            }
        }
        out.truncate(DIFF_ATTRIBUTES);
        out
    }
}

fn resource<'a>(member: &Member<'a>) -> &'a [AttributeRow] {
    let resource = usize::try_from(member.span.resource).ok().and_then(|at| member.told.view.resources.get(at));
    resource.map_or(&[], |resource| resource.attributes.as_slice())
}

fn values<'a>(rows: impl Iterator<Item = &'a AttributeRow>) -> Values {
    let mut out = Values::new();
    for row in rows.filter(|row| !VOLATILE.iter().any(|end| row.key.ends_with(end))) {
        out.entry(row.key.clone()).or_default().insert(row.value.clone());
    }
    out
}

/// Returns the keys whose values differ. Versions count as they stand, everything else without numbers and ids.
fn compare(a: &Values, b: &Values) -> Vec<ValueChange> {
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let nothing = BTreeSet::new();
    let differs = |key: &&String| {
        let exact = ["version", "revision", "sha", "status_code", "variant", "value", "flag", "environment"];
        let exact = exact.iter().any(|word| key.contains(word));
        let seen = |values: &Values| -> BTreeSet<String> {
            let values = values.get(*key).unwrap_or(&nothing).iter();
            values.map(|value| if exact { value.clone() } else { template(value) }).collect()
        };
        seen(a) != seen(b)
    };
    let shown = |values: &Values, key: &String| shown(values.get(key).cloned().unwrap_or_default());
    keys.into_iter()
        .filter(differs)
        .map(|key| ValueChange { key: key.clone(), a: shown(a, key), b: shown(b, key) })
        .collect()
}

/// Returns the first few values, each shortened; the last one tells how many there are beside.
pub(super) fn shown(values: BTreeSet<String>) -> Vec<String> {
    let left_out = values.len().saturating_sub(DIFF_VALUES);
    let mut out: Vec<String> =
        values.into_iter().take(DIFF_VALUES).map(|value| shorten(&value, DIFF_VALUE_CHARS)).collect();
    if left_out > 0 {
        out.push(format!("and {left_out} more"));
    }
    out
}
