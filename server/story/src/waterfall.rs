//! The geometry of a waterfall: which rows show, where bars and marks stand, what the axis says.
//!
//! Everything is a fraction of the visible time, so that a page multiplies by its width and nothing else. What lies
//! outside of the window is clipped and says so. No pixel, colour or element is known here.

use std::collections::{BTreeSet, BinaryHeap};

use telltale_api::trace::TraceView;

use crate::critical_path::critical_path;
use crate::format::duration::duration;
use crate::limits::FIRST_ROWS;
use crate::outline::{Item, Notes};
use crate::self_time::end_of;
use crate::story::{Analysis, is_error, level};
use crate::tree::Tree;

/// One row of the waterfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The span, by position.
    pub span: u32,
    /// Its depth in the tree.
    pub depth: u32,
    /// Whether it has children.
    pub has_children: bool,
    /// Descendants that are not shown because the row is collapsed.
    pub hidden: u32,
    /// How many of these failed.
    pub hidden_errors: u32,
}

/// The rows of a trace; which of them show depends on what is collapsed.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Number of failed spans before each row, and after the last.
    errors_before: Vec<u32>,
}

impl Rows {
    /// Prepares the rows of a trace.
    #[must_use]
    pub fn new(view: &TraceView, tree: &Tree) -> Self {
        let mut errors = 0;
        let mut errors_before = vec![0];
        for at in tree.order() {
            let failed = usize::try_from(*at).ok().and_then(|at| view.spans.get(at)).is_some_and(is_error);
            errors += u32::from(failed);
            errors_before.push(errors);
        }
        Self { errors_before }
    }

    /// Returns the rows that show when the children of the spans in `collapsed` are hidden.
    #[must_use]
    pub fn visible(&self, tree: &Tree, collapsed: &BTreeSet<u32>) -> Vec<Row> {
        let mut out = Vec::new();
        let mut row = 0;
        while let Some(span) = usize::try_from(row).ok().and_then(|row| tree.order().get(row)) {
            let below = tree.descendant_count(*span);
            let hidden = if collapsed.contains(span) { below } else { 0 };
            let hidden_errors = self.errors(row + 1, row + 1 + hidden);
            out.push(Row { span: *span, depth: tree.depth(*span), has_children: below > 0, hidden, hidden_errors });
            row += 1 + hidden;
        }
        out
    }

    /// Counts the failed spans from row `from` to before row `to`.
    fn errors(&self, from: u32, to: u32) -> u32 {
        let before =
            |row: u32| usize::try_from(row).ok().and_then(|row| self.errors_before.get(row)).copied().unwrap_or(0);
        before(to) - before(from).min(before(to))
    }

    /// Returns what a page collapses at first: nothing in a small trace. In a large one [`FIRST_ROWS`] rows show (more only
    /// when the roots alone have more children),
    /// those on the way to errors and on the critical path before others, upper levels before lower ones.
    #[must_use]
    pub fn first_collapsed(&self, view: &TraceView, analysis: &Analysis) -> BTreeSet<u32> {
        let tree = &analysis.tree;
        if tree.order().len() <= FIRST_ROWS {
            return BTreeSet::new();
        }
        let path = analysis.root.map(|root| critical_path(&view.spans, tree, root)).unwrap_or_default();
        let path: BTreeSet<u32> = path.into_iter().map(|part| part.span).collect();
        let mut collapsed: BTreeSet<u32> =
            tree.order().iter().copied().filter(|at| !tree.children(*at).is_empty()).collect();
        let rank = |at: u32| {
            let row = tree.row(at);
            let errors = self.errors(row + 1, row + 1 + tree.descendant_count(at)) > 0;
            (errors, path.contains(&at), std::cmp::Reverse(tree.depth(at)), std::cmp::Reverse(row), at)
        };
        let mut queue: BinaryHeap<_> = tree.roots().iter().map(|root| rank(*root)).collect();
        let mut shown = tree.roots().len();
        while let Some((.., at)) = queue.pop() {
            let children = tree.children(at);
            // A root always opens: a trace of one row tells nothing.
            if tree.depth(at) == 0 || shown + children.len() <= FIRST_ROWS {
                shown += children.len();
                collapsed.remove(&at);
                queue.extend(children.iter().map(|child| rank(*child)));
            }
        }
        collapsed
    }
}

/// The stretch of time that is shown, in nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Left edge.
    pub start_unix_nano: u64,
    /// Right edge.
    pub end_unix_nano: u64,
}

/// Where a bar stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Left edge, 0 to 1.
    pub left: f64,
    /// Width, 0 to 1; the page gives it its least number of pixels.
    pub width: f64,
    /// The span begins before the window, or at an unknown time.
    pub clipped_left: bool,
    /// The span ends after the window.
    pub clipped_right: bool,
}

/// A line of the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where, 0 to 1.
    pub at: f64,
    /// Time from the start of the trace: `0`, `500 ms`, `1.5 s`.
    pub label: String,
}

/// An event or a log on a bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where, 0 to 1.
    pub at: f64,
    /// What it is.
    pub item: Item,
    /// `error`, `warn`, `info`, `debug`.
    pub level: &'static str,
}

impl Window {
    /// Returns the window of a whole trace; at least a nanosecond wide.
    #[must_use]
    pub fn whole(analysis: &Analysis) -> Self {
        let start_unix_nano = analysis.start_unix_nano;
        Self { start_unix_nano, end_unix_nano: analysis.end_unix_nano.max(start_unix_nano.saturating_add(1)) }
    }

    /// Returns the width in nanoseconds, never zero.
    fn length_ns(self) -> u64 {
        self.end_unix_nano.saturating_sub(self.start_unix_nano).max(1)
    }

    /// Returns where a moment stands, 0 at the left edge and 1 at the right one; moments outside are clipped.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a page has fewer pixels than a double has digits")]
    pub fn fraction(self, unix_nano: u64) -> f64 {
        let inside = unix_nano.clamp(self.start_unix_nano, self.start_unix_nano.saturating_add(self.length_ns()));
        (inside - self.start_unix_nano) as f64 / self.length_ns() as f64
    }

    /// Returns the bar of a span; `None` when all of it lies outside.
    #[must_use]
    pub fn bar(self, start_unix_nano: u64, end_unix_nano: u64) -> Option<Bar> {
        if start_unix_nano > self.end_unix_nano || (end_unix_nano < self.start_unix_nano && start_unix_nano != 0) {
            return None;
        }
        let left = self.fraction(start_unix_nano);
        let width = self.fraction(end_unix_nano.max(start_unix_nano)) - left;
        let (clipped_left, clipped_right) =
            (start_unix_nano < self.start_unix_nano, end_unix_nano > self.end_unix_nano);
        Some(Bar { left, width, clipped_left, clipped_right })
    }

    /// Returns the bar of a span of a trace.
    #[must_use]
    pub fn bar_of(self, view: &TraceView, span: u32) -> Option<Bar> {
        let span = usize::try_from(span).ok().and_then(|span| view.spans.get(span))?;
        self.bar(span.start_unix_nano.0, end_of(span))
    }

    /// Returns the axis: about four lines at round distances from `origin`, the start of the trace.
    #[must_use]
    pub fn ticks(self, origin_unix_nano: u64) -> Vec<Tick> {
        let step = round_step(self.length_ns() / 4);
        let from = self.start_unix_nano.saturating_sub(origin_unix_nano).div_ceil(step);
        let lines = (from..).map(|line| line.saturating_mul(step));
        let inside = lines.map_while(|offset| {
            let at = origin_unix_nano.checked_add(offset).filter(|at| *at <= self.end_unix_nano)?;
            Some(Tick { at: self.fraction(at), label: tick_label(offset) })
        });
        inside.take(MOST_TICKS).collect()
    }

    /// Returns the marks of a span that lie inside the window.
    #[must_use]
    pub fn marks(self, view: &TraceView, notes: &Notes, span: u32) -> Vec<Mark> {
        let inside = |time: &u64| (self.start_unix_nano..=self.end_unix_nano).contains(time);
        let shown = notes.of_span(span).iter().filter(|(time, _item)| inside(time));
        shown.map(|(time, item)| Mark { at: self.fraction(*time), item: *item, level: level_of(view, *item) }).collect()
    }
}

/// Lines of an axis at most; the step makes them five or six.
const MOST_TICKS: usize = 8;

/// Nanoseconds of the steps from a minute on, where people do not count in tens.
const LONG_STEPS_S: [u64; 16] =
    [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000, 8_640_000];

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// Returns the smallest round step that is not below `least`.
fn round_step(least: u64) -> u64 {
    if least > 30 * SECOND {
        let long = LONG_STEPS_S.into_iter().map(|step| step * SECOND).find(|step| *step >= least);
        return long.unwrap_or_else(|| decimal_step(least));
    }
    decimal_step(least)
}

/// Returns 1, 2, 2.5 or 5 times a power of ten.
fn decimal_step(least: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        let steps =
            [Some(power), power.checked_mul(2), power.checked_mul(5).map(|five| five / 2), power.checked_mul(5)];
        // Below ten nanoseconds two and a half is no number of nanoseconds.
        let fits = steps
            .into_iter()
            .flatten()
            .enumerate()
            .find(|(place, step)| *step >= least && (*place != 2 || power >= 10));
        if let Some((_place, step)) = fits {
            return step.max(1);
        }
        match power.checked_mul(10) {
            Some(next) => power = next,
            None => return u64::MAX,
        }
    }
}

/// Returns a distance without the zeros that a round number does not need: `1.5 s`, `2 m`.
fn tick_label(offset_ns: u64) -> String {
    if offset_ns == 0 {
        return "0".to_owned();
    }
    let text = duration(i64::try_from(offset_ns).unwrap_or(i64::MAX));
    let Some((number, unit)) = text.split_once(' ') else { return text };
    if let Some(whole) =
        text.strip_suffix(" 00 s").or_else(|| text.strip_suffix(" 00 m")).or_else(|| text.strip_suffix(" 00 h"))
    {
        return whole.to_owned();
    }
    if !number.contains('.') {
        return text;
    }
    format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
}

/// Returns what colours a mark.
fn level_of(view: &TraceView, item: Item) -> &'static str {
    let index = |position: u32| usize::try_from(position).unwrap_or(usize::MAX);
    match item {
        Item::Log(at) => view.logs.get(index(at)).map_or("info", |log| level(log.severity_number)),
        Item::Event(span, at) => {
            let event = view.spans.get(index(span)).and_then(|span| span.events.get(index(at)));
            let failed = event.is_some_and(|event| event.name == telltale_model::semconv::EXCEPTION_EVENT);
            if failed { "error" } else { "info" }
        }
        Item::Span(_) => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BASE, log, span, view};
    use proptest::prelude::*;

    fn ticks(length_ns: u64) -> Vec<String> {
        let window = Window { start_unix_nano: BASE, end_unix_nano: BASE + length_ns };
        window.ticks(BASE).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn axes_have_round_lines() {
        assert_eq!(ticks(1_840_000_000), ["0", "500 ms", "1 s", "1.5 s"]);
        assert_eq!(ticks(1_000_000_000), ["0", "250 ms", "500 ms", "750 ms", "1 s"]);
        assert_eq!(ticks(7_000), ["0", "2 µs", "4 µs", "6 µs"]);
        assert_eq!(ticks(9), ["0", "2 ns", "4 ns", "6 ns", "8 ns"]);
        assert_eq!(ticks(1), ["0", "1 ns"]);
        assert_eq!(ticks(420 * SECOND), ["0", "2 m", "4 m", "6 m"]);
        assert_eq!(ticks(4 * 86_400 * SECOND), ["0", "1 d", "2 d", "3 d", "4 d"]);
        let zoomed = Window { start_unix_nano: BASE + 1_210_000_000, end_unix_nano: BASE + 1_400_000_000 };
        let lines: Vec<_> = zoomed.ticks(BASE).into_iter().map(|tick| tick.label).collect();
        assert_eq!(lines, ["1.25 s", "1.3 s", "1.35 s", "1.4 s"]);
    }

    #[test]
    fn bars_are_clipped_to_the_window_and_say_so() {
        let window = Window { start_unix_nano: 100, end_unix_nano: 200 };
        assert_eq!(
            window.bar(125, 150),
            Some(Bar { left: 0.25, width: 0.25, clipped_left: false, clipped_right: false })
        );
        assert_eq!(window.bar(50, 400), Some(Bar { left: 0.0, width: 1.0, clipped_left: true, clipped_right: true }));
        assert_eq!((window.bar(201, 300), window.bar(20, 99)), (None, None));
        assert_eq!(window.bar(150, 140).map(|bar| bar.width), Some(0.0), "a negative length has no width");
        assert!(window.bar(0, 5).is_some(), "a span without a time keeps a bar");
    }

    #[test]
    fn collapsed_rows_hide_their_descendants_and_count_errors() {
        let spans = vec![
            span("root", 1, 0).ms(0, 100).row(),
            span("a", 2, 1).ms(1, 10).row(),
            span("a1", 3, 2).ms(2, 3).error("x").row(),
            span("b", 4, 1).ms(20, 10).row(),
        ];
        let view = view(spans, vec![]);
        let tree = Tree::build(&view.spans);
        let rows = Rows::new(&view, &tree);
        let all: Vec<u32> = rows.visible(&tree, &BTreeSet::new()).iter().map(|row| row.span).collect();
        assert_eq!(all, [0, 1, 2, 3]);
        let some = rows.visible(&tree, &BTreeSet::from([1]));
        assert_eq!(some.iter().map(|row| row.span).collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!((some[1].hidden, some[1].hidden_errors, some[1].has_children), (1, 1, true));
        assert_eq!(rows.visible(&tree, &BTreeSet::from([0, 1])).len(), 1);
    }

    #[test]
    fn a_large_trace_opens_on_its_errors() {
        let mut spans = vec![span("root", 1, 0).ms(0, 90_000).row()];
        for group in 0..50 {
            spans.push(span("group", 100 + group, 1).ms(group, 5).row());
            for leaf in 0..100 {
                let leaf_span = span("leaf", 10_000 + group * 100 + leaf, 100 + group).ms(group, 1);
                spans.push(if group == 33 && leaf == 7 { leaf_span.error("x").row() } else { leaf_span.row() });
            }
        }
        let view = view(spans, vec![]);
        let analysis = Analysis::new(&view);
        let rows = Rows::new(&view, &analysis.tree);
        let visible = rows.visible(&analysis.tree, &rows.first_collapsed(&view, &analysis));
        assert!(visible.len() <= FIRST_ROWS, "{}", visible.len());
        assert!(visible.iter().any(|row| is_error(&view.spans[usize::try_from(row.span).unwrap()])));
    }

    #[test]
    fn marks_stand_on_the_bar_of_their_span() {
        let spans = vec![span("root", 1, 0).ms(0, 100).event(25, "exception", &[]).row()];
        let view = view(spans, vec![log(50, 13, "slow", "a", 1), log(500, 9, "outside", "a", 1)]);
        let window = Window { start_unix_nano: BASE, end_unix_nano: BASE + 100_000_000 };
        let marks = window.marks(&view, &Notes::new(&view), 0);
        let told: Vec<_> = marks.iter().map(|mark| (mark.at, mark.item, mark.level)).collect();
        assert_eq!(told, [(0.25, Item::Event(0, 0), "error"), (0.5, Item::Log(0), "warn")]);
    }

    proptest! {
        #[test]
        fn geometry_stays_inside(start in any::<u64>(), length in any::<u64>(), from in any::<u64>(), to in any::<u64>()) {
            let window = Window { start_unix_nano: start, end_unix_nano: start.saturating_add(length) };
            if let Some(bar) = window.bar(from, to) {
                prop_assert!((0.0..=1.0).contains(&bar.left) && bar.width >= 0.0 && bar.left + bar.width <= 1.0 + 1e-9);
            }
            let ticks = window.ticks(start);
            prop_assert!(ticks.len() <= 6 && ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)), "{ticks:?}");
        }

        #[test]
        fn every_row_is_shown_or_counted_as_hidden(
            links in prop::collection::vec(0_u64..30, 1..30), folded in prop::collection::btree_set(0_u32..30, 0..10),
        ) {
            let spans = (1..).zip(&links).map(|(id, parent)| span("x", id, parent % id).row()).collect();
            let view = view(spans, vec![]);
            let tree = Tree::build(&view.spans);
            let visible = Rows::new(&view, &tree).visible(&tree, &folded);
            let counted: usize = visible.iter().map(|row| 1 + usize::try_from(row.hidden).unwrap()).sum();
            prop_assert_eq!(counted, view.spans.len());
        }
    }
}
