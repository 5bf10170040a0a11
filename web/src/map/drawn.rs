//! Where boxes, lines and the numbers beside them are drawn on the map, in pixels. Pure.
//!
//! Numbers are two short lines of text at an end of their line, where it is level: first at the called, where lines from one caller
//! are apart, else at the caller, where lines to one called are. They stand around a level line, and on the outer side of another.
//! Of the places that are tried the first is taken at which nothing else is.

use super::{Edge, Map, Node};

/// Size of a node.
pub const NODE: (usize, usize) = (206, 46);
/// A column's step; and on maps with too many calls for numbers at each.
const COLUMN: usize = 400;
const COLUMN_NARROW: usize = 290;
/// Half a line's step.
const HALF: usize = 35;
/// Room around everything.
const MARGIN: usize = 16;
/// Calls up to which each has its numbers on the map; on fuller maps those at the focus have.
const LABELLED: usize = 14;

/// Width of a letter of the numbers, on the wide side.
const LETTER: f64 = 6.2;
/// How far a text reaches above its base line, and below it.
const ABOVE: f64 = 10.0;
const BELOW: f64 = 4.0;
/// Room between the numbers and a node, which the tip of the line needs.
const GAP: f64 = 14.0;
/// Base lines of both texts, from the end of the line: around it, above it, below it, and farther away.
const AROUND: [f64; 2] = [-6.0, 16.0];
const OVER: [[f64; 2]; 2] = [[-19.0, -6.0], [-33.0, -20.0]];
const UNDER: [[f64; 2]; 2] = [[16.0, 29.0], [30.0, 43.0]];
/// Pieces into which a line is cut to see where it is.
const PIECES: u32 = 48;

type Point = (f64, f64);

/// Everything in its place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawn {
    /// Size of the drawing.
    pub size: (usize, usize),
    /// Left upper corner of each node.
    pub nodes: Vec<(usize, usize)>,
    /// The line of each call.
    pub lines: Vec<Curve>,
    /// Where the numbers of each call stand.
    pub labels: Vec<Label>,
}

/// Where two lines of text stand: their end, and the base line of each.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Label {
    /// The end of both, from the left.
    pub right: f64,
    /// The base lines, from the top.
    pub bases: [f64; 2],
}

impl Label {
    /// Returns what the texts cover; a text without letters covers nothing.
    fn areas(self, texts: &[String; 2]) -> impl Iterator<Item = Area> {
        let widths = texts.each_ref().map(|text| width(text));
        let both = widths.into_iter().zip(self.bases).filter(|(width, _)| *width > 0.0);
        both.map(move |(width, base)| Area(self.right - width, base - ABOVE, self.right, base + BELOW))
    }
}

fn width(text: &str) -> f64 {
    LETTER * f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX))
}

/// A cubic curve: start, two points that pull it, end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Curve([Point; 4]);

/// A rectangle: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Area(f64, f64, f64, f64);

impl Area {
    const fn meets(self, other: Self) -> bool {
        self.0 < other.2 && other.0 < self.2 && self.1 < other.3 && other.1 < self.3
    }

    const fn holds(self, (x, y): Point) -> bool {
        self.0 <= x && x <= self.2 && self.1 <= y && y <= self.3
    }
}

impl Curve {
    fn at(&self, part: f64) -> Point {
        let [a, b, c, d] = self.0;
        let rest = 1.0 - part;
        let mix = |of: fn(Point) -> f64| {
            let ends = rest * rest * rest * of(a) + part * part * part * of(d);
            ends + 3.0 * rest * part * (rest * of(b) + part * of(c))
        };
        (mix(|point| point.0), mix(|point| point.1))
    }

    /// A curve lies between its four points.
    fn around(&self) -> Area {
        let most = |of: fn(&Point) -> f64, pick: fn(f64, f64) -> f64| self.0.iter().map(of).reduce(pick).unwrap_or(0.0);
        let x: fn(&Point) -> f64 = |point| point.0;
        let y: fn(&Point) -> f64 = |point| point.1;
        Area(most(x, f64::min), most(y, f64::min), most(x, f64::max), most(y, f64::max))
    }

    fn crosses(&self, area: Area) -> bool {
        let around = self.around();
        // A level line has no height.
        let around = Area(around.0, around.1 - 1.0, around.2, around.3 + 1.0);
        around.meets(area) && (0..=PIECES).any(|piece| area.holds(self.at(f64::from(piece) / f64::from(PIECES))))
    }

    /// Returns it as the path of a drawing.
    #[must_use]
    pub fn path(&self) -> String {
        let [a, b, c, d] = self.0.map(|(x, y)| format!("{x},{y}"));
        format!("M{a}C{b} {c} {d}")
    }
}

impl Drawn {
    /// Places everything; `texts` are the numbers of each call.
    #[must_use]
    pub fn new(map: &Map, texts: &[[String; 2]]) -> Self {
        let nodes: Vec<(usize, usize)> = map.nodes.iter().map(|node| place(map, node)).collect();
        let lines: Vec<Curve> = map.edges.iter().map(|edge| curve(map, edge).unwrap_or_default()).collect();
        let labels = labels(&nodes, &lines, texts);
        let width = (map.columns.max(1) - 1) * column_step(map) + NODE.0 + 2 * MARGIN;
        let height = map.halves * HALF + MARGIN;
        // Calls around the lowest nodes, and numbers below them, need more.
        let lowest = labels.iter().flat_map(|label| label.bases).map(|base| base + BELOW);
        let lowest = lowest.chain(lines.iter().map(|line| line.at(0.5).1)).fold(0.0, f64::max);
        let height = height.max(lowest.ceil() as usize + MARGIN / 2);
        Self { size: (width, height), nodes, lines, labels }
    }
}

/// Whether there is room for the numbers of each call.
#[must_use]
pub fn is_labelled(map: &Map) -> bool {
    map.edges.len() <= LABELLED
}

fn column_step(map: &Map) -> usize {
    if is_labelled(map) { COLUMN } else { COLUMN_NARROW }
}

fn place(map: &Map, node: &Node) -> (usize, usize) {
    (node.column * column_step(map) + MARGIN, node.half * HALF + MARGIN)
}

fn real(pixels: usize) -> f64 {
    f64::from(u32::try_from(pixels).unwrap_or(u32::MAX))
}

/// The line from a caller to what it calls.
fn curve(map: &Map, edge: &Edge) -> Option<Curve> {
    let (from, to) = (map.nodes.get(edge.from)?, map.nodes.get(edge.to)?);
    let corner = |node: &Node| {
        let (x, y) = place(map, node);
        (real(x), real(y))
    };
    let (width, height) = (real(NODE.0), real(NODE.1));
    let ((x1, y1), (x2, y2)) = (corner(from), corner(to));
    if to.column > from.column {
        let (start, end) = ((x1 + width, y1 + height / 2.0), (x2, y2 + height / 2.0));
        let middle = f64::midpoint(start.0, end.0);
        return Some(Curve([start, (middle, start.1), (middle, end.1), end]));
    }
    // A call back to the left, or to itself, goes around below.
    let (start, end) = ((x1 + width * 2.0 / 3.0, y1 + height), (x2 + width / 3.0, y2 + height));
    let low = y1.max(y2) + height / 2.0 + real(HALF * 2 - 4);
    Some(Curve([start, (start.0, low), (end.0, low), end]))
}

/// Finds a place for the numbers of each call.
fn labels(nodes: &[(usize, usize)], lines: &[Curve], texts: &[[String; 2]]) -> Vec<Label> {
    let mut taken: Vec<Area> = nodes.iter().map(node_area).collect();
    let mut out = Vec::with_capacity(lines.len());
    for (curve, texts) in lines.iter().zip(texts) {
        let disturbed = |label: &Label| {
            let one = |area: Area| {
                let covered = taken.iter().filter(|other| other.meets(area)).count() + usize::from(area.1 < 0.0);
                // A line behind the numbers is less of an evil than a text upon another.
                covered * 10 + lines.iter().filter(|line| line.crosses(area)).count()
            };
            label.areas(texts).map(one).sum::<usize>()
        };
        let widest = texts.iter().map(|text| width(text)).fold(0.0, f64::max);
        let tried = places(curve, widest).into_iter().map(|label| (disturbed(&label), label));
        // The first of the best.
        let best = tried.reduce(|best, other| if other.0 < best.0 { other } else { best });
        let (_, label) = best.unwrap_or_default();
        taken.extend(label.areas(texts));
        out.push(label);
    }
    out
}

fn node_area(&(x, y): &(usize, usize)) -> Area {
    Area(real(x), real(y), real(x + NODE.0), real(y + NODE.1))
}

/// Where the numbers of a line can stand, best first.
fn places(curve: &Curve, width: f64) -> Vec<Label> {
    let [start, pulled, _, end] = curve.0;
    let at = |right: f64, y: f64, bases: [f64; 2]| Label { right, bases: bases.map(|base| y + base) };
    if pulled.1 > start.1 && (pulled.0 - start.0).abs() < 1.0 {
        // Around below: under the lowest point, or inside.
        let (x, y) = curve.at(0.5);
        let bases = [UNDER[0], OVER[0], UNDER[1], OVER[1]];
        return bases.into_iter().map(|bases| at(x + width / 2.0, y, bases)).collect();
    }
    let called = |bases| at(end.0 - GAP, end.1, bases);
    let caller = |bases| at(start.0 + GAP / 2.0 + width, start.1, bases);
    let is_level = (end.1 - start.1).abs() < 1.0;
    // The sides to which the line does not turn.
    let (of_called, of_caller) = if end.1 > start.1 { (UNDER, OVER) } else { (OVER, UNDER) };
    let around = [called(AROUND), caller(AROUND)];
    let mut out = if is_level { around.to_vec() } else { Vec::new() };
    out.extend([called(of_called[0]), caller(of_caller[0]), called(of_called[1]), caller(of_caller[1])]);
    if !is_level {
        out.extend(around);
    }
    out.extend([called(of_caller[0]), caller(of_called[0]), called(of_caller[1]), caller(of_called[1])]);
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::map;
    use super::*;
    use proptest::prelude::*;

    const TEXTS: [&str; 2] = ["0.5/s · 10 % ✖", "p95 120 ms"];

    fn texts() -> [String; 2] {
        TEXTS.map(str::to_owned)
    }

    fn drawn(map: &Map) -> Drawn {
        Drawn::new(map, &vec![texts(); map.edges.len()])
    }

    fn areas(label: Label) -> Vec<Area> {
        label.areas(&texts()).map(|area| Area(area.0 + 1.0, area.1 + 1.0, area.2 - 1.0, area.3 - 1.0)).collect()
    }

    /// Returns what lies on a label: nodes, lines and other labels.
    fn faults(drawn: &Drawn) -> Vec<String> {
        let mut out = Vec::new();
        for (at, label) in drawn.labels.iter().enumerate() {
            for here in areas(*label) {
                let nodes = drawn.nodes.iter().map(node_area).filter(|node| node.meets(here));
                out.extend(nodes.map(|node| format!("label {at} on node {node:?}")));
                let lines = drawn.lines.iter().enumerate().filter(|(_, line)| line.crosses(here));
                out.extend(lines.map(|(line, _)| format!("label {at} on line {line}")));
                let others = drawn.labels.iter().enumerate().skip(at + 1);
                let others = others.filter(|(_, label)| areas(**label).into_iter().any(|other| other.meets(here)));
                out.extend(others.map(|(other, _)| format!("label {at} on label {other}")));
            }
        }
        out
    }

    /// Guarantees: in the shapes that maps are made of, numbers stand on nothing: a chain, calls from one to many and from
    /// many to one (of which the one in the middle has a level line), past a column, back, and to itself.
    #[test]
    fn numbers_stand_on_nothing() {
        /// A name, services, and who calls whom.
        type Shape<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)]);
        let shapes: [Shape<'_>; 8] = [
            ("chain", &["a", "b", "c"], &[("a", "b"), ("b", "c")]),
            ("fan out", &["a", "b", "c", "d"], &[("a", "b"), ("a", "c"), ("a", "d")]),
            ("fan in", &["a", "b", "c", "d"], &[("a", "d"), ("b", "d"), ("c", "d")]),
            ("fan both ways", &["a", "b", "c", "d", "e"], &[("a", "c"), ("b", "c"), ("c", "d"), ("c", "e")]),
            ("diamond", &["a", "b", "c", "d"], &[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]),
            ("past a column", &["a", "b", "c"], &[("a", "b"), ("b", "c"), ("a", "c")]),
            ("back", &["a", "b"], &[("a", "b"), ("b", "a")]),
            ("to itself", &["a", "b"], &[("a", "b"), ("b", "b")]),
        ];
        for (name, nodes, edges) in shapes {
            let drawn = drawn(&map(nodes, edges));
            assert_eq!(drawn.labels.len(), edges.len(), "{name}");
            assert_eq!(faults(&drawn), Vec::<String>::new(), "{name}: {drawn:?}");
        }
    }

    proptest! {
        /// Whoever calls whom: numbers are inside of the drawing, and those of calls to the right never upon a node.
        #[test]
        fn numbers_are_never_on_a_node(calls in prop::collection::vec((0_usize..12, 0_usize..12), 0..40), back: bool) {
            let names: Vec<String> = (0..12).map(|number| format!("{number:02}")).collect();
            let nodes: Vec<&str> = names.iter().map(String::as_str).collect();
            let calls = calls.iter().map(|(from, to)| if back { (*from, *to) } else { (*from.min(to), *from.max(to)) });
            let edges: Vec<(&str, &str)> =
                calls.filter(|(from, to)| back || from != to).map(|(from, to)| (nodes[from], nodes[to])).collect();
            let drawn = drawn(&map(&nodes, &edges));
            for here in drawn.labels.iter().flat_map(|label| areas(*label)) {
                prop_assert!(here.0 >= -1.0 && here.3 <= real(drawn.size.1) + 1.0, "{:?} in {:?}", here, drawn.size);
            }
            let on_node: Vec<String> = faults(&drawn).into_iter().filter(|fault| fault.contains("on node")).collect();
            prop_assert!(back || edges.len() > 14 || on_node.is_empty(), "{:?}", on_node);
        }
    }
}
