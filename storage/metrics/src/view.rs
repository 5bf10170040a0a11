//! [`View`]: one question over one snapshot.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use telltale_model::UnixNanos;
use telltale_promql::{Error, Labels, SelectReport, Selection, SeriesView, Source};
use telltale_storage::Snapshot;

use crate::cache::Metrics;
use crate::limits::ReadLimits;
use crate::{derived, read, select, target_info};

/// Tells a question that nobody waits for its answer any more; clones share the word.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends the question at its next look.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Says whether it has ended.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.is_stopped() { Err(Error::canceled()) } else { Ok(()) }
    }
}

/// One question over one snapshot.
#[derive(Debug)]
pub struct View {
    pub(crate) metrics: Metrics,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) stop: Stop,
    /// When it was asked, in milliseconds.
    pub(crate) now_ms: i64,
    pub(crate) limits: ReadLimits,
}

impl View {
    pub(crate) fn new(metrics: Metrics, snapshot: Arc<Snapshot>, stop: Stop, now: UnixNanos) -> Self {
        metrics.retain_batches(&snapshot);
        let now_ms = i64::try_from(now.0 / 1_000_000).unwrap_or(i64::MAX);
        Self { metrics, snapshot, stop, now_ms, limits: ReadLimits::default() }
    }
}

impl Source for View {
    fn select(
        &self,
        selection: &Selection<'_>,
        visit: &mut dyn FnMut(SeriesView<'_>) -> Result<(), Error>,
    ) -> Result<SelectReport, Error> {
        let window = select::Window::of(selection.start_ms, selection.end_ms);
        let selected = select::select(self, selection.matchers, &window)?;
        let mut guard = Once::new(selected.may_collide, visit);
        read::visit(self, &selected, &window, &mut |series| guard.visit(series))?;
        target_info::visit(self, selection.matchers, &window, &mut |series| guard.visit(series))?;
        derived::visit(self, selection.matchers, &window, &mut |series| guard.visit(series))?;
        Ok(SelectReport { warnings: guard.warnings(), infos: Vec::new() })
    }
}

/// Sees to it that no series comes twice where that could happen.
struct Once<'a> {
    seen: Option<HashSet<Labels>>,
    doubles: Vec<String>,
    visit: &'a mut dyn FnMut(SeriesView<'_>) -> Result<(), Error>,
}

/// Doubles that one answer names.
const DOUBLES_NAMED: usize = 3;

impl<'a> Once<'a> {
    fn new(may_collide: bool, visit: &'a mut dyn FnMut(SeriesView<'_>) -> Result<(), Error>) -> Self {
        Self { seen: may_collide.then(HashSet::new), doubles: Vec::new(), visit }
    }

    fn visit(&mut self, series: SeriesView<'_>) -> Result<(), Error> {
        if let Some(seen) = &mut self.seen
            && !seen.insert(series.labels.clone())
        {
            self.doubles.push(series.labels.to_string());
            return Ok(());
        }
        (self.visit)(series)
    }

    fn warnings(&self) -> Vec<String> {
        let named: Vec<&str> = self.doubles.iter().take(DOUBLES_NAMED).map(String::as_str).collect();
        if named.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "{} series were left out because metrics of different kinds become the same name and labels: {}",
            self.doubles.len(),
            named.join(", ")
        )]
    }
}
