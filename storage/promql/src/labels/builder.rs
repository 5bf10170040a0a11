//! Changes to a label set.

use std::sync::Arc;

use super::{Label, Labels};

/// A label set under change; `build` gives the sorted set without empty labels.
#[derive(Clone, Debug)]
pub struct LabelsBuilder {
    labels: Vec<Label>,
}

impl LabelsBuilder {
    /// Starts from a set.
    #[must_use]
    pub fn new(base: &Labels) -> Self {
        Self { labels: base.as_slice().to_vec() }
    }

    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: &str, value: impl Into<Arc<str>>) -> &mut Self {
        let value = value.into();
        let at = self.labels.partition_point(|label| &*label.name < name);
        match self.labels.get_mut(at).filter(|label| &*label.name == name) {
            Some(_) if value.is_empty() => {
                self.labels.remove(at);
            }
            Some(label) => label.value = value,
            None if value.is_empty() => {}
            None => self.labels.insert(at, Label { name: name.into(), value }),
        }
        self
    }

    /// Removes a label.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.labels.retain(|label| &*label.name != name);
        self
    }

    /// The set.
    #[must_use]
    pub fn build(self) -> Labels {
        Labels::sorted(self.labels)
    }
}
