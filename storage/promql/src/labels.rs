//! Label sets: sorted names with values, cheap to clone, compared and hashed as a whole.
//!
//! A label with an empty value is the same as no label, so none is ever stored. Not for building large indexes: a source keeps its own
//! and hands out [`Labels`] whose texts it shares.

use std::fmt;
use std::sync::Arc;

mod builder;
mod hash;
#[cfg(test)]
mod tests;

pub use builder::LabelsBuilder;

/// Label that holds the name of the metric.
pub const NAME: &str = "__name__";

/// One label: name and value, both valid UTF-8, the value never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// Name, for example `job`.
    pub name: Arc<str>,
    /// Value, not empty.
    pub value: Arc<str>,
}

/// A set of labels, sorted by name (bytewise), every name once.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Labels(Option<Arc<[Label]>>);

impl Labels {
    /// The set without labels.
    #[must_use]
    pub const fn empty() -> Self {
        Self(None)
    }

    /// Sorts the labels, drops those with an empty value, and keeps the last of those with the same name.
    #[must_use]
    pub fn new(mut labels: Vec<Label>) -> Self {
        labels.reverse();
        labels.sort_by(|left, right| left.name.cmp(&right.name));
        labels.dedup_by(|next, kept| next.name == kept.name);
        labels.retain(|label| !label.value.is_empty());
        Self::sorted(labels)
    }

    /// The same from pairs of texts.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let label = |(name, value): (N, V)| Label { name: name.as_ref().into(), value: value.as_ref().into() };
        Self::new(pairs.into_iter().map(label).collect())
    }

    /// Takes labels that are sorted, unique and not empty already.
    pub(crate) fn sorted(labels: Vec<Label>) -> Self {
        debug_assert!(labels.is_sorted_by(|left, right| left.name < right.name));
        if labels.is_empty() { Self(None) } else { Self(Some(labels.into())) }
    }

    /// The labels in the order of their names.
    #[must_use]
    pub fn as_slice(&self) -> &[Label] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The labels in the order of their names, as texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.as_slice().iter().map(|label| (&*label.name, &*label.value))
    }

    /// Value of a label; the empty text when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.find(name).map_or("", |label| &label.value)
    }

    /// The label of that name.
    pub(crate) fn find(&self, name: &str) -> Option<&Label> {
        let labels = self.as_slice();
        // Few labels: a scan that stops early is quicker than a binary search.
        labels.iter().find(|label| &*label.name >= name).filter(|label| &*label.name == name)
    }

    /// Name of the metric; empty when there is none.
    #[must_use]
    pub fn metric_name(&self) -> &str {
        self.get(NAME)
    }

    /// How many labels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The labels for which `keep` says yes.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        if self.as_slice().iter().all(|label| keep(&label.name)) {
            return self.clone();
        }
        Self::sorted(self.as_slice().iter().filter(|label| keep(&label.name)).cloned().collect())
    }

    /// The set without the metric's name.
    #[must_use]
    pub fn without_name(&self) -> Self {
        self.filter(|name| name != NAME)
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By the first label that differs, name before value; a prefix comes first.
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

/// `{a="b", c="d"}` with every label, the name of the metric too; label names that are not identifiers are quoted.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            if crate::text::is_label_name(name) {
                f.write_str(name)?;
            } else {
                f.write_str(&crate::text::quote(name))?;
            }
            write!(f, "={}", crate::text::quote(value))?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
