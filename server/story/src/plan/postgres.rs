//! PostgreSQL's `EXPLAIN`, as text and as JSON, with and without `ANALYZE`. CockroachDB, Greenplum, Redshift and others
//! that print the same shape are read too.

use serde_json::{Map, Value};

use super::draft::{Draft, Sketch, leading_number};

const FORMAT: &str = "postgresql";

/// Reads `EXPLAIN (FORMAT JSON)`: `[{"Plan": {…}, "Planning Time": 0.1}]`, or its inside.
pub(super) fn json(value: &Value) -> Option<Sketch> {
    let statement = value.as_array().and_then(|list| list.first()).unwrap_or(value).as_object()?;
    let plan = statement.get("Plan").and_then(Value::as_object);
    let plan = plan.or_else(|| statement.contains_key("Node Type").then_some(statement))?;
    let mut sketch = Sketch::new(FORMAT, "PostgreSQL EXPLAIN, JSON");
    json_node(plan, 0, 1.0, &mut sketch.nodes);
    let beside =
        statement.iter().filter(|(key, value)| key.as_str() != "Plan" && !value.is_object() && !value.is_array());
    if statement.contains_key("Plan") {
        sketch.notes = beside.map(|(key, value)| format!("{key}: {}", shown(value))).collect();
    }
    Some(sketch)
}

/// Members that stand in fields of their own, or that say nothing to a reader.
const OWN_MEMBERS: [&str; 24] = [
    "Node Type",
    "Plans",
    "Relation Name",
    "Alias",
    "Schema",
    "Index Name",
    "CTE Name",
    "Function Name",
    "Join Type",
    "Strategy",
    "Parallel Aware",
    "Async Capable",
    "Partial Mode",
    "Startup Cost",
    "Total Cost",
    "Plan Rows",
    "Plan Width",
    "Actual Startup Time",
    "Actual Total Time",
    "Actual Rows",
    "Actual Loops",
    "Scan Direction",
    "Parent Relationship",
    "Disabled",
];

/// Reads a node and what is below it. `workers` is the number of processes that share its time. serde_json's limit of
/// 128 levels bounds the recursion.
fn json_node(node: &Map<String, Value>, depth: usize, workers: f64, out: &mut Vec<Draft>) {
    let number = |key: &str| node.get(key).and_then(Value::as_f64);
    let text = |key: &str| node.get(key).and_then(Value::as_str);
    let mut draft = Draft::new(depth, json_name(node));
    draft.target = json_target(node);
    draft.cost = node.get("Total Cost").filter(|cost| cost.is_number()).map(ToString::to_string);
    draft.rows_estimated = number("Plan Rows");
    draft.loops = number("Actual Loops");
    draft.rows = number("Actual Rows").filter(|_rows| draft.loops != Some(0.0));
    draft.time_ms = number("Actual Total Time").map(|ms| ms * draft.loops.unwrap_or(1.0) / workers);
    if let Some(name) = text("Subplan Name") {
        draft.detail("Part", name);
    }
    if draft.loops == Some(0.0) {
        draft.detail("", "never executed");
    }
    for (key, value) in node {
        let nothing = value.as_u64() == Some(0) || value.as_f64() == Some(0.0);
        if !OWN_MEMBERS.contains(&key.as_str()) && key != "Subplan Name" && !nothing {
            draft.detail(key, shown(value));
        }
    }
    let launched = number("Workers Launched").filter(|_workers| draft.name.starts_with("Gather"));
    out.push(draft);
    let workers = launched.map_or(workers, |launched| launched + 1.0);
    let inputs = node.get("Plans").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for input in inputs.iter().filter_map(Value::as_object) {
        json_node(input, depth + 1, workers, out);
    }
}

/// Returns a node's name as the text form has it.
fn json_name(node: &Map<String, Value>) -> String {
    let text = |key: &str| node.get(key).and_then(Value::as_str).unwrap_or("");
    let kind = text("Node Type");
    let mut name = match (kind, text("Strategy"), text("Operation")) {
        ("Aggregate", "Hashed", _) => "HashAggregate".to_owned(),
        ("Aggregate", "Sorted", _) => "GroupAggregate".to_owned(),
        ("Aggregate", "Mixed", _) => "MixedAggregate".to_owned(),
        ("ModifyTable", _, operation) if !operation.is_empty() => operation.to_owned(),
        _ => kind.to_owned(),
    };
    let join = text("Join Type");
    if !join.is_empty() && join != "Inner" {
        name = match name.strip_suffix(" Join") {
            Some(first) => format!("{first} {join} Join"),
            None => format!("{name} {join} Join"),
        };
    }
    if text("Partial Mode") == "Partial" || text("Partial Mode") == "Finalize" {
        name = format!("{} {name}", text("Partial Mode"));
    }
    if node.get("Parallel Aware").and_then(Value::as_bool) == Some(true) {
        name = format!("Parallel {name}");
    }
    if text("Scan Direction") == "Backward" {
        name.push_str(" Backward");
    }
    name
}

/// Returns what a node works on: `orders o using orders_pkey`.
fn json_target(node: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| node.get(key).and_then(Value::as_str);
    let relation = ["Relation Name", "CTE Name", "Function Name"].into_iter().find_map(text);
    let alias = text("Alias").filter(|alias| Some(*alias) != relation);
    let on: Vec<&str> = [relation, alias].into_iter().flatten().collect();
    let index = text("Index Name").map(|index| format!("using {index}"));
    let parts: Vec<String> = (!on.is_empty()).then(|| on.join(" ")).into_iter().chain(index).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Returns a JSON value as a reader wants it: texts bare, lists joined.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// Reads the text form. Nodes stand behind `->` (the first one at the margin), everything else is said of the last node.
pub(super) fn text(text: &str) -> Option<Sketch> {
    let is_measured =
        |line: &str| line.contains("(cost=") || line.contains("(actual ") || line.contains("(never executed)");
    let first = text.lines().next()?;
    let arrows = text.lines().skip(1).any(|line| line.trim_start().starts_with("->  "));
    if first.trim_start().starts_with("-> ")
        || !(is_measured(first) || (arrows && first.starts_with(|c: char| c.is_ascii_uppercase())))
    {
        return None;
    }
    let mut sketch = Sketch::new(FORMAT, "PostgreSQL EXPLAIN, text");
    let margin = first.len() - first.trim_start().len();
    let mut reader = TextReader { sketch: &mut sketch, above: Vec::new(), label: None };
    for line in text.lines() {
        reader.line(line, margin);
    }
    share_workers(&mut sketch.nodes);
    Some(sketch)
}

struct TextReader<'a> {
    sketch: &'a mut Sketch,
    /// Columns of the nodes above.
    above: Vec<usize>,
    /// `CTE x`, `InitPlan 1` …: said before a node.
    label: Option<String>,
}

impl TextReader<'_> {
    fn line(&mut self, line: &str, margin: usize) {
        let body = line.trim_start();
        let column = line.len() - body.len();
        if let Some(node) = body.strip_prefix("->") {
            self.node(node.trim_start(), column);
        } else if self.sketch.nodes.is_empty() {
            self.node(body, column);
        } else if column <= margin && is_statement_note(body) {
            self.sketch.notes.push(body.to_owned());
        } else if is_label(body) {
            self.label = Some(body.to_owned());
        } else if let Some(last) = self.sketch.nodes.last_mut() {
            last.detail_line(body);
        }
    }

    fn node(&mut self, body: &str, column: usize) {
        while self.above.last().is_some_and(|above| *above >= column) && self.above.len() > 1 {
            self.above.pop();
        }
        if self.above.len() == 1 && self.above.last().is_some_and(|above| *above >= column) && column > 0 {
            self.above.clear();
        }
        let mut draft = text_node(body, self.above.len());
        self.above.push(column);
        if let Some(label) = self.label.take() {
            draft.detail("Part", label);
        }
        self.sketch.nodes.push(draft);
    }
}

/// Whether a line says something of the whole statement.
fn is_statement_note(line: &str) -> bool {
    [
        "Planning",
        "Execution Time",
        "Execution time",
        "Total runtime",
        "Trigger ",
        "JIT",
        "Settings:",
        "Query Identifier",
        "Serialization",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}

/// Whether a line names the node behind it.
fn is_label(line: &str) -> bool {
    let words = ["InitPlan ", "SubPlan ", "CTE "];
    words.iter().any(|start| line.starts_with(start)) && !line.contains(": ")
}

/// Reads `Index Scan using a on b  (cost=1..2 rows=3 width=4) (actual time=1..2 rows=3 loops=4)`.
fn text_node(body: &str, depth: usize) -> Draft {
    let starts = [" (cost=", " (actual ", " (never executed)"];
    let end = starts.iter().filter_map(|start| body.find(start)).min().unwrap_or(body.len());
    let (head, figures) = body.split_at_checked(end).unwrap_or((body, ""));
    let (name, target) = name_and_target(head.trim());
    let mut draft = Draft::new(depth, name);
    draft.target = target;
    draft.read_figures(figures);
    draft
}

/// Splits `Index Scan using orders_pkey on orders o` as the JSON form has it.
fn name_and_target(head: &str) -> (String, Option<String>) {
    let (name, index, on) = match (head.split_once(" using "), head.split_once(" on ")) {
        (Some((name, rest)), _) => match rest.split_once(" on ") {
            Some((index, on)) => (name, Some(index), Some(on)),
            None => (name, Some(rest), None),
        },
        (None, Some((name, on))) => (name, None, Some(on)),
        (None, None) => (head, None, None),
    };
    // `Bitmap Index Scan on orders_idx` names an index, not a table.
    let (index, on) = if name.ends_with("Bitmap Index Scan") { (on, None) } else { (index, on) };
    let index = index.map(|index| format!("using {index}"));
    let parts: Vec<String> = on.map(str::to_owned).into_iter().chain(index).collect();
    (name.to_owned(), (!parts.is_empty()).then(|| parts.join(" ")))
}

/// Divides times below a `Gather` among its processes, as the loops of each were counted together.
fn share_workers(nodes: &mut [Draft]) {
    let mut gathers: Vec<(u32, f64)> = Vec::new();
    for node in nodes {
        gathers.retain(|(depth, _workers)| *depth < node.depth);
        let workers = gathers.last().map_or(1.0, |(_depth, workers)| *workers);
        node.time_ms = node.time_ms.map(|ms| ms / workers);
        let launched = node.details.iter().find(|detail| detail.key == "Workers Launched");
        if let Some(launched) = launched.and_then(|detail| leading_number(&detail.value)) {
            gathers.push((node.depth, launched + 1.0));
        }
    }
}
