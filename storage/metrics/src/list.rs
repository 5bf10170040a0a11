//! Lists of what there is: series, label names and values, families. No sample is read for them; bounds of histograms are read
//! from one row a run.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use telltale_prometheus::number::decimal;
use telltale_promql::labels::NAME;
use telltale_promql::{Error, Labels, Matcher};
use telltale_storage::schema::{Table, col};

use crate::cache::TABLES;
use crate::columns::{lists, missing, row_numbers};
use crate::family::Part;
use crate::meta::SeriesMeta;
use crate::read::{Slice, in_chunks};
use crate::samples::series_labels;
use crate::select::{Logical, Piece, Selected, Window, name_of, select};
use crate::view::View;
use crate::{derived, target_info};

/// What is known of a family, as the metadata API shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FamilyMetadata {
    /// Type, in Prometheus's word.
    pub kind: &'static str,
    /// For people.
    pub help: String,
    /// Unit as the sender wrote it.
    pub unit: String,
}

/// Alternatives: a series is listed when all matchers of one of them fit; none at all means everything.
type Selectors<'a> = &'a [Vec<Matcher>];

impl View {
    /// Returns the series with samples in the time, both ends inclusive, sorted.
    ///
    /// # Errors
    /// As a query.
    pub fn series(&self, selectors: Selectors<'_>, start_ms: i64, end_ms: i64) -> Result<BTreeSet<Labels>, Error> {
        let window = Window::of(start_ms, end_ms);
        let mut found = BTreeSet::new();
        self.each(selectors, &window, &mut |selected| {
            for logical in &selected.series {
                for shown in logical.shown.iter().filter(|shown| shown.part.label().is_none()) {
                    found.insert(series_labels(logical, *shown, None));
                }
            }
            self.bounds(selected, &mut |logical, part, bound| {
                for shown in logical.shown.iter().filter(|shown| shown.part == part) {
                    found.insert(series_labels(logical, *shown, Some(bound.clone())));
                }
            })
        })?;
        found.extend(self.targets(selectors, &window)?);
        Ok(found)
    }

    /// Returns the names of labels of the series with samples in the time.
    ///
    /// # Errors
    /// As a query.
    pub fn label_names(&self, selectors: Selectors<'_>, start_ms: i64, end_ms: i64) -> Result<BTreeSet<String>, Error> {
        let window = Window::of(start_ms, end_ms);
        let mut found: BTreeSet<String> = BTreeSet::new();
        let mut add = |name: &str| {
            if !found.contains(name) {
                found.insert(name.to_owned());
            }
        };
        self.each(selectors, &window, &mut |selected| {
            for logical in &selected.series {
                add(NAME);
                logical.series.labels.iter().for_each(|(name, _)| add(name));
                logical.shown.iter().filter_map(|shown| shown.part.label()).for_each(&mut add);
            }
            Ok(())
        })?;
        for target in self.targets(selectors, &window)? {
            target.iter().for_each(|(name, _)| add(name));
        }
        Ok(found)
    }

    /// Returns the values of a label of the series with samples in the time. The label is found by either spelling.
    ///
    /// # Errors
    /// As a query.
    pub fn label_values(
        &self,
        label: &str,
        selectors: Selectors<'_>,
        start_ms: i64,
        end_ms: i64,
    ) -> Result<BTreeSet<String>, Error> {
        let window = Window::of(start_ms, end_ms);
        let mut found: BTreeSet<String> = BTreeSet::new();
        let mut add = |value: &str| {
            if !value.is_empty() && !found.contains(value) {
                found.insert(value.to_owned());
            }
        };
        self.each(selectors, &window, &mut |selected| {
            for logical in &selected.series {
                if label == NAME {
                    logical.shown.iter().for_each(|shown| add(&name_of(&logical.series.family, *shown)));
                } else {
                    add(logical.series.label(label));
                }
            }
            let is_bound = label == "le" || label == "quantile";
            if !is_bound {
                return Ok(());
            }
            self.bounds(selected, &mut |_, part, bound| {
                if part.label() == Some(label) {
                    add(&bound);
                }
            })
        })?;
        self.targets(selectors, &window)?.iter().for_each(|target| add(target.get(label)));
        if label == NAME && selectors.is_empty() {
            derived::names(self, &[], &window).into_iter().for_each(&mut add);
        }
        Ok(found)
    }

    /// Returns what is known of every family, or of one, by the name that it has in Prometheus.
    ///
    /// # Errors
    /// As a query.
    pub fn metadata(&self, metric: Option<&str>) -> Result<BTreeMap<String, BTreeSet<FamilyMetadata>>, Error> {
        let mut found: BTreeMap<String, BTreeSet<FamilyMetadata>> = BTreeMap::new();
        let mut seen = std::collections::HashSet::new();
        let mut add = |series: &SeriesMeta| {
            if !seen.insert((std::sync::Arc::as_ptr(&series.family), std::sync::Arc::as_ptr(&series.about))) {
                return;
            }
            let name = series.about.family.as_ref().unwrap_or(&series.family.translated);
            if metric.is_some_and(|metric| metric != name && metric != series.family.name) {
                return;
            }
            let kind = series.about.kind.unwrap_or_else(|| series.family.family_type()).as_str();
            let (help, unit) = (series.about.description.clone(), series.family.unit.clone());
            found.entry(name.clone()).or_default().insert(FamilyMetadata { kind, help, unit });
        };
        for table in TABLES {
            for segment in self.snapshot.segments(table) {
                self.stop.check()?;
                self.metrics.segment(segment)?.runs.iter().for_each(|run| add(&run.series));
            }
            let batches = self.snapshot.batches(table);
            for index in self.metrics.batches(table, &batches)? {
                index.entries.iter().for_each(|entry| add(&entry.series));
            }
        }
        Ok(found)
    }

    fn each(
        &self,
        selectors: Selectors<'_>,
        window: &Window,
        call: &mut dyn FnMut(&mut Selected) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let everything = [Vec::new()];
        let selectors = if selectors.is_empty() { everything.as_slice() } else { selectors };
        selectors.iter().try_for_each(|matchers| call(&mut select(self, matchers, window)?))
    }

    fn targets(&self, selectors: Selectors<'_>, window: &Window) -> Result<BTreeSet<Labels>, Error> {
        let everything = [Vec::new()];
        let selectors = if selectors.is_empty() { everything.as_slice() } else { selectors };
        let mut found = BTreeSet::new();
        for matchers in selectors {
            found.extend(target_info::spans_of_targets(self, matchers, window)?.into_keys());
            found.extend(derived::series(self, matchers, window)?);
        }
        Ok(found)
    }

    /// Calls with every bound of every selected histogram and summary whose series are told apart by one. Narrows the pieces
    /// to their last rows: bounds seldom change.
    fn bounds(&self, selected: &mut Selected, call: &mut dyn FnMut(&Logical, Part, String)) -> Result<(), Error> {
        selected.series.retain(|logical| logical.shown.iter().any(|shown| shown.part.label().is_some()));
        for logical in &mut selected.series {
            logical.weight = logical.pieces.len() as u64;
            for piece in &mut logical.pieces {
                if let Piece::Segment { rows, .. } = piece {
                    *rows = rows.end - 1..rows.end;
                }
            }
        }
        let columns = |logical: &Logical| match logical.series.family.table {
            Table::HistogramPoints => vec![col::EXPLICIT_BOUNDS],
            _ => vec![col::QUANTILE_VALUES],
        };
        in_chunks(self, selected, &columns, &mut |logical, slices| {
            let mut bounds = BTreeSet::new();
            for slice in slices {
                bounds.extend(bounds_of(logical.series.family.table, slice)?);
            }
            let part =
                if logical.series.family.table == Table::HistogramPoints { Part::Buckets } else { Part::Quantiles };
            let fits = |bound: &String| {
                let own = logical.bound_matchers.iter().filter(|matcher| Some(matcher.name.as_str()) == part.label());
                own.into_iter().all(|matcher| matcher.matches(bound))
            };
            bounds.into_iter().filter(fits).for_each(|bound| call(logical, part, bound));
            Ok(())
        })
    }
}

fn bounds_of(table: Table, slice: &Slice<'_>) -> Result<Vec<String>, Error> {
    let mut last = None;
    slice.for_each(|row| last = Some(row));
    let Some(row) = last else { return Ok(Vec::new()) };
    if table == Table::HistogramPoints {
        let list = lists(slice.batch, col::EXPLICIT_BOUNDS)?;
        let values = list.values().as_primitive_opt::<Float64Type>().ok_or_else(|| missing(col::EXPLICIT_BOUNDS))?;
        let finite = row_numbers(list, values, row).iter().filter(|bound| bound.is_finite());
        return Ok(finite.copied().chain([f64::INFINITY]).map(decimal).collect());
    }
    let list = lists(slice.batch, col::QUANTILE_VALUES)?;
    let members = list.values().as_struct_opt().and_then(|members| members.column_by_name("quantile"));
    let places = members.and_then(|places| places.as_primitive_opt::<Float64Type>());
    let places = places.ok_or_else(|| missing(col::QUANTILE_VALUES))?;
    Ok(row_numbers(list, places, row).iter().copied().map(decimal).collect())
}
