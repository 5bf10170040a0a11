//! Resources and scopes: listed once, referred to by position.

use std::collections::HashMap;

use telltale_api::trace::{ResourceView, ScopeView};
use telltale_storage::encode::{self, TailColumns};

use super::attributes::rows;

/// The resources and scopes of a trace so far.
#[derive(Default)]
pub(super) struct Envelopes {
    resources: List<ResourceView>,
    scopes: List<ScopeView>,
}

impl Envelopes {
    /// Returns the positions of a row's resource and scope.
    pub(super) fn of_row(&mut self, tail: &TailColumns<'_>, row: usize) -> (u32, u32) {
        (self.resources.position(tail.resource(row), resource), self.scopes.position(tail.scope(row), scope))
    }

    /// Returns the lists that rows refer to.
    pub(super) fn into_views(self) -> (Vec<ResourceView>, Vec<ScopeView>) {
        (self.resources.views, self.scopes.views)
    }
}

/// Distinct envelopes in the order of their first row.
struct List<View> {
    by_bytes: HashMap<Vec<u8>, u32>,
    views: Vec<View>,
}

impl<View> Default for List<View> {
    fn default() -> Self {
        Self { by_bytes: HashMap::new(), views: Vec::new() }
    }
}

impl<View> List<View> {
    fn position(&mut self, bytes: &[u8], read: impl Fn(&[u8]) -> View) -> u32 {
        if let Some(position) = self.by_bytes.get(bytes) {
            return *position;
        }
        let position = u32::try_from(self.views.len()).unwrap_or(u32::MAX);
        self.views.push(read(bytes));
        self.by_bytes.insert(bytes.to_owned(), position);
        position
    }
}

fn resource(bytes: &[u8]) -> ResourceView {
    let parts = encode::resource(bytes);
    ResourceView {
        attributes: rows(parts.attributes),
        schema_url: parts.schema_url,
        dropped_attributes_count: parts.dropped_attributes_count,
    }
}

fn scope(bytes: &[u8]) -> ScopeView {
    let parts = encode::scope(bytes);
    ScopeView {
        name: parts.name,
        version: parts.version,
        attributes: rows(parts.attributes),
        schema_url: parts.schema_url,
        dropped_attributes_count: parts.dropped_attributes_count,
    }
}
