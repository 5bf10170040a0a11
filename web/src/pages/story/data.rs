//! A loaded trace: what the page draws from, and what it knows of rows and records without asking again.

use std::collections::HashMap;
use std::sync::Arc;

use telltale_story::pack::Structure;

use crate::palette::{Palette, ServiceLook};
use crate::prefs::now_nanos;
use crate::waterfall::layout::Layout;

/// A loaded trace.
pub(crate) struct Trace {
    /// Rows, events, records.
    pub(crate) structure: Arc<Structure>,
    /// What is folded and bundled.
    pub(crate) layout: Layout,
    /// Colours of the services.
    pub(crate) palette: Palette,
    /// When the last span or record arrived, by this browser's clock; 0 when the server does not say.
    pub(crate) arrived_nanos: u64,
    /// Row plus one and record, sorted.
    logs_of: Vec<(u32, u32)>,
    /// Pieces of the critical path by row.
    path: HashMap<u32, Vec<(i64, i64)>>,
}

impl Trace {
    /// Prepares a trace.
    pub(crate) fn new(structure: Arc<Structure>) -> Self {
        let layout = Layout::new(&structure);
        let mut logs_of: Vec<(u32, u32)> = structure.logs.row.iter().copied().zip(0..).collect();
        logs_of.sort_unstable();
        let mut path: HashMap<u32, Vec<(i64, i64)>> = HashMap::new();
        for piece in &structure.path {
            let end = piece.start_ns.saturating_add_unsigned(piece.length_ns);
            path.entry(piece.row).or_default().push((piece.start_ns, end));
        }
        // The server's clock may differ from this one: only the distance counts.
        let meta = &structure.meta;
        let quiet = meta.now_unix_nano.saturating_sub(meta.last_ingest_unix_nano);
        let arrived_nanos = if meta.last_ingest_unix_nano == 0 { 0 } else { now_nanos().saturating_sub(quiet) };
        Self { layout, palette: palette(&structure), arrived_nanos, logs_of, path, structure }
    }

    /// Returns how a row's service is drawn.
    pub(crate) fn look(&self, row: u32) -> ServiceLook {
        self.palette.look(self.structure.service(row))
    }

    /// Returns the records of a row, by time.
    pub(crate) fn logs_of(&self, row: u32) -> impl Iterator<Item = u32> + '_ {
        let first = self.logs_of.partition_point(|(known, _)| *known < row + 1);
        self.logs_of.iter().skip(first).take_while(move |(known, _)| *known == row + 1).map(|(_, log)| *log)
    }

    /// Returns the pieces of the critical path on a row, begin and end from the trace's start.
    pub(crate) fn path_of(&self, row: u32) -> &[(i64, i64)] {
        self.path.get(&row).map_or(&[], Vec::as_slice)
    }

    /// Returns the value of a column at a row.
    pub(crate) fn start_ns(&self, row: u32) -> i64 {
        at(&self.structure.rows.start_ns, row)
    }

    /// Returns a row's length.
    pub(crate) fn duration_ns(&self, row: u32) -> i64 {
        at(&self.structure.rows.duration_ns, row)
    }

    /// Returns a row's depth.
    pub(crate) fn depth(&self, row: u32) -> u32 {
        at(&self.structure.rows.depth, row)
    }

    /// Returns the whole length, at least 1.
    pub(crate) fn length_ns(&self) -> i64 {
        i64::try_from(self.structure.meta.duration_ns).unwrap_or(i64::MAX).max(1)
    }

    /// Returns how many rows there are.
    pub(crate) fn row_count(&self) -> u32 {
        u32::try_from(self.structure.rows.len()).unwrap_or(u32::MAX)
    }
}

/// Returns a column's value at a row.
pub(crate) fn at<T: Copy + Default>(column: &[T], row: u32) -> T {
    column.get(usize::try_from(row).unwrap_or(usize::MAX)).copied().unwrap_or_default()
}

fn palette(structure: &Structure) -> Palette {
    let mut by_service: HashMap<u32, u64> = HashMap::new();
    let rows = &structure.rows;
    for (service, flags) in rows.service.iter().zip(0..) {
        if !rows.is_missing(flags) {
            *by_service.entry(*service).or_default() += 1;
        }
    }
    for service in &structure.logs.service {
        by_service.entry(*service).or_default();
    }
    let name = |service: u32| structure.maybe_text(service).unwrap_or_default().to_owned();
    let mut counts: HashMap<String, u64> = HashMap::new();
    for (service, count) in by_service {
        *counts.entry(name(service)).or_default() += count;
    }
    Palette::new(&counts)
}
