//! Rows as an aligned table, as CSV or as JSON lines.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value;

use super::client::visible;

/// Rows with their column names; every row has one value a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Aligned columns; `bold` marks the header for a terminal.
    Table { bold: bool },
    /// RFC 4180 with a header line.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Rows {
    /// Writes all rows.
    pub(crate) fn write(&self, form: Form, out: &mut impl Write) -> io::Result<()> {
        match form {
            Form::Table { bold } => self.write_table(bold, out),
            Form::Csv => self.write_csv(out),
            Form::JsonLines => self.write_json_lines(out),
        }
    }

    fn write_table(&self, bold: bool, out: &mut impl Write) -> io::Result<()> {
        let cells: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|value| visible(&plain(value), false)).collect()).collect();
        let columns: Vec<String> = self.columns.iter().map(|name| visible(name, false)).collect();
        let widths: Vec<usize> = (0..columns.len())
            .map(|index| cells.iter().chain([&columns]).filter_map(|row| row.get(index)).map(|c| width(c)).max())
            .map(Option::unwrap_or_default)
            .collect();
        let numeric: Vec<bool> = (0..columns.len()).map(|index| self.is_numeric(index)).collect();
        let (on, off) = if bold { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
        writeln!(out, "{on}{}{off}", align(&columns, &widths, &numeric))?;
        for row in &cells {
            writeln!(out, "{}", align(row, &widths, &numeric))?;
        }
        Ok(())
    }

    /// Tells whether a column holds numbers and nothing else but nulls.
    fn is_numeric(&self, index: usize) -> bool {
        let mut values = self.rows.iter().filter_map(|row| row.get(index)).filter(|value| !value.is_null()).peekable();
        values.peek().is_some() && values.all(Value::is_number)
    }

    fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let header = self.columns.iter().map(|name| csv(name)).collect::<Vec<_>>().join(",");
        write!(out, "{header}\r\n")?;
        for row in &self.rows {
            let line = row.iter().map(|value| csv(&plain(value))).collect::<Vec<_>>().join(",");
            write!(out, "{line}\r\n")?;
        }
        Ok(())
    }

    fn write_json_lines(&self, out: &mut impl Write) -> io::Result<()> {
        for row in &self.rows {
            let mut line = String::from("{");
            for (index, (name, value)) in self.columns.iter().zip(row).enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let _infallible = write!(line, "{comma}{}:{value}", Value::from(name.as_str()));
            }
            writeln!(out, "{line}}}")?;
        }
        Ok(())
    }
}

/// Returns a value without JSON's quotes; null is empty.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// Joins cells with two spaces; numbers to the right, no spaces at the end of the line.
fn align(cells: &[String], widths: &[usize], numeric: &[bool]) -> String {
    let mut line = String::new();
    for ((cell, width), numeric) in cells.iter().zip(widths).zip(numeric) {
        let _infallible = if *numeric { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:<width$}  ") };
    }
    line.truncate(line.trim_end().len());
    line
}

/// Quotes a field when RFC 4180 asks for it.
fn csv(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn text(rows: &Rows, form: Form) -> String {
        let mut out = Vec::new();
        rows.write(form, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn sample() -> Rows {
        Rows {
            columns: vec!["name".into(), "n".into()],
            rows: vec![vec![json!("GET \"/\""), json!(7)], vec![json!("a\u{1b}[31m"), Value::Null]],
        }
    }

    #[test]
    fn tables_are_aligned_and_hold_no_escape_sequence() {
        assert_eq!(text(&sample(), Form::Table { bold: false }), "name         n\nGET \"/\"      7\na\\u{1b}[31m\n");
        assert!(text(&sample(), Form::Table { bold: true }).starts_with("\u{1b}[1mname"));
    }

    #[test]
    fn csv_quotes_what_it_must_and_json_lines_keep_the_order_of_columns() {
        assert_eq!(text(&sample(), Form::Csv), "name,n\r\n\"GET \"\"/\"\"\",7\r\na\u{1b}[31m,\r\n");
        let lines = "{\"name\":\"GET \\\"/\\\"\",\"n\":7}\n{\"name\":\"a\\u001b[31m\",\"n\":null}\n";
        assert_eq!(text(&sample(), Form::JsonLines), lines);
    }

    proptest! {
        /// One line a row, whatever the values hold.
        #[test]
        fn a_table_has_one_line_a_row(values in prop::collection::vec("\\PC{0,10}|[\\x00-\\x1f]{0,4}", 0..6)) {
            let rows = Rows {
                columns: vec!["v".into()],
                rows: values.iter().map(|value| vec![json!(value)]).collect(),
            };
            prop_assert_eq!(text(&rows, Form::Table { bold: false }).lines().count(), values.len() + 1);
            prop_assert_eq!(text(&rows, Form::JsonLines).lines().count(), values.len());
        }
    }
}
