//! SQL Server's `SHOWPLAN_XML` and `STATISTICS XML`: `RelOp` elements inside each other, with objects, predicates and
//! the counters of each thread.

use super::draft::{Draft, Sketch, leading_number};
use super::xml::{Tag, tags};

/// Reads a plan document.
pub(super) fn read(text: &str) -> Option<Sketch> {
    if !text.contains("ShowPlanXML") && !text.contains("<RelOp") {
        return None;
    }
    let mut sketch = Sketch::new("sqlserver", "SQL Server show plan, XML");
    let mut reader = Reader::default();
    for tag in tags(text) {
        reader.tag(tag, &mut sketch);
    }
    Some(sketch)
}

/// What one thread counted is added up by operator.
#[derive(Debug, Default, Clone, Copy)]
struct Counters {
    rows: f64,
    executions: f64,
    /// The slowest thread, as they run side by side.
    elapsed_ms: Option<f64>,
}

#[derive(Debug, Default)]
struct Reader {
    /// Open operators: position and what their threads counted.
    open: Vec<(usize, Counters)>,
    /// Inside of a `MissingIndex`: the table, then the columns.
    missing_index: Option<Vec<String>>,
}

type Attributes<'a> = [(&'a str, String)];

fn get<'a>(attributes: &'a Attributes<'_>, key: &str) -> Option<&'a str> {
    attributes.iter().find(|(name, _value)| *name == key).map(|(_name, value)| value.as_str())
}

impl Reader {
    fn tag(&mut self, tag: Tag<'_>, sketch: &mut Sketch) {
        match tag {
            Tag::Open(name, attributes, ends) => {
                self.open_tag(name, &attributes, sketch);
                if ends {
                    self.close_tag(name, sketch);
                }
            }
            Tag::Close(name) => self.close_tag(name, sketch),
        }
    }

    fn open_tag(&mut self, name: &str, attributes: &Attributes<'_>, sketch: &mut Sketch) {
        match name {
            "RelOp" => {
                self.open.push((sketch.nodes.len(), Counters::default()));
                sketch.nodes.push(operator(attributes, self.open.len() - 1));
            }
            "StmtSimple" => {
                for (key, label) in
                    [("StatementText", "Statement"), ("StatementOptmEarlyAbortReason", "Planning ended early")]
                {
                    sketch.notes.extend(get(attributes, key).map(|value| format!("{label}: {value}")));
                }
            }
            "MissingIndex" => self.missing_index = Some(vec![get(attributes, "Table").unwrap_or("").to_owned()]),
            "Column" if self.missing_index.is_some() => {
                let column = get(attributes, "Name").unwrap_or("").to_owned();
                self.missing_index.iter_mut().for_each(|columns| columns.push(column.clone()));
            }
            _ => self.inside(name, attributes, sketch),
        }
    }

    /// Reads an element that says something of the innermost open operator.
    fn inside(&mut self, name: &str, attributes: &Attributes<'_>, sketch: &mut Sketch) {
        let Some((at, counters)) = self.open.last_mut() else { return };
        let Some(node) = sketch.nodes.get_mut(*at) else { return };
        match name {
            "RunTimeCountersPerThread" => {
                let number = |key: &str| get(attributes, key).and_then(leading_number);
                counters.rows += number("ActualRows").unwrap_or(0.0);
                counters.executions += number("ActualExecutions").unwrap_or(0.0);
                let elapsed = number("ActualElapsedms");
                counters.elapsed_ms = elapsed.into_iter().chain(counters.elapsed_ms).reduce(f64::max);
            }
            "Object" if node.target.is_none() => {
                let part = |key: &str| get(attributes, key).map(|text| text.trim_matches(['[', ']']).to_owned());
                let index = part("Index").map(|index| format!("using {index}"));
                let parts: Vec<String> = part("Table").into_iter().chain(part("Alias")).chain(index).collect();
                node.target = Some(parts.join(" "));
            }
            "ScalarOperator" => {
                if let Some(text) = get(attributes, "ScalarString") {
                    node.detail("Predicate", text);
                }
            }
            "PlanAffectingConvert" | "SpillToTempDb" | "ColumnsWithNoStatistics" | "NoJoinPredicate" => {
                let told: Vec<String> = attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
                node.detail("Warning", format!("{name} {}", told.join(" ")).trim());
            }
            _ => {}
        }
    }

    fn close_tag(&mut self, name: &str, sketch: &mut Sketch) {
        match name {
            "RelOp" => {
                let Some((at, counters)) = self.open.pop() else { return };
                let Some(node) = sketch.nodes.get_mut(at) else { return };
                if counters.executions > 0.0 {
                    node.loops = Some(counters.executions);
                    node.rows = Some(counters.rows / counters.executions);
                    node.time_ms = counters.elapsed_ms;
                }
            }
            "MissingIndex" => {
                let columns = self.missing_index.take().unwrap_or_default();
                if let Some((table, columns)) = columns.split_first() {
                    sketch.notes.push(format!("Missing index: {table} ({})", columns.join(", ")));
                }
            }
            _ => {}
        }
    }
}

fn operator(attributes: &Attributes<'_>, depth: usize) -> Draft {
    let physical = get(attributes, "PhysicalOp").unwrap_or("operator");
    let mut draft = Draft::new(depth, physical);
    if let Some(logical) = get(attributes, "LogicalOp").filter(|logical| *logical != physical) {
        draft.detail("Logical operation", logical);
    }
    draft.cost = get(attributes, "EstimatedTotalSubtreeCost").map(str::to_owned);
    draft.rows_estimated = get(attributes, "EstimateRows").and_then(leading_number);
    if get(attributes, "Parallel").is_some_and(|parallel| parallel == "1" || parallel == "true") {
        draft.detail("Parallel", "yes");
    }
    draft
}
