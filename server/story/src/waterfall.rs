//! The geometry of a waterfall: where bars and marks stand, what the axis says. Which rows show is each page's own
//! business: the exported page shows all, the application folds and filters (`telltale-web`'s `waterfall`).
//!
//! Everything is a fraction of the visible time, so that a page multiplies by its width and nothing else. What lies
//! outside of the window is clipped and says so. No pixel, colour or element is known here.

use telltale_api::trace::TraceView;

use crate::format::duration::duration;
use crate::outline::{Item, Notes};
use crate::self_time::end_of;
use crate::story::{Analysis, level};

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
    }
}
