//! `and`, `or`, `unless`: whole samples kept or dropped by whether the other side has such labels at that step.

use std::collections::HashMap;

use super::matching::signature;
use crate::ast::{BinaryOp, VectorMatching};
use crate::engine::column::{Column, Row, Steps};
use crate::labels::Labels;

/// At which steps some row with these labels has a sample.
fn presence(rows: &[Row], signatures: &[Labels], steps: Steps) -> HashMap<Labels, Vec<bool>> {
    let mut out: HashMap<Labels, Vec<bool>> = HashMap::new();
    for (row, signature) in rows.iter().zip(signatures) {
        let found = out.entry(signature.clone()).or_insert_with(|| vec![false; steps.count]);
        for (at, cell) in found.iter_mut().enumerate() {
            *cell |= row.column.has(at);
        }
    }
    out
}

/// Keeps the cells at which the other side's presence is as wanted.
fn keep(
    rows: Vec<Row>,
    signatures: &[Labels],
    other: &HashMap<Labels, Vec<bool>>,
    wanted: bool,
    steps: Steps,
) -> Vec<Row> {
    let mut out = Vec::with_capacity(rows.len());
    for (mut row, signature) in rows.into_iter().zip(signatures) {
        match other.get(signature) {
            None if wanted => continue,
            None => {}
            Some(found) if found.iter().all(|found| *found == wanted) => {}
            Some(found) => {
                let mut column = Column::default();
                for (at, _) in found.iter().enumerate().filter(|(_, found)| **found == wanted) {
                    if let Some(cell) = row.column.cell(at) {
                        column.set(at, cell, steps.count);
                    }
                }
                row.column = column;
            }
        }
        if !row.column.is_empty() {
            out.push(row);
        }
    }
    out
}

pub(super) fn apply(
    op: BinaryOp,
    matching: &VectorMatching,
    left: Vec<Row>,
    right: Vec<Row>,
    steps: Steps,
) -> Vec<Row> {
    let signatures = |rows: &[Row]| rows.iter().map(|row| signature(&row.labels, matching)).collect::<Vec<_>>();
    let (left_signatures, right_signatures) = (signatures(&left), signatures(&right));
    match op {
        BinaryOp::Or => {
            let found = presence(&left, &left_signatures, steps);
            let mut out = left;
            out.extend(keep(right, &right_signatures, &found, false, steps));
            out
        }
        op => {
            let found = presence(&right, &right_signatures, steps);
            keep(left, &left_signatures, &found, op == BinaryOp::And, steps)
        }
    }
}
