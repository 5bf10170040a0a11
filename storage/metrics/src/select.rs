//! Matchers decide which series are read, before any sample is.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use telltale_promql::labels::NAME;
use telltale_promql::{Error, Labels, Matcher};
use telltale_storage::Segment;
use telltale_storage::schema::Table;

use crate::cache::TABLES;
use crate::delta::day_start_ms;
use crate::family::{Family, Part, Temporality};
use crate::index::{BatchIndex, Run, SegmentIndex};
use crate::limits::{HISTOGRAM_ROW_WEIGHT, SERIES_MAX, STOP_CHECK_SERIES};
use crate::meta::{SeriesId, SeriesMeta};
use crate::view::View;

/// The time that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// First and last millisecond, both inclusive.
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
}

impl Window {
    pub(crate) const fn of(start_ms: i64, end_ms: i64) -> Self {
        Self { start_ms, end_ms }
    }

    /// Returns the window with what delta needs before it.
    pub(crate) fn reading(&self, temporality: Temporality) -> Self {
        match temporality {
            Temporality::Delta => Self { start_ms: day_start_ms(self.start_ms), ..*self },
            _ => *self,
        }
    }

    pub(crate) fn overlaps_ns(&self, min_ns: i64, max_ns: i64) -> bool {
        milliseconds(min_ns) <= self.end_ms && milliseconds(max_ns) >= self.start_ms
    }

    pub(crate) const fn contains(&self, ms: i64) -> bool {
        self.start_ms <= ms && ms <= self.end_ms
    }
}

/// Nanoseconds as the millisecond that they lie in.
pub(crate) const fn milliseconds(ns: i64) -> i64 {
    ns.div_euclid(1_000_000)
}

/// A part of a series, under its translated or its original name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Shown {
    pub(crate) part: Part,
    pub(crate) is_original: bool,
}

/// Where rows of a series lie.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// In a segment, by its place in [`Selected::segments`].
    Segment { place: usize, rows: std::ops::Range<u64> },
    /// In a batch in memory, by its place in [`Selected::batches`] and the entry of its index.
    Batch { place: usize, entry: usize },
}

/// Stored series that become the same Prometheus series.
#[derive(Debug)]
pub(crate) struct Logical {
    pub(crate) series: Arc<SeriesMeta>,
    pub(crate) shown: Arc<[Shown]>,
    /// Matchers on the label that tells the series of a part apart: its values are known only when rows are read.
    pub(crate) bound_matchers: Arc<[Matcher]>,
    /// In the order of arrival.
    pub(crate) pieces: Vec<Piece>,
    /// What reading it costs, in rows of numbers.
    pub(crate) weight: u64,
}

/// A segment with its index.
pub(crate) type IndexedSegment = (Arc<Segment>, Arc<SegmentIndex>);
/// A batch with its index.
pub(crate) type IndexedBatch = (RecordBatch, Arc<BatchIndex>);

/// What is to be read.
#[derive(Debug, Default)]
pub(crate) struct Selected {
    pub(crate) series: Vec<Logical>,
    pub(crate) segments: Vec<IndexedSegment>,
    pub(crate) batches: Vec<IndexedBatch>,
    /// Whether series of different kinds could become the same.
    pub(crate) may_collide: bool,
}

/// Finds the series that match and have rows in the window.
pub(crate) fn select(view: &View, matchers: &[Matcher], window: &Window) -> Result<Selected, Error> {
    let mut selector = Selector::new(matchers);
    for table in TABLES {
        selector.table(view, table, window)?;
    }
    let mut names: HashMap<String, Reading> = HashMap::new();
    let mut may_collide = false;
    for (family, shown) in selector.families.values() {
        for shown in shown.iter() {
            let name = name_of(family, *shown);
            may_collide |= *names.entry(name).or_insert_with(|| reading(family)) != reading(family);
        }
    }
    let mut series = selector.series;
    // As segments keep them, so that each is read from front to back.
    series.sort_by(|left, right| order(left).cmp(&order(right)));
    Ok(Selected {
        series,
        segments: selector.segments,
        batches: selector.batches,
        may_collide: may_collide || names.contains_key(crate::target_info::NAME),
    })
}

/// What rows of points are sorted by, before their time; nothing for series that are in memory alone, which stay as they arrived.
fn order(logical: &Logical) -> Option<(Table, &str, &SeriesId)> {
    // Pieces of segments come before those of batches.
    let is_in_segment = matches!(logical.pieces.first(), Some(Piece::Segment { .. }));
    let SeriesMeta { family, id, .. } = &*logical.series;
    is_in_segment.then_some((family.table, family.name.as_str(), id))
}

/// Returns the name under which a part is shown.
pub(crate) fn name_of(family: &Family, shown: Shown) -> String {
    match shown.is_original {
        true => family.original_part_name(shown.part).unwrap_or_else(|| family.part_name(shown.part)),
        false => family.part_name(shown.part),
    }
}

/// How rows become samples: only series that are read alike can be one.
type Reading = (Table, bool);

fn reading(family: &Family) -> Reading {
    (family.table, family.temporality == Temporality::Delta)
}

type FamilyKey = *const Family;
type LogicalKey = (usize, Arc<[Shown]>, Labels);

struct Selector<'a> {
    matchers: &'a [Matcher],
    bound_matchers: Arc<[Matcher]>,
    /// What the name's matchers let through, by family.
    families: HashMap<FamilyKey, (Arc<Family>, Arc<[Shown]>)>,
    /// Families that become the same one.
    names: HashMap<(Reading, String), usize>,
    decided: HashMap<SeriesId, Option<usize>>,
    keys: HashMap<LogicalKey, usize>,
    series: Vec<Logical>,
    segments: Vec<IndexedSegment>,
    batches: Vec<IndexedBatch>,
}

impl<'a> Selector<'a> {
    fn new(matchers: &'a [Matcher]) -> Self {
        let is_on_bound = |matcher: &&Matcher| matcher.name == "le" || matcher.name == "quantile";
        Self {
            matchers,
            bound_matchers: matchers.iter().filter(is_on_bound).cloned().collect(),
            families: HashMap::new(),
            names: HashMap::new(),
            decided: HashMap::new(),
            keys: HashMap::new(),
            series: Vec::new(),
            segments: Vec::new(),
            batches: Vec::new(),
        }
    }

    fn table(&mut self, view: &View, table: Table, window: &Window) -> Result<(), Error> {
        let widest = window.reading(Temporality::Delta);
        for segment in view.snapshot.segments(table) {
            if !widest.overlaps_ns(segment.min_time(), segment.max_time()) {
                continue;
            }
            let index = view.metrics.segment(segment)?;
            let place = self.segments.len();
            for stretch in &index.families {
                view.stop.check()?;
                self.stretch(view, place, index.runs.get(stretch.clone()).unwrap_or_default(), window)?;
            }
            self.segments.push((Arc::clone(segment), index));
        }
        let batches = view.snapshot.batches(table);
        for (batch, index) in batches.iter().zip(view.metrics.batches(table, &batches)?) {
            view.stop.check()?;
            let place = self.batches.len();
            for (entry, found) in index.entries.iter().enumerate() {
                if window.reading(found.series.family.temporality).overlaps_ns(found.min_ns, found.max_ns) {
                    self.add(&found.series, Piece::Batch { place, entry }, found.rows.len() as u64)?;
                }
            }
            self.batches.push((batch.clone(), index));
        }
        Ok(())
    }

    /// Adds the runs of one family in a segment.
    fn stretch(&mut self, view: &View, place: usize, runs: &[Run], window: &Window) -> Result<(), Error> {
        let Some(first) = runs.first() else { return Ok(()) };
        if self.shown(&first.series.family).is_empty() {
            return Ok(());
        }
        let window = window.reading(first.series.family.temporality);
        for (at, run) in runs.iter().enumerate() {
            if at % STOP_CHECK_SERIES == 0 {
                view.stop.check()?;
            }
            if window.overlaps_ns(run.min_ns, run.max_ns) {
                let piece = Piece::Segment { place, rows: run.rows.clone() };
                self.add(&run.series, piece, run.rows.end - run.rows.start)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, series: &Arc<SeriesMeta>, piece: Piece, rows: u64) -> Result<(), Error> {
        let place = match self.decided.get(&series.id) {
            Some(decided) => *decided,
            None => {
                let decided = self.decide(series)?;
                self.decided.insert(series.id, decided);
                decided
            }
        };
        if let Some(logical) = place.and_then(|place| self.series.get_mut(place)) {
            let is_number = series.family.table == Table::Points;
            logical.weight += rows * if is_number { 1 } else { HISTOGRAM_ROW_WEIGHT };
            logical.pieces.push(piece);
        }
        Ok(())
    }

    fn decide(&mut self, series: &Arc<SeriesMeta>) -> Result<Option<usize>, Error> {
        let all = self.shown(&series.family);
        let fits = |shown: &Shown| {
            let own = shown.part.label();
            let decides_now = |matcher: &&Matcher| matcher.name != NAME && Some(matcher.name.as_str()) != own;
            self.matchers.iter().filter(decides_now).all(|matcher| matcher.matches(series.label(&matcher.name)))
        };
        if all.is_empty() || !all.iter().any(fits) {
            return Ok(None);
        }
        let shown: Arc<[Shown]> = if all.iter().all(fits) { all } else { all.iter().copied().filter(fits).collect() };
        let names = self.names.len();
        let family = (reading(&series.family), series.family.translated.clone());
        let name = *self.names.entry(family).or_insert(names);
        let key = (name, Arc::clone(&shown), series.labels.clone());
        if let Some(place) = self.keys.get(&key) {
            return Ok(Some(*place));
        }
        if self.series.len() >= SERIES_MAX {
            return Err(Error::execution(format!(
                "the selector matches more than {SERIES_MAX} series; add matchers or a shorter time"
            )));
        }
        let bound_matchers = Arc::clone(&self.bound_matchers);
        self.series.push(Logical { series: Arc::clone(series), shown, bound_matchers, pieces: Vec::new(), weight: 0 });
        self.keys.insert(key, self.series.len() - 1);
        Ok(Some(self.series.len() - 1))
    }

    /// Returns what the matchers of the name let through. An original name must be asked for by name: otherwise every series
    /// would come twice.
    fn shown(&mut self, family: &Arc<Family>) -> Arc<[Shown]> {
        let matchers = self.matchers;
        let make = || {
            let names: Vec<&Matcher> = matchers.iter().filter(|matcher| matcher.name == NAME).collect();
            let asked = |name: &str| {
                names.iter().any(|matcher| matcher.set_of_values().is_some_and(|values| values.contains(&name)))
            };
            let fit = |name: &str| names.iter().all(|matcher| matcher.matches(name));
            let mut shown = Vec::new();
            for part in family.parts().iter().copied() {
                if fit(&family.part_name(part)) {
                    shown.push(Shown { part, is_original: false });
                }
                if family.original_part_name(part).is_some_and(|name| asked(&name) && fit(&name)) {
                    shown.push(Shown { part, is_original: true });
                }
            }
            (Arc::clone(family), shown.into())
        };
        Arc::clone(&self.families.entry(Arc::as_ptr(family)).or_insert_with(make).1)
    }
}
