//! The columns that SQL shows, and how each comes from the stored ones.
//!
//! Ids become hex text, and only when a query asks for them; what an envelope holds becomes columns of its own.
//! Everything else is what the storage schema says.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use telltale_storage::schema::{col, timestamp};

use crate::functions::{AddNanos, EnvelopeFunction, Hex, Part};

/// Shown beside `scope_name` and `scope_version`.
pub(crate) const RESOURCE_ATTRIBUTES: &str = "resource_attributes";

/// How a shown column comes from stored ones, which are named by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As stored.
    Stored(usize),
    /// The hex text of a stored id.
    Hex(usize),
    /// A part of a stored envelope.
    Part(Part, usize),
    /// A time and the nanoseconds after it.
    Sum(usize, usize),
}

impl Form {
    fn inputs(self) -> [Option<usize>; 2] {
        match self {
            Self::Stored(input) | Self::Hex(input) | Self::Part(_, input) => [Some(input), None],
            Self::Sum(time, nanos) => [Some(time), Some(nanos)],
        }
    }
}

/// The shown and the stored columns of one table.
#[derive(Debug)]
pub(crate) struct Columns {
    stored: SchemaRef,
    shown: SchemaRef,
    forms: Vec<Form>,
}

impl Columns {
    /// Derives the shown columns of a stored schema.
    pub(crate) fn of(stored: SchemaRef) -> Self {
        let mut fields = Vec::new();
        let mut forms = Vec::new();
        let at = |name: &str| stored.index_of(name).ok();
        let mut push = |field: Field, form| {
            fields.push(field);
            forms.push(form);
        };
        for (index, field) in stored.fields().iter().enumerate() {
            if matches!(field.data_type(), DataType::FixedSizeBinary(_)) {
                push(Field::new(field.name(), DataType::Utf8, true), Form::Hex(index));
            } else {
                push(field.as_ref().clone(), Form::Stored(index));
            }
            if field.name() == col::DURATION_NS
                && let Some(start) = at(col::START_TIME_UNIX_NANO)
            {
                push(Field::new(col::END_TIME_UNIX_NANO, timestamp(), true), Form::Sum(start, index));
            }
        }
        let parts = [
            (RESOURCE_ATTRIBUTES, Part::ResourceAttributes, col::RESOURCE),
            ("scope_name", Part::ScopeName, col::SCOPE),
            ("scope_version", Part::ScopeVersion, col::SCOPE),
            ("scope_attributes", Part::ScopeAttributes, col::SCOPE),
        ];
        for (name, part, source) in parts {
            if let Some(source) = at(source) {
                push(Field::new(name, part.data_type(), true), Form::Part(part, source));
            }
        }
        Self { shown: Arc::new(Schema::new(fields)), forms, stored }
    }

    /// Returns what SQL shows.
    pub(crate) fn shown(&self) -> &SchemaRef {
        &self.shown
    }

    /// Returns what is stored.
    pub(crate) fn stored(&self) -> &SchemaRef {
        &self.stored
    }

    /// Returns how a shown column comes about.
    pub(crate) fn form(&self, name: &str) -> Option<Form> {
        self.forms.get(self.shown.index_of(name).ok()?).copied()
    }

    /// Returns the stored columns that a projection of shown columns needs, ascending.
    pub(crate) fn inputs(&self, projection: &[usize]) -> Vec<usize> {
        let forms = projection.iter().filter_map(|index| self.forms.get(*index));
        let mut inputs: Vec<usize> = forms.flat_map(|form| form.inputs()).flatten().collect();
        inputs.sort_unstable();
        inputs.dedup();
        inputs
    }

    /// Whether a projection of shown columns is exactly its inputs.
    pub(crate) fn is_stored(&self, projection: &[usize], inputs: &[usize]) -> bool {
        projection.len() == inputs.len()
            && projection.iter().zip(inputs).all(|(shown, input)| self.forms.get(*shown) == Some(&Form::Stored(*input)))
    }

    /// Returns the expression and the name of a shown column over the given stored columns.
    pub(crate) fn expression(
        &self,
        shown: usize,
        inputs: &[usize],
        config: &Arc<ConfigOptions>,
    ) -> Result<(Arc<dyn PhysicalExpr>, String)> {
        let missing = || DataFusionError::Internal(format!("no column {shown}"));
        let form = self.forms.get(shown).copied().ok_or_else(missing)?;
        let name = self.shown.fields().get(shown).ok_or_else(missing)?.name().clone();
        let base = self.stored.project(inputs)?;
        let column = |input: usize| -> Result<Arc<dyn PhysicalExpr>> {
            let position = inputs.binary_search(&input).map_err(|_| missing())?;
            let field = self.stored.fields().get(input).ok_or_else(missing)?;
            Ok(Arc::new(Column::new(field.name(), position)))
        };
        let call = |function: ScalarUDF, arguments| -> Result<Arc<dyn PhysicalExpr>> {
            let function = Arc::new(function);
            Ok(Arc::new(ScalarFunctionExpr::try_new(function, arguments, &base, Arc::clone(config))?))
        };
        let expression = match form {
            Form::Stored(input) => column(input)?,
            Form::Hex(input) => call(ScalarUDF::new_from_impl(Hex::new()), vec![column(input)?])?,
            Form::Part(part, input) => {
                call(ScalarUDF::new_from_impl(EnvelopeFunction::new(part)), vec![column(input)?])?
            }
            Form::Sum(time, nanos) => {
                call(ScalarUDF::new_from_impl(AddNanos::new()), vec![column(time)?, column(nanos)?])?
            }
        };
        Ok((expression, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telltale_storage::schema::Table;

    #[test]
    fn every_table_shows_ids_as_text_and_the_parts_of_its_envelopes() {
        for table in Table::ALL {
            let columns = Columns::of(table.schema());
            let ids = columns.shown().fields().iter().filter(|field| field.name().ends_with("_id"));
            assert!(ids.clone().count() > 0, "{}", table.name());
            assert!(ids.clone().all(|field| *field.data_type() == DataType::Utf8), "{}", table.name());
            for name in [RESOURCE_ATTRIBUTES, "scope_name", "scope_version", "scope_attributes"] {
                assert!(columns.form(name).is_some(), "{} {name}", table.name());
            }
        }
        assert!(Columns::of(Table::Spans.schema()).form(col::END_TIME_UNIX_NANO).is_some());
    }
}
