//! Arithmetic and comparisons between two vectors: which series belong together, and what the result is called.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::{NoOutcome, Place};
use crate::ast::{BinaryExpr, Cardinality, PosRange, VectorMatching};
use crate::engine::column::{Cell, Column, Row, Steps, is_metadata};
use crate::engine::eval::Eval;
use crate::error::Error;
use crate::labels::{Labels, LabelsBuilder, NAME};

/// The labels by which a series is matched.
pub(super) fn signature(labels: &Labels, matching: &VectorMatching) -> Labels {
    let named = |name: &str| matching.labels.iter().any(|label| label == name);
    if matching.is_on { labels.filter(named) } else { labels.filter(|name| name != NAME && !named(name)) }
}

/// The same as Prometheus shows it in a message and gives it to a series that was filled in.
fn match_labels(labels: &Labels, matching: &VectorMatching) -> Labels {
    signature(labels, matching)
}

/// Rows of both sides with the same signature, by index.
#[derive(Default)]
struct Group {
    many: Vec<usize>,
    one: Vec<usize>,
}

/// The rows under construction, by labels.
struct Output {
    rows: Vec<Row>,
    by_labels: HashMap<(Labels, bool), usize>,
    steps: Steps,
}

impl Output {
    fn add(&mut self, labels: &Labels, drop_name: bool, at: usize, cell: Cell) -> Result<(), Error> {
        let row = match self.by_labels.entry((labels.clone(), drop_name)) {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(free) => {
                self.rows.push(Row { labels: labels.clone(), drop_name, column: Column::default() });
                *free.insert(self.rows.len() - 1)
            }
        };
        let Some(row) = self.rows.get_mut(row) else { return Ok(()) };
        if row.column.has(at) {
            return Err(Error::execution(crate::engine::SAME_LABELS));
        }
        row.column.set(at, cell, self.steps.count);
        Ok(())
    }
}

/// One operation between two vectors, the "many" side first.
struct Matcher<'m> {
    binary: &'m BinaryExpr,
    matching: &'m VectorMatching,
    many: Vec<Row>,
    one: Vec<Row>,
    /// Whether the sides were exchanged, so that the "one" side is the second.
    is_swapped: bool,
    /// At which steps the "many" side has any sample: without one, nothing is matched and nothing can be a mistake.
    any_many: Vec<bool>,
    /// Labels of results, by the indexes of their rows; a missing row was filled in.
    names: HashMap<(Option<usize>, Option<usize>), Labels>,
}

impl Eval<'_> {
    pub(super) fn match_vectors(
        &mut self,
        binary: &BinaryExpr,
        matching: &VectorMatching,
        left: Vec<Row>,
        right: Vec<Row>,
        (range, steps): (PosRange, Steps),
    ) -> Result<Vec<Row>, Error> {
        let is_swapped = matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if is_swapped { (right, left) } else { (left, right) };
        let mut order = Vec::new();
        let mut groups: HashMap<Labels, Group> = HashMap::new();
        for (rows, is_one) in [(&many, false), (&one, true)] {
            for (at, row) in rows.iter().enumerate() {
                let key = signature(&row.labels, matching);
                let group = groups.entry(key.clone()).or_insert_with(|| {
                    order.push(key);
                    Group::default()
                });
                if is_one { &mut group.one } else { &mut group.many }.push(at);
            }
        }
        let any_many = (0..steps.count).map(|at| many.iter().any(|row| row.column.has(at))).collect();
        let mut matcher = Matcher { binary, matching, many, one, is_swapped, any_many, names: HashMap::new() };
        let mut place = Place { op: binary.op, range, notes: &mut self.notes };
        let mut output = Output { rows: Vec::new(), by_labels: HashMap::new(), steps };
        for key in &order {
            let Some(group) = groups.get(key) else { continue };
            if group.one.is_empty() && matcher.fills().1.is_none() {
                continue;
            }
            if group.many.is_empty() && matcher.fills().0.is_none() && group.one.len() < 2 {
                continue;
            }
            for at in 0..steps.count {
                matcher.step(group, at, &mut place, &mut output)?;
            }
        }
        output.rows.retain(|row| !row.column.is_empty());
        Ok(output.rows)
    }
}

impl Matcher<'_> {
    /// Values for a missing sample of the "many" and of the "one" side. With `group_right` Prometheus exchanges the sides but not these.
    const fn fills(&self) -> (Option<f64>, Option<f64>) {
        (self.matching.fill_left, self.matching.fill_right)
    }

    /// The row of the "one" side that has a sample at a step.
    fn only_one(&self, group: &Group, at: usize) -> Result<Option<usize>, Error> {
        let has = |row: &&usize| self.one.get(**row).is_some_and(|row| row.column.has(at));
        let mut present = group.one.iter().filter(has);
        let Some(first) = present.next() else { return Ok(None) };
        if let Some(second) = present.next() {
            return Err(self.duplicate(*first, *second));
        }
        Ok(Some(*first))
    }

    fn duplicate(&self, first: usize, second: usize) -> Error {
        let labels = |at: usize| self.one.get(at).map(|row| row.labels.clone()).unwrap_or_default();
        let (first, second) = (labels(first), labels(second));
        let group = match_labels(&second, self.matching);
        let side = if self.is_swapped { "left" } else { "right" };
        let mut pair = [first.to_string(), second.to_string()];
        pair.sort();
        Error::execution(format!(
            "found duplicate series for the match group {group} on the {side} hand-side of the operation: [{}];many-to-many \
             matching not allowed: matching labels must be unique on one side",
            pair.join(", ")
        ))
    }

    fn step(&mut self, group: &Group, at: usize, place: &mut Place<'_>, output: &mut Output) -> Result<(), Error> {
        let (fill_many, fill_one) = self.fills();
        let fills = fill_many.is_some() || fill_one.is_some();
        if !fills && !self.any_many.get(at).copied().unwrap_or_default() {
            return Ok(());
        }
        let one = self.only_one(group, at)?;
        let one_cell = one.and_then(|row| self.one.get(row)?.column.cell(at));
        let other = one_cell.clone().or(fill_one.map(Cell::Float));
        // What was matched in this group at this step: one-to-one allows one result, the others one of each name.
        let mut seen: HashSet<Labels> = HashSet::new();
        if let Some(other) = &other {
            for row in &group.many {
                let Some(cell) = self.many.get(*row).and_then(|row| row.column.cell(at)) else { continue };
                self.pair((Some(*row), &cell), (one, other), at, (&mut seen, place, output))?;
            }
        }
        if let (Some(fill), Some(cell), true) = (fill_many, &one_cell, seen.is_empty()) {
            self.pair((None, &Cell::Float(fill)), (one, cell), at, (&mut seen, place, output))?;
        }
        Ok(())
    }

    fn pair(
        &mut self,
        (many, cell): (Option<usize>, &Cell),
        (one, other): (Option<usize>, &Cell),
        at: usize,
        (seen, place, output): (&mut HashSet<Labels>, &mut Place<'_>, &mut Output),
    ) -> Result<(), Error> {
        let (left, right) = if self.is_swapped { (other, cell) } else { (cell, other) };
        let outcome = match place.operate(left, right) {
            Ok(outcome) => outcome,
            Err(reason @ (NoOutcome::Types(..) | NoOutcome::Layouts)) => {
                place.note(reason);
                return Ok(());
            }
        };
        let labels = self.result_labels(many, one);
        if self.matching.cardinality == Cardinality::OneToOne {
            if !seen.is_empty() {
                let text =
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
                return Err(Error::execution(text));
            }
            seen.insert(labels.clone());
        } else if !seen.insert(labels.clone()) {
            let text = "multiple matches for labels: grouping labels must ensure unique matches";
            return Err(Error::execution(text));
        }
        let dropped = many.and_then(|at| self.many.get(at)).is_some_and(|row| row.drop_name);
        let drop_name = self.binary.return_bool || dropped;
        if self.binary.return_bool {
            let value = Cell::Float(f64::from(u8::from(outcome.keeps)));
            output.add(&labels, drop_name, at, value)
        } else if outcome.keeps {
            output.add(&labels, drop_name, at, outcome.cell)
        } else {
            Ok(())
        }
    }

    fn result_labels(&mut self, many: Option<usize>, one: Option<usize>) -> Labels {
        if let Some(found) = self.names.get(&(many, one)) {
            return found.clone();
        }
        let row = |rows: &[Row], at: Option<usize>| at.and_then(|at| rows.get(at)).map(|row| row.labels.clone());
        let (many_labels, one_labels) = (row(&self.many, many), row(&self.one, one));
        // A sample that was filled in has the labels by which it was matched.
        let filled = |other: &Option<Labels>| other.as_ref().map(|labels| match_labels(labels, self.matching));
        let left = many_labels.clone().or_else(|| filled(&one_labels)).unwrap_or_default();
        let right = one_labels.or_else(|| filled(&many_labels)).unwrap_or_default();
        let labels = self.named(&left, &right);
        self.names.insert((many, one), labels.clone());
        labels
    }

    fn named(&self, many: &Labels, one: &Labels) -> Labels {
        let matching = self.matching;
        let named = |name: &str| matching.labels.iter().any(|label| label == name);
        let drops = self.binary.op.changes_meaning();
        let is_one_to_one = matching.cardinality == Cardinality::OneToOne;
        let base = many.filter(|name| {
            let stays = !is_one_to_one || named(name) == matching.is_on;
            stays && !(drops && is_metadata(name))
        });
        if matching.include.is_empty() {
            return base;
        }
        let mut builder = LabelsBuilder::new(&base);
        for name in &matching.include {
            builder.set(name, one.get(name));
        }
        builder.build()
    }
}
