//! `info`: labels of info series (`target_info`) added to the series of the same target.

use std::collections::{HashMap, HashSet};

use super::call::arg;
use super::column::{Column, Row, Steps};
use super::eval::Eval;
use super::leaf::Cursor;
use crate::ast::{Call, Expr, ExprKind, LabelMatch, TimeShift};
use crate::error::Error;
use crate::labels::{Labels, LabelsBuilder, NAME};
use crate::matcher::{MatchOp, Matcher};
use crate::math::millis_f64;

/// Labels that say which target a series is of.
const IDENTIFYING: [&str; 2] = ["instance", "job"];
const TARGET_INFO: &str = "target_info";

/// An info series: the time of its newest sample at each step, in milliseconds.
struct InfoSeries {
    labels: Labels,
    target: Labels,
    times: Column,
}

/// What the second argument asks for.
struct Wanted {
    /// Conditions on the names of info series.
    names: Vec<Matcher>,
    /// Conditions on other labels: only these labels are added.
    data: Vec<Matcher>,
}

impl Eval<'_> {
    pub(super) fn info(&mut self, call: &Call, steps: Steps) -> Result<Vec<Row>, Error> {
        let base = arg(call, 0)?.unwrapped();
        let wanted = Wanted::of(call)?;
        let rows = self.vector(base, steps)?;
        let is_info = |row: &Row| wanted.names.iter().all(|matcher| matcher.matches(row.labels.metric_name()));
        let infos = self.info_series(&rows, &is_info, &wanted, &time_shift(base), steps)?;
        let mut out = Enriched { rows: Vec::new(), by_labels: HashMap::new(), steps };
        for row in rows {
            if is_info(&row) {
                let labels = row.labels.clone();
                (0..steps.count).try_for_each(|at| out.add(&row, &labels, at))?;
                continue;
            }
            let target = target_of(&row.labels);
            for at in (0..steps.count).filter(|at| row.column.has(*at)) {
                let newest = newest(&infos, &target, at)?;
                if newest.is_empty() && !wanted.data.iter().all(Matcher::matches_empty) {
                    continue;
                }
                let labels = wanted.enrich(&row.labels, &newest)?;
                out.add(&row, &labels, at)?;
            }
        }
        Ok(out.rows)
    }

    /// Info series of the targets that the rows have.
    fn info_series(
        &mut self,
        rows: &[Row],
        is_info: &dyn Fn(&Row) -> bool,
        wanted: &Wanted,
        shift: &TimeShift,
        steps: Steps,
    ) -> Result<Vec<InfoSeries>, Error> {
        let mut matchers = Vec::new();
        for label in IDENTIFYING {
            let values: HashSet<&str> =
                rows.iter().filter(|row| !is_info(row)).map(|row| row.labels.get(label)).collect();
            let mut values: Vec<String> =
                values.into_iter().filter(|value| !value.is_empty()).map(regex_syntax::escape).collect();
            if !values.is_empty() {
                values.sort();
                let pattern = values.join("|");
                matchers.push(Matcher::new(label, MatchOp::Regex, pattern).map_err(Error::execution)?);
            }
        }
        if matchers.is_empty() {
            return Ok(Vec::new());
        }
        matchers.extend(wanted.names.iter().chain(&wanted.data).cloned());
        let shift = self.query.shift(shift)?;
        let lookback = self.limits.lookback_ms;
        let first = shift.apply(steps.start).saturating_sub(lookback).saturating_add(1);
        let mut out = Vec::new();
        self.select(&matchers, first, shift.apply(steps.last()), &mut |eval, view| {
            let mut times = Column::default();
            let mut cursor = Cursor::new(view);
            for (at, time) in steps.times().enumerate() {
                let Some(newest) = cursor.newest(shift.apply(time), lookback) else { continue };
                if matches!(newest.value, super::leaf::NewestValue::Histogram(_)) {
                    let text = format!("this should be an info metric, with float samples: {}", view.labels);
                    return Err(Error::execution(text));
                }
                times.set_float(at, millis_f64(newest.time), steps.count);
            }
            eval.hold(times.weight())?;
            out.push(InfoSeries { labels: view.labels.clone(), target: target_of(view.labels), times });
            Ok(())
        })?;
        Ok(out)
    }
}

fn target_of(labels: &Labels) -> Labels {
    labels.filter(|name| IDENTIFYING.contains(&name))
}

/// When the first selector of an expression looks at its samples: so do the info series.
fn time_shift(expr: &Expr) -> TimeShift {
    match &expr.kind {
        ExprKind::Vector(selector) => selector.shift.clone(),
        ExprKind::Matrix(matrix) => matrix.selector.shift.clone(),
        ExprKind::Subquery(subquery) => {
            let inner = time_shift(&subquery.expr);
            if inner.at.is_some() || subquery.shift == TimeShift::default() {
                return inner;
            }
            if inner.offset.is_none() { subquery.shift.clone() } else { TimeShift { at: subquery.shift.at, ..inner } }
        }
        _ => {
            let has_selector = |child: &&Expr| !child.selectors().is_empty();
            expr.children().into_iter().find(has_selector).map(time_shift).unwrap_or_default()
        }
    }
}

/// For each name of info series the newest sample of the target at a step.
fn newest<'i>(infos: &'i [InfoSeries], target: &Labels, at: usize) -> Result<Vec<&'i InfoSeries>, Error> {
    let mut found: Vec<(&InfoSeries, f64)> = Vec::new();
    for info in infos.iter().filter(|info| info.target == *target) {
        let Some(time) = info.times.float(at) else { continue };
        let name = info.labels.metric_name();
        match found.iter_mut().find(|(other, _)| other.labels.metric_name() == name) {
            None => found.push((info, time)),
            Some((_, other)) if *other > time => {}
            Some(place) if place.1 < time => *place = (info, time),
            Some((other, _)) => {
                let text = "found duplicate series for info metric";
                let (left, right) = (&other.labels, &info.labels);
                return Err(Error::execution(format!("{text}: existing {left} @ {time}, new {right} @ {time}")));
            }
        }
    }
    Ok(found.into_iter().map(|(info, _)| info).collect())
}

impl Wanted {
    fn of(call: &Call) -> Result<Self, Error> {
        let written: &[LabelMatch] = match call.args.get(1).map(|arg| &arg.unwrapped().kind) {
            Some(ExprKind::Vector(selector)) => &selector.label_matches,
            _ => &[],
        };
        let (mut names, mut data) = (Vec::new(), Vec::new());
        for one in written {
            let matcher = Matcher::new(&*one.name, one.op, &*one.value).map_err(Error::bad_data)?;
            if one.name == NAME { names.push(matcher) } else { data.push(matcher) }
        }
        let is_positive = |matcher: &Matcher| matches!(matcher.op, MatchOp::Equal | MatchOp::Regex);
        if names.is_empty() {
            names.push(Matcher::equal(NAME, TARGET_INFO));
        } else if !names.iter().any(is_positive) {
            names.insert(0, Matcher::new(NAME, MatchOp::Regex, ".+_info").map_err(Error::execution)?);
        }
        Ok(Self { names, data })
    }

    /// The labels with those of the info series that are asked for; a label that is there already stays as it is.
    fn enrich(&self, base: &Labels, infos: &[&InfoSeries]) -> Result<Labels, Error> {
        let asked = |name: &str| self.data.is_empty() || self.data.iter().any(|matcher| matcher.name == name);
        let mut added: Vec<(&str, &str)> = Vec::new();
        for (name, value) in infos.iter().flat_map(|info| info.labels.iter()) {
            if name == NAME || !asked(name) {
                continue;
            }
            if added.iter().any(|(other, found)| *other == name && *found != value) {
                return Err(Error::execution(format!("conflicting label: {name}")));
            }
            if base.get(name).is_empty() {
                added.push((name, value));
            }
        }
        let mut builder = LabelsBuilder::new(base);
        added.into_iter().for_each(|(name, value)| {
            builder.set(name, value);
        });
        Ok(builder.build())
    }
}

/// Rows under construction: a series may have other labels from step to step.
struct Enriched {
    rows: Vec<Row>,
    by_labels: HashMap<Labels, usize>,
    steps: Steps,
}

impl Enriched {
    fn add(&mut self, row: &Row, labels: &Labels, at: usize) -> Result<(), Error> {
        let Some(cell) = row.column.cell(at) else { return Ok(()) };
        let next = self.rows.len();
        let index = *self.by_labels.entry(labels.clone()).or_insert(next);
        if index == next {
            self.rows.push(Row { labels: labels.clone(), drop_name: row.drop_name, column: Column::default() });
        }
        let Some(found) = self.rows.get_mut(index) else { return Ok(()) };
        if found.column.has(at) {
            return Err(Error::execution(super::SAME_LABELS));
        }
        found.column.set(at, cell, self.steps.count);
        Ok(())
    }
}
