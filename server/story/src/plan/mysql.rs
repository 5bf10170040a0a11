//! MySQL's and MariaDB's `EXPLAIN`: `FORMAT=JSON` of both versions, and `FORMAT=TREE` with or without `ANALYZE`.

use serde_json::{Map, Value};

use super::draft::{Draft, Sketch, leading_number};

const FORMAT: &str = "mysql";

/// Reads `EXPLAIN FORMAT=JSON`: version 1 (`query_block`) and version 2 (`operation` and `inputs`).
pub(super) fn json(value: &Value) -> Option<Sketch> {
    let object = value.as_object()?;
    if let Some(block) = object.get("query_block").and_then(Value::as_object) {
        let mut sketch = Sketch::new(FORMAT, "MySQL EXPLAIN, JSON");
        block_node(block, 0, &mut sketch.nodes);
        return Some(sketch);
    }
    let plan = object.get("query_plan").and_then(Value::as_object).unwrap_or(object);
    if !plan.contains_key("operation") {
        return None;
    }
    let mut sketch = Sketch::new(FORMAT, "MySQL EXPLAIN, JSON version 2");
    operation(plan, 0, &mut sketch.nodes);
    Some(sketch)
}

/// Returns a number that MySQL may have written as a text.
fn number(value: Option<&Value>) -> Option<f64> {
    let value = value?;
    value.as_f64().or_else(|| value.as_str().and_then(leading_number))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Members of version 1 that hold a step, or a list of steps, each with its name for a reader.
const STEPS: [(&str, &str); 14] = [
    ("ordering_operation", "Order"),
    ("grouping_operation", "Group"),
    ("duplicates_removal", "Remove duplicates"),
    ("windowing", "Window functions"),
    ("buffer_result", "Buffer"),
    ("union_result", "Union"),
    ("materialized_from_subquery", "Materialise subquery"),
    ("filesort", "Sort"),
    ("temporary_table", "Temporary table"),
    ("read_sorted_file", "Read sorted file"),
    ("block-nl-join", "Block nested loop"),
    ("insert_from", "Insert"),
    ("expression_cache", "Expression cache"),
    ("query_block", "Query block"),
];

/// Members of version 1 that hold a list of steps.
const LISTS: [(&str, &str); 7] = [
    ("nested_loop", "Nested loop"),
    ("query_specifications", "Query"),
    ("attached_subqueries", "Subquery"),
    ("optimized_away_subqueries", "Subquery that was optimised away"),
    ("select_list_subqueries", "Subquery"),
    ("having_subqueries", "Subquery"),
    ("order_by_subqueries", "Subquery"),
];

/// Reads a query block: its cost, then the steps in it.
fn block_node(block: &Map<String, Value>, depth: usize, out: &mut Vec<Draft>) {
    let id = block.get("select_id").map(|id| format!(" {}", shown(id))).unwrap_or_default();
    let mut draft = Draft::new(depth, format!("Query block{id}"));
    fill(&mut draft, block);
    out.push(draft);
    steps(block, depth + 1, out);
}

/// Fills in what any step may say.
fn fill(draft: &mut Draft, step: &Map<String, Value>) {
    let cost = step.get("cost_info").and_then(Value::as_object);
    let cost = ["query_cost", "prefix_cost", "sort_cost"].iter().find_map(|key| cost?.get(*key));
    draft.cost = cost.or_else(|| step.get("cost")).map(shown);
    draft.rows_estimated = number(step.get("rows_examined_per_scan").or_else(|| step.get("rows")));
    // MariaDB's ANALYZE FORMAT=JSON.
    draft.loops = number(step.get("r_loops"));
    draft.rows = number(step.get("r_rows"));
    draft.time_ms = number(step.get("r_total_time_ms"));
    for (key, value) in step {
        let own = [
            "cost_info",
            "cost",
            "rows_examined_per_scan",
            "rows",
            "table_name",
            "access_type",
            "select_id",
            "used_columns",
        ];
        let step = STEPS.iter().any(|(name, _)| name == key) || LISTS.iter().any(|(name, _)| name == key);
        if !own.contains(&key.as_str()) && !step && key != "table" && !value.is_object() && !key.starts_with("r_") {
            draft.detail(key, shown(value));
        }
    }
}

/// Reads the steps that an object holds. serde_json's limit of 128 levels bounds the recursion.
fn steps(object: &Map<String, Value>, depth: usize, out: &mut Vec<Draft>) {
    for (key, value) in object {
        if key == "table" {
            if let Some(table) = value.as_object() {
                table_node(table, depth, out);
            }
        } else if key == "query_block" {
            if let Some(block) = value.as_object() {
                block_node(block, depth, out);
            }
        } else if let Some((_key, name)) = STEPS.iter().find(|(step, _)| step == key) {
            if let Some(step) = value.as_object() {
                step_node(step, name, depth, out);
            }
        } else if let Some((_key, name)) = LISTS.iter().find(|(list, _)| list == key) {
            out.push(Draft::new(depth, *name));
            for item in value.as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_object) {
                steps(item, depth + 1, out);
            }
        }
    }
}

fn step_node(step: &Map<String, Value>, name: &str, depth: usize, out: &mut Vec<Draft>) {
    let mut draft = Draft::new(depth, name);
    fill(&mut draft, step);
    out.push(draft);
    steps(step, depth + 1, out);
}

/// What an access type does. Source: the MySQL manual, "EXPLAIN Output Format".
const ACCESS: [(&str, &str); 9] = [
    ("ALL", "Table scan"),
    ("index", "Index scan"),
    ("range", "Index range scan"),
    ("ref", "Index look-up"),
    ("eq_ref", "Unique index look-up"),
    ("const", "Constant row"),
    ("system", "Constant row"),
    ("index_merge", "Index merge"),
    ("fulltext", "Full-text index"),
];

fn table_node(table: &Map<String, Value>, depth: usize, out: &mut Vec<Draft>) {
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    let access = text("access_type").unwrap_or("");
    let name = ACCESS.iter().find(|(code, _)| *code == access).map_or(access, |(_, name)| *name);
    let mut draft = Draft::new(depth, if name.is_empty() { "Table" } else { name });
    let index = text("key").map(|key| format!("using {key}"));
    let parts: Vec<String> = text("table_name").map(str::to_owned).into_iter().chain(index).collect();
    draft.target = Some(parts.join(" "));
    fill(&mut draft, table);
    out.push(draft);
    steps(table, depth + 1, out);
}

/// Reads an operation of version 2.
fn operation(step: &Map<String, Value>, depth: usize, out: &mut Vec<Draft>) {
    let text = |key: &str| step.get(key).and_then(Value::as_str);
    let mut draft = Draft::new(depth, text("operation").unwrap_or("operation"));
    let index = text("index_name").map(|index| format!("using {index}"));
    let parts: Vec<String> = text("table_name").map(str::to_owned).into_iter().chain(index).collect();
    draft.target = Some(parts.join(" "));
    draft.cost = step.get("estimated_total_cost").map(shown);
    draft.rows_estimated = number(step.get("estimated_rows"));
    draft.rows = number(step.get("actual_rows"));
    draft.loops = number(step.get("actual_loops"));
    draft.time_ms = number(step.get("actual_last_row_ms")).map(|ms| ms * draft.loops.unwrap_or(1.0));
    for key in ["condition", "access_type", "ranges", "sort_fields", "group_items", "covering", "join_type"] {
        if let Some(value) = step.get(key) {
            draft.detail(key, shown(value));
        }
    }
    out.push(draft);
    for input in
        step.get("inputs").and_then(Value::as_array).map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_object)
    {
        operation(input, depth + 1, out);
    }
}

/// Reads `FORMAT=TREE`: every line is `-> what it does  (cost=… rows=…) (actual time=… rows=… loops=…)`.
pub(super) fn tree(text: &str) -> Option<Sketch> {
    // The client's frame: `| -> …` on the first line, ` |` at the end of the last.
    let text = text.strip_prefix("| ").unwrap_or(text).trim_end().trim_end_matches('|');
    let text = text.strip_prefix("EXPLAIN: ").unwrap_or(text);
    if !text.trim_start().starts_with("-> ") {
        return None;
    }
    let mut sketch = Sketch::new(FORMAT, "MySQL EXPLAIN, TREE");
    let mut above: Vec<usize> = Vec::new();
    for line in text.lines() {
        let body = line.trim_start();
        let column = line.len() - body.len();
        let Some(body) = body.strip_prefix("-> ") else {
            if let Some(last) = sketch.nodes.last_mut() {
                last.detail_line(body);
            }
            continue;
        };
        while above.last().is_some_and(|up| *up >= column) {
            above.pop();
        }
        sketch.nodes.push(tree_node(body, above.len()));
        above.push(column);
    }
    Some(sketch)
}

fn tree_node(body: &str, depth: usize) -> Draft {
    let starts = ["  (cost=", "  (actual ", " (cost=", " (actual ", " (never executed)"];
    let end = starts.iter().filter_map(|start| body.find(start)).min().unwrap_or(body.len());
    let (head, figures) = body.split_at_checked(end).unwrap_or((body, ""));
    let (name, condition) = head.split_once(": ").map_or((head, None), |(name, rest)| (name, Some(rest)));
    let (name, target) = name.split_once(" on ").map_or((name, None), |(name, on)| (name, Some(on.to_owned())));
    let mut draft = Draft::new(depth, name.trim());
    draft.target = target;
    if let Some(condition) = condition {
        draft.detail("", condition.trim());
    }
    draft.read_figures(figures);
    draft
}
