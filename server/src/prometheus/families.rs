//! What remote write 1.0 says about families: apart from any sample, about once a minute, and so kept in memory only.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use telltale_metrics::FamilyMetadata;
use telltale_prometheus::Metadata;

use crate::limits::FAMILIES_KEPT;

/// The families that senders told of; beyond the bound, new ones are not noted until the next start.
#[derive(Debug, Default)]
pub struct Families {
    known: Mutex<BTreeMap<String, FamilyMetadata>>,
}

impl Families {
    /// Notes what a sender says.
    pub fn note(&self, told: Vec<Metadata>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for Metadata { family, kind, help, unit } in told {
            if known.len() < FAMILIES_KEPT || known.contains_key(&family) {
                known.insert(family, FamilyMetadata { kind: kind.as_str(), help, unit });
            }
        }
    }

    /// Returns all, or the one of a name.
    #[must_use]
    pub fn list(&self, metric: Option<&str>) -> Vec<(String, FamilyMetadata)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = known.iter().filter(|(name, _)| metric.is_none_or(|metric| metric == name.as_str()));
        wanted.map(|(name, metadata)| (name.clone(), metadata.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_last_holds_and_the_bound_holds() {
        let families = Families::default();
        let told = |family: String, help: &str| Metadata { family, help: help.into(), ..Metadata::default() };
        families.note((0..FAMILIES_KEPT + 5).map(|at| told(format!("m{at}"), "first")).collect());
        families.note(vec![told("m1".into(), "second"), told("new".into(), "x")]);
        assert_eq!(families.list(None).len(), FAMILIES_KEPT);
        assert_eq!(families.list(Some("m1"))[0].1.help, "second");
        assert!(families.list(Some("new")).is_empty());
    }
}
