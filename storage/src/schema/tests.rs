//! The stored schemas stand in `migrations/schemas/`, one file a table and version, so that a change of one is a visible
//! change of a file that must not change once it is released.

use arrow::datatypes::{DataType, Field, Schema};

use super::*;

/// Returns a schema as text: one line a column or member, `?` for those that may be null.
fn describe(schema: &Schema) -> String {
    let mut out = String::new();
    schema.fields().iter().for_each(|field| describe_field(field, 0, &mut out));
    out
}

fn describe_field(field: &Field, depth: usize, out: &mut String) {
    let null = if field.is_nullable() { "?" } else { "" };
    let (indent, name) = ("  ".repeat(depth), field.name());
    match field.data_type() {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(members) => {
                out.push_str(&format!("{indent}{name}{null}: list of\n"));
                members.iter().for_each(|member| describe_field(member, depth + 1, out));
            }
            plain => out.push_str(&format!("{indent}{name}{null}: list of {plain}\n")),
        },
        plain => out.push_str(&format!("{indent}{name}{null}: {plain}\n")),
    }
}

#[test]
fn the_schemas_are_those_of_their_version() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/schemas");
    let tables = Table::ALL.map(|table| (table.name(), table.schema()));
    for (name, schema) in tables.into_iter().chain([("traces", trace_rows()), ("series", series_rows(Table::Points))]) {
        let path = folder.join(format!("{name}.v{VERSION}.txt"));
        let found = describe(&schema);
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, expected, "{} differs: released versions never change, count VERSION up", path.display());
    }
}
