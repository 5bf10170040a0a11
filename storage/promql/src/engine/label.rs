//! `label_replace` and `label_join`: labels out of labels.

use super::call::arg;
use super::column::{Row, Steps};
use super::eval::Eval;
use crate::ast::{Call, ExprKind, StringLiteral};
use crate::error::Error;
use crate::labels::{LabelsBuilder, NAME};
use crate::matcher::Pattern;

/// A text argument.
pub(super) fn text(call: &Call, at: usize) -> Result<&StringLiteral, Error> {
    match &arg(call, at)?.unwrapped().kind {
        ExprKind::String(literal) => Ok(literal),
        _ => Err(Error::execution(format!("argument {} of {:?} is no text", at + 1, call.function.name))),
    }
}

fn label_name(literal: &StringLiteral, kind: &str, function: &str) -> Result<String, Error> {
    if literal.text.is_empty() || literal.invalid.is_some() {
        return Err(Error::execution(format!("invalid {kind} label name in {function}(): {}", literal.text)));
    }
    Ok(literal.text.clone())
}

impl Eval<'_> {
    pub(super) fn label_replace(&mut self, call: &Call, steps: Steps) -> Result<Vec<Row>, Error> {
        let (target, replacement) = (text(call, 1)?, &text(call, 2)?.text);
        let (source, pattern) = (&text(call, 3)?.text, &text(call, 4)?.text);
        let regex = Pattern::captures(pattern)
            .map_err(|_| Error::execution(format!("invalid regular expression in label_replace(): {pattern}")))?;
        let target = label_name(target, "destination", "label_replace")?;
        let mut rows = self.vector(arg(call, 0)?.unwrapped(), steps)?;
        for row in &mut rows {
            let value = row.labels.get(source).to_owned();
            let Some(captures) = regex.captures(&value) else { continue };
            let mut replaced = String::new();
            captures.expand(replacement, &mut replaced);
            relabel(row, &target, &replaced);
        }
        self.merge_same(rows, steps)
    }

    pub(super) fn label_join(&mut self, call: &Call, steps: Steps) -> Result<Vec<Row>, Error> {
        let (target, separator) = (text(call, 1)?, &text(call, 2)?.text);
        let mut sources = Vec::new();
        for at in 3..call.args.len() {
            sources.push(label_name(text(call, at)?, "source", "label_join")?);
        }
        let target = label_name(target, "destination", "label_join")?;
        let mut rows = self.vector(arg(call, 0)?.unwrapped(), steps)?;
        for row in &mut rows {
            let values: Vec<&str> = sources.iter().map(|source| row.labels.get(source)).collect();
            let joined = values.join(separator);
            relabel(row, &target, &joined);
        }
        self.merge_same(rows, steps)
    }

    /// Rows that have become alike are one, if they share no step.
    fn merge_same(&mut self, rows: Vec<Row>, steps: Steps) -> Result<Vec<Row>, Error> {
        let mut by_labels = std::collections::HashMap::new();
        let mut out: Vec<Row> = Vec::with_capacity(rows.len());
        for row in rows {
            let at = *by_labels.entry(row.labels.clone()).or_insert(out.len());
            match out.get_mut(at) {
                None => out.push(row),
                Some(first) => {
                    for step in 0..steps.count {
                        let Some(cell) = row.column.cell(step) else { continue };
                        if first.column.has(step) {
                            return Err(Error::execution(super::SAME_LABELS));
                        }
                        first.column.set(step, cell, steps.count);
                    }
                }
            }
        }
        Ok(out)
    }
}

/// A name that is written on purpose stays.
fn relabel(row: &mut Row, target: &str, value: &str) {
    let mut builder = LabelsBuilder::new(&row.labels);
    builder.set(target, value);
    row.labels = builder.build();
    if target == NAME {
        row.drop_name = false;
    }
}
