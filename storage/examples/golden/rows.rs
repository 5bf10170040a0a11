//! What a store holds, as text: how golden folders are compared.

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Returns every row of every table as one line: the table, then each column that has a value, sorted.
pub(crate) fn rows(tables: &[(&str, Vec<RecordBatch>)]) -> String {
    let options = FormatOptions::default();
    let mut lines = Vec::new();
    for (table, batches) in tables {
        for batch in batches {
            let schema = batch.schema();
            let columns: Vec<_> = schema
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| (field.name(), column, ArrayFormatter::try_new(column, &options).expect("text")))
                .collect();
            for row in 0..batch.num_rows() {
                let cells = columns.iter().filter(|(_, column, _)| !column.is_null(row));
                let cells: Vec<_> =
                    cells.map(|(name, _, text)| format!("{name}={:?}", text.value(row).to_string())).collect();
                lines.push(format!("{table} {}\n", cells.join(" ")));
            }
        }
    }
    lines.sort();
    lines.concat()
}
