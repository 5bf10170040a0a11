//! Plans whose tree is drawn by indentation: SQLite's `EXPLAIN QUERY PLAN`, DataFusion's and Spark's.

use serde_json::Value;

use super::draft::{Draft, Sketch, after, leading_number};

/// Puts a node below the nearest one that stands further left.
#[derive(Debug, Default)]
struct Levels {
    above: Vec<usize>,
}

impl Levels {
    fn depth(&mut self, column: usize) -> usize {
        while self.above.last().is_some_and(|up| *up >= column) {
            self.above.pop();
        }
        self.above.push(column);
        self.above.len() - 1
    }
}

/// Reads SQLite's tree (`|--SCAN t`), its table (`2|0|0|SCAN t`) and bare lines.
pub(super) fn sqlite(text: &str) -> Option<Sketch> {
    let rows: Option<Vec<(i64, i64, String)>> = text.lines().map(table_row).collect();
    if let Some(rows) = rows.filter(|rows| !rows.is_empty()) {
        return Some(from_rows(&rows));
    }
    let mut sketch = Sketch::new("sqlite", "SQLite EXPLAIN QUERY PLAN");
    let mut levels = Levels::default();
    for line in text.lines() {
        let body = line.trim_start_matches([' ', '|', '`', '-', '─', '└', '├', '│']);
        let column = line.chars().count() - body.chars().count();
        if !is_sqlite(body) {
            return None;
        }
        sketch.nodes.push(sqlite_node(body, levels.depth(column)));
    }
    Some(sketch)
}

/// Words with which SQLite begins a step. Source: its documentation of EXPLAIN QUERY PLAN and `wherecode.c`'s output.
const SQLITE_WORDS: [&str; 20] = [
    "SCAN ",
    "SEARCH ",
    "USE TEMP B-TREE",
    "COMPOUND QUERY",
    "LEFT-MOST SUBQUERY",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "MERGE (",
    "MULTI-INDEX OR",
    "INDEX ",
    "CO-ROUTINE",
    "MATERIALIZE",
    "SCALAR SUBQUERY",
    "CORRELATED ",
    "LIST SUBQUERY",
    "BLOOM FILTER",
    "EXECUTE ",
    "LEFT",
    "RIGHT",
];

fn is_sqlite(body: &str) -> bool {
    SQLITE_WORDS.iter().any(|word| body.starts_with(word)) || matches!(body, "SETUP" | "RECURSIVE STEP")
}

/// Reads `id|parent|notused|detail`, as the shell printed it before it drew trees.
fn table_row(line: &str) -> Option<(i64, i64, String)> {
    let mut parts = line.splitn(4, '|').map(str::trim);
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (id, parent) = (number()?, number()?);
    number()?;
    let detail = parts.next()?;
    is_sqlite(detail).then(|| (id, parent, detail.to_owned()))
}

/// Reads the rows of `EXPLAIN QUERY PLAN` as JSON objects.
pub(super) fn sqlite_rows(value: &Value) -> Option<Sketch> {
    let row = |row: &Value| {
        let (id, parent) = (row.get("id")?.as_i64()?, row.get("parent")?.as_i64()?);
        row.get("detail")?.as_str().filter(|detail| is_sqlite(detail)).map(|detail| (id, parent, detail.to_owned()))
    };
    let rows: Vec<_> = value.as_array()?.iter().map(row).collect::<Option<_>>()?;
    (!rows.is_empty()).then(|| from_rows(&rows))
}

/// Builds the tree from ids and parents. A parent stands before its children; one that is not there counts as the top.
fn from_rows(rows: &[(i64, i64, String)]) -> Sketch {
    let mut sketch = Sketch::new("sqlite", "SQLite EXPLAIN QUERY PLAN");
    let mut above: Vec<i64> = Vec::new();
    for (id, parent, detail) in rows {
        above.truncate(above.iter().position(|up| up == parent).map_or(0, |at| at + 1));
        sketch.nodes.push(sqlite_node(detail, above.len()));
        above.push(*id);
    }
    sketch
}

/// Splits `SEARCH orders USING INDEX by_user (user_id=?)`.
fn sqlite_node(body: &str, depth: usize) -> Draft {
    let verb = ["SCAN ", "SEARCH "].into_iter().find(|verb| body.starts_with(verb));
    let Some(rest) = verb.and_then(|verb| body.strip_prefix(verb)) else { return Draft::new(depth, body) };
    let mut draft = Draft::new(depth, verb.unwrap_or("").trim());
    let rest = rest.strip_prefix("TABLE ").unwrap_or(rest);
    let (table, how) = rest.split_once(" USING ").map_or((rest, None), |(table, how)| (table, Some(how)));
    draft.target = Some(table.to_owned());
    match how {
        Some(how) => draft.detail("Using", how),
        None if draft.name == "SCAN" => draft.detail("", "reads every row"),
        None => {}
    }
    draft
}

/// Reads DataFusion's plans: `FilterExec: …, metrics=[output_rows=5, elapsed_compute=12µs]`, indented by two spaces.
/// Of logical and physical plan in one text, the physical one counts.
pub(super) fn data_fusion(text: &str) -> Option<Sketch> {
    let lines: Vec<&str> = text.lines().map(without_frame).filter(|line| !line.trim().is_empty()).collect();
    let physical = lines.iter().any(|line| operator_name(line).is_some_and(|name| name.ends_with("Exec")));
    let mut sketch =
        Sketch::new("datafusion", if physical { "DataFusion physical plan" } else { "DataFusion logical plan" });
    let mut levels = Levels::default();
    for line in lines {
        let Some(name) = operator_name(line) else {
            // A text in which something else stands is no plan.
            return None;
        };
        if physical && !name.ends_with("Exec") && !sketch.nodes.is_empty() {
            return None;
        }
        if physical && !name.ends_with("Exec") {
            continue;
        }
        let column = line.len() - line.trim_start().len();
        let rest = line.trim_start().strip_prefix(name).unwrap_or("").trim_start_matches(':').trim();
        sketch.nodes.push(data_fusion_node(name, rest, levels.depth(column)));
    }
    let known = |draft: &Draft| physical || LOGICAL.contains(&draft.name.as_str());
    sketch.nodes.iter().all(known).then_some(sketch)
}

/// Takes off the frame that DataFusion's own client prints: `| physical_plan | FilterExec: … |`.
fn without_frame(line: &str) -> &str {
    let Some(inner) = line.strip_prefix('|').and_then(|rest| rest.trim_end().strip_suffix('|')) else { return line };
    let cell = inner.split_once('|').map_or(inner, |(_kind, plan)| plan);
    let cell = cell.strip_prefix(' ').unwrap_or(cell).trim_end();
    if matches!(cell.trim(), "plan") { "" } else { cell }
}

/// Returns the operator that a line begins with: `FilterExec: a > 1`, `CoalescePartitionsExec`.
fn operator_name(line: &str) -> Option<&str> {
    let body = line.trim_start();
    let end = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len());
    let (name, rest) = body.split_at_checked(end)?;
    // `Inner Join: …`, `Left Join: …`.
    let is_word = name.starts_with(|first: char| first.is_ascii_uppercase());
    let joined = rest.strip_prefix(" Join").and_then(|rest| rest.strip_prefix(':').or(Some(rest)));
    if let (true, Some(_rest)) = (is_word, joined) {
        return body.get(..end + 5);
    }
    (is_word && (rest.is_empty() || rest.starts_with(':'))).then_some(name)
}

/// DataFusion's logical operators. Source: `LogicalPlan::display` of DataFusion 50 and later.
const LOGICAL: [&str; 27] = [
    "Projection",
    "Filter",
    "Window",
    "WindowAggr",
    "Aggregate",
    "Sort",
    "Repartition",
    "Union",
    "TableScan",
    "EmptyRelation",
    "Subquery",
    "SubqueryAlias",
    "Limit",
    "Values",
    "Explain",
    "Analyze",
    "Extension",
    "Distinct",
    "DistinctOn",
    "Unnest",
    "RecursiveQuery",
    "CrossJoin",
    "Inner Join",
    "Left Join",
    "Right Join",
    "Full Join",
    "LeftSemi Join",
];

fn data_fusion_node(name: &str, rest: &str, depth: usize) -> Draft {
    let mut draft = Draft::new(depth, name);
    let (said, metrics) = rest.split_once("metrics=[").map_or((rest, None), |(said, metrics)| (said, Some(metrics)));
    let said = said.trim().trim_end_matches(',');
    if name == "TableScan" {
        draft.target = said.split_whitespace().next().map(str::to_owned);
    }
    if !said.is_empty() {
        draft.detail("", said);
    }
    if let Some(metrics) = metrics {
        let metrics = metrics.trim_end().trim_end_matches(']');
        draft.rows = after(metrics, "output_rows=").and_then(scaled_count);
        draft.own_ms = after(metrics, "elapsed_compute=").and_then(rust_duration_ms);
        if !metrics.is_empty() {
            draft.detail("Metrics", metrics);
        }
    }
    if let Some(rows) = after(said, "statistics=[Rows=").and_then(|rest| after(rest, "(").and_then(leading_number)) {
        draft.rows_estimated = Some(rows);
    }
    draft
}

/// Reads `1234` and `1.2 K` as DataFusion writes counts.
fn scaled_count(text: &str) -> Option<f64> {
    let number = leading_number(text)?;
    let digits = text.trim_start().bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let unit = text.trim_start().get(digits..).unwrap_or("").trim_start();
    let scale = match unit.split([',', ']']).next().unwrap_or("").trim() {
        "K" => 1e3,
        "M" => 1e6,
        "B" => 1e9,
        _ => 1.0,
    };
    Some(number * scale)
}

/// Reads Rust's `{:?}` of a duration: `12.5µs`, `3ms`, `1.2s`.
fn rust_duration_ms(text: &str) -> Option<f64> {
    let number = leading_number(text)?;
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let unit = text.get(digits..)?;
    let scale = [("ns", 1e-6), ("µs", 1e-3), ("us", 1e-3), ("ms", 1.0), ("s", 1e3)];
    scale.iter().find(|(name, _ms)| unit.starts_with(name)).map(|(_name, ms)| number * ms)
}

/// Reads Spark's `== Physical Plan ==`: `+- *(1) Filter …`, each level three columns further.
pub(super) fn spark(text: &str) -> Option<Sketch> {
    let begins = |line: &str| {
        line.starts_with("== ")
            || line.starts_with("+- ")
            || line.starts_with("*(")
            || line.starts_with("AdaptiveSparkPlan")
    };
    if !text.lines().next().is_some_and(begins) {
        return None;
    }
    let mut sketch = Sketch::new("spark", "Spark physical plan");
    let mut levels = Levels::default();
    // Of several plans in one text, the physical one counts.
    let part = text.split("== Physical Plan ==").nth(1).unwrap_or(text);
    for line in part.lines().take_while(|line| line.is_empty() || !line.starts_with("== ")) {
        // The formatted form describes each operator once more below the tree.
        if line.starts_with('(') {
            break;
        }
        let body = line.trim_start_matches([' ', ':', '+', '-']);
        if body.is_empty() {
            continue;
        }
        sketch.nodes.push(spark_node(body, levels.depth(line.len() - body.len())));
    }
    Some(sketch)
}

fn spark_node(body: &str, depth: usize) -> Draft {
    let stage = body.strip_prefix("*(").and_then(|rest| rest.split_once(") "));
    let (stage, body) = stage.map_or((None, body.trim_start_matches("* ")), |(stage, body)| (Some(stage), body));
    let end = body.find([' ', '(', '[']).unwrap_or(body.len());
    let (name, rest) = body.split_at_checked(end).unwrap_or((body, ""));
    let mut draft = Draft::new(depth, name);
    if !rest.trim().is_empty() {
        draft.detail("", rest.trim());
    }
    if let Some(stage) = stage {
        draft.detail("Stage", stage);
    }
    draft
}
