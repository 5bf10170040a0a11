//! Spans in groups with sums: the table and the flame view.

use std::collections::HashMap;

use telltale_story::pack::{Rows, Structure};

/// Sums over a group of spans.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stat {
    /// What the spans of the group share.
    pub label: String,
    /// The service, when all have the same.
    pub service: Option<u32>,
    /// Spans.
    pub count: u64,
    /// Of these, with an error.
    pub errors: u64,
    /// Durations together.
    pub total_ns: i64,
    /// Self times together.
    pub self_ns: i64,
    /// The longest.
    pub max_ns: i64,
    /// The row of the longest.
    pub row: u32,
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// By label.
    Label,
    /// By number of spans.
    Count,
    /// By errors.
    Errors,
    /// By durations together.
    Total,
    /// By self time together.
    SelfTime,
    /// By the longest.
    Max,
}

fn index(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

fn at<T: Copy + Default>(column: &[T], row: u32) -> T {
    column.get(index(row)).copied().unwrap_or_default()
}

/// Gathers spans by a key; `key` gives each row's group, `None` leaves it out.
#[must_use]
pub fn gather(structure: &Structure, mut key: impl FnMut(u32) -> Option<String>) -> Vec<Stat> {
    let rows = &structure.rows;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut stats: Vec<Stat> = Vec::new();
    for row in (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).filter(|row| !rows.is_missing(*row)) {
        let Some(label) = key(row) else { continue };
        let place = *places.entry(label.clone()).or_insert_with(|| {
            stats.push(Stat { label, service: Some(at(&rows.service, row)), row, ..Stat::default() });
            stats.len() - 1
        });
        if let Some(stat) = stats.get_mut(place) {
            add(stat, rows, row);
        }
    }
    stats
}

fn add(stat: &mut Stat, rows: &Rows, row: u32) {
    let duration = at(&rows.duration_ns, row);
    if stat.service != Some(at(&rows.service, row)) {
        stat.service = None;
    }
    if stat.count == 0 || duration > stat.max_ns {
        (stat.max_ns, stat.row) = (duration, row);
    }
    stat.count += 1;
    stat.errors += u64::from(rows.is_error(row));
    stat.total_ns = stat.total_ns.saturating_add(duration);
    stat.self_ns = stat.self_ns.saturating_add(at(&rows.self_ns, row));
}

/// Sorts groups, the largest first; labels from A on.
pub fn sort(stats: &mut [Stat], by: Sort) {
    stats.sort_by(|a, b| {
        let numbers = |stat: &Stat| match by {
            Sort::Label => 0,
            Sort::Count => i128::from(stat.count),
            Sort::Errors => i128::from(stat.errors),
            Sort::Total => i128::from(stat.total_ns),
            Sort::SelfTime => i128::from(stat.self_ns),
            Sort::Max => i128::from(stat.max_ns),
        };
        numbers(b).cmp(&numbers(a)).then_with(|| a.label.cmp(&b.label))
    });
}

/// A box of the flame view: spans of one operation that were called from the same operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flame {
    /// Name, by position in the texts.
    pub name: u32,
    /// Service, by position plus one.
    pub service: u32,
    /// Calls from this far up.
    pub depth: u32,
    /// The box that it was called from.
    pub parent: Option<usize>,
    /// Spans.
    pub count: u64,
    /// Of these, with an error.
    pub errors: u64,
    /// Durations together.
    pub total_ns: i64,
    /// Self times together.
    pub self_ns: i64,
    /// Width: its own time and that of what it called, at least its total.
    pub width_ns: i64,
    /// Where it begins, in the same measure.
    pub left_ns: i64,
    /// The row of the longest span.
    pub row: u32,
    longest_ns: i64,
}

/// Merges spans with the same way of operations from the root; parents stand before what they call.
#[must_use]
pub fn flames(structure: &Structure) -> Vec<Flame> {
    let rows = &structure.rows;
    let mut boxes: Vec<Flame> = Vec::new();
    let mut known: HashMap<(Option<usize>, u32, u32), usize> = HashMap::new();
    let mut box_of: Vec<usize> = Vec::with_capacity(rows.len());
    for row in 0..u32::try_from(rows.len()).unwrap_or(u32::MAX) {
        let parent = rows.parent(row).and_then(|parent| box_of.get(index(parent))).copied();
        let (name, service) = (at(&rows.name, row), at(&rows.service, row));
        let place = *known.entry((parent, name, service)).or_insert_with(|| {
            let depth = parent.and_then(|parent| boxes.get(parent)).map_or(0, |above: &Flame| above.depth + 1);
            boxes.push(Flame {
                name,
                service,
                depth,
                parent,
                count: 0,
                errors: 0,
                total_ns: 0,
                self_ns: 0,
                width_ns: 0,
                left_ns: 0,
                row,
                longest_ns: i64::MIN,
            });
            boxes.len() - 1
        });
        box_of.push(place);
        if let Some(flame) = boxes.get_mut(place) {
            let duration = at(&rows.duration_ns, row).max(0);
            flame.count += 1;
            flame.errors += u64::from(rows.is_error(row));
            flame.total_ns = flame.total_ns.saturating_add(duration);
            flame.self_ns = flame.self_ns.saturating_add(at(&rows.self_ns, row));
            if duration > flame.longest_ns {
                (flame.longest_ns, flame.row) = (duration, row);
            }
        }
    }
    widths(&mut boxes);
    boxes
}

/// Gives each box its width and place: children stand side by side inside their parent, the longest first.
fn widths(boxes: &mut [Flame]) {
    let mut inside = vec![0_i64; boxes.len()];
    for place in (0..boxes.len()).rev() {
        let below = inside.get(place).copied().unwrap_or_default();
        let Some(flame) = boxes.get_mut(place) else { continue };
        flame.width_ns = flame.total_ns.max(below).max(1);
        let (width, parent) = (flame.width_ns, flame.parent);
        if let Some(sum) = parent.and_then(|parent| inside.get_mut(parent)) {
            *sum = sum.saturating_add(width);
        }
    }
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    order.sort_by_key(|place| {
        boxes.get(*place).map(|flame| (flame.depth, std::cmp::Reverse(flame.width_ns), flame.name, flame.service))
    });
    let mut next_left = vec![0_i64; boxes.len()];
    let mut next_top = 0_i64;
    for place in order {
        let Some((width, parent)) = boxes.get(place).map(|flame| (flame.width_ns, flame.parent)) else { continue };
        let slot = match parent {
            Some(parent) => next_left.get_mut(parent),
            None => Some(&mut next_top),
        };
        let Some(slot) = slot else { continue };
        let left = *slot;
        *slot = slot.saturating_add(width);
        if let Some(own) = next_left.get_mut(place) {
            *own = left;
        }
        if let Some(flame) = boxes.get_mut(place) {
            flame.left_ns = left;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telltale_api::trace::{SpanRow, TraceView};
    use telltale_api::{Nanos, SignedNanos};
    use telltale_story::pack::{Reader, write};
    use telltale_story::story::Analysis;

    fn trace() -> Structure {
        let span = |name: &str, id: u64, parent: u64, start: u64, length: i64| SpanRow {
            span_id: format!("{id:016x}"),
            parent_span_id: (parent > 0).then(|| format!("{parent:016x}")),
            name: name.to_owned(),
            service_name: Some(if name == "SELECT" { "db" } else { "shop" }.to_owned()),
            start_unix_nano: Nanos(1_000 + start),
            duration_ns: SignedNanos(length),
            ..SpanRow::default()
        };
        let mut failed = span("SELECT", 4, 1, 60, 30);
        failed.status_code = 2;
        let spans = vec![
            span("root", 1, 0, 0, 100),
            span("SELECT", 2, 1, 0, 10),
            span("step", 3, 1, 20, 30),
            failed,
            span("SELECT", 5, 3, 25, 5),
        ];
        let view = TraceView { trace_id: "0a".repeat(16), spans, ..TraceView::default() };
        let mut reader = Reader::new();
        let whole = reader.push(&write(&view, &Analysis::new(&view))).unwrap().unwrap();
        Structure::clone(&whole)
    }

    #[test]
    fn groups_have_sums_and_know_their_longest() {
        let trace = trace();
        let mut stats = gather(&trace, |row| Some(trace.name(row).to_owned()));
        sort(&mut stats, Sort::Count);
        let first = &stats[0];
        assert_eq!(
            (first.label.as_str(), first.count, first.errors, first.total_ns, first.max_ns),
            ("SELECT", 3, 1, 45, 30)
        );
        assert_eq!(trace.id_hex(first.row), format!("{:016x}", 4));
        sort(&mut stats, Sort::Label);
        assert_eq!(stats.iter().map(|stat| stat.label.as_str()).collect::<Vec<_>>(), ["SELECT", "root", "step"]);
    }

    #[test]
    fn boxes_merge_what_was_called_from_the_same_place() {
        let trace = trace();
        let boxes = flames(&trace);
        let shown: Vec<_> =
            boxes.iter().map(|b| (trace.text(b.name), b.depth, b.count, b.total_ns, b.left_ns)).collect();
        assert_eq!(
            shown,
            [("root", 0, 1, 100, 0), ("SELECT", 1, 2, 40, 0), ("step", 1, 1, 30, 40), ("SELECT", 2, 1, 5, 40)]
        );
    }

    #[test]
    fn children_never_stand_outside_of_their_parent() {
        let trace = trace();
        let boxes = flames(&trace);
        for flame in &boxes {
            let Some(parent) = flame.parent else { continue };
            assert!(boxes[parent].left_ns <= flame.left_ns);
            assert!(flame.left_ns + flame.width_ns <= boxes[parent].left_ns + boxes[parent].width_ns);
        }
    }
}
