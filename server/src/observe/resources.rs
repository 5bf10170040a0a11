//! Resources: decoded once each, and whether they belong to the run that is asked for.

use std::collections::HashMap;
use std::sync::Arc;

use telltale_signals::observed::{Attributes, attributes};
use telltale_storage::encode::{self, TailColumns};

use crate::http::view::attribute_rows;

/// Resource attribute that names the run.
pub(crate) const RUN_ID: &str = "telltale.run.id";

/// The resources seen so far.
#[derive(Debug)]
pub(super) struct Resources<'a> {
    run_id: Option<&'a str>,
    known: HashMap<Vec<u8>, Option<Arc<Attributes>>>,
}

impl<'a> Resources<'a> {
    /// Begins; with a run, resources that name another one are none. One that names none belongs to whoever was there.
    pub(super) fn of_run(run_id: Option<&'a str>) -> Self {
        Self { run_id, known: HashMap::new() }
    }

    /// Returns a row's resource, `None` when it is not of the run.
    pub(super) fn of_row(&mut self, tail: &TailColumns<'_>, row: usize) -> Option<Arc<Attributes>> {
        let bytes = tail.resource(row);
        if let Some(known) = self.known.get(bytes) {
            return known.clone();
        }
        let found = attributes(&attribute_rows(encode::resource(bytes).attributes));
        let is_of_run = self.run_id.is_none_or(|run| found.get(RUN_ID).is_none_or(|value| value.text == run));
        let resource = is_of_run.then(|| Arc::new(found));
        self.known.insert(bytes.to_owned(), resource.clone());
        resource
    }
}
