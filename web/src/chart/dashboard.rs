//! What a dashboard comes to before it is drawn: sections, repeated panels, names of lines, one value of many, bands on each other. Pure.

use std::collections::BTreeMap;

use telltale_api::dashboard::{All, Chosen, Panel, PanelKind};

use crate::prometheus::{Labels, line_name};

/// A line of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What people read.
    pub name: String,
    /// Labels of the series.
    pub labels: Labels,
    /// Seconds and values.
    pub points: Vec<(f64, f64)>,
    /// Whether it is of the period before.
    pub is_before: bool,
}

/// Panels under one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Title of the row; none above the first row.
    pub title: Option<String>,
    /// Place of the row in the dashboard.
    pub row: Option<usize>,
    /// Whether it begins closed.
    pub is_collapsed: bool,
    /// Places of its panels in the dashboard.
    pub panels: Vec<usize>,
}

/// Splits a dashboard at its rows.
#[must_use]
pub fn sections(panels: &[Panel]) -> Vec<Section> {
    let mut out = vec![Section { title: None, row: None, is_collapsed: false, panels: Vec::new() }];
    for (at, panel) in panels.iter().enumerate() {
        if panel.kind == PanelKind::Row {
            let title = Some(panel.title.clone());
            out.push(Section { title, row: Some(at), is_collapsed: panel.collapsed, panels: Vec::new() });
        } else if let Some(section) = out.last_mut() {
            section.panels.push(at);
        }
    }
    out.retain(|section| section.title.is_some() || !section.panels.is_empty());
    out
}

/// A panel once for each value that is chosen of the variable that it repeats by, each with what is chosen then.
#[must_use]
pub fn expand(panel: &Panel, chosen: &BTreeMap<String, Chosen>) -> Vec<BTreeMap<String, Chosen>> {
    /// A page of more panels would only be slow.
    const REPEATS_MAX: usize = 50;
    let of_variable = chosen.get(&panel.repeat).filter(|chosen| !chosen.values.is_empty());
    let Some(of_variable) = of_variable else { return vec![chosen.clone()] };
    let one = |value: &String| {
        let mut chosen = chosen.clone();
        let only = Chosen { values: vec![value.clone()], is_list: of_variable.is_list, all: All::No };
        chosen.insert(panel.repeat.clone(), only);
        chosen
    };
    of_variable.values.iter().take(REPEATS_MAX).map(one).collect()
}

/// The name of a line: `{{label}}` of the template replaced, or the labels when there is no template.
#[must_use]
pub fn legend(template: &str, labels: &Labels) -> String {
    if template.is_empty() {
        return line_name(labels);
    }
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        out.push_str(labels.get(name.trim()).map_or("", String::as_str));
        rest = after;
    }
    out.push_str(rest);
    // What labels that are absent leave over.
    out.trim().trim_matches('·').trim().to_owned()
}

/// How many values of a time become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// The newest.
    Last,
    /// Their mean.
    Mean,
    /// The greatest.
    Max,
    /// The least.
    Min,
    /// All together.
    Sum,
}

impl Reduce {
    /// Reads the word of a dashboard.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "mean" => Self::Mean,
            "max" => Self::Max,
            "min" => Self::Min,
            "sum" => Self::Sum,
            _ => Self::Last,
        }
    }

    /// The one value; values that are no numbers do not count.
    #[must_use]
    pub fn apply(self, points: &[(f64, f64)]) -> Option<f64> {
        let values: Vec<f64> = points.iter().map(|point| point.1).filter(|value| !value.is_nan()).collect();
        let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let last = values.last().copied()?;
        Some(match self {
            Self::Last => last,
            Self::Mean => values.iter().sum::<f64>() / f64::from(count),
            Self::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Sum => values.iter().sum(),
        })
    }
}

/// Lines that stand on each other: each gets what those before it have at the same time.
#[must_use]
pub fn bands(lines: &[Line]) -> Vec<Line> {
    let mut height: BTreeMap<u64, f64> = BTreeMap::new();
    let mut lift = |(time, value): &(f64, f64)| {
        let below = height.entry(time.to_bits()).or_insert(0.0);
        *below += if value.is_finite() { *value } else { 0.0 };
        (*time, *below)
    };
    lines.iter().map(|line| Line { points: line.points.iter().map(&mut lift).collect(), ..line.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(title: &str, kind: PanelKind) -> Panel {
        Panel { title: title.to_owned(), kind, ..Panel::default() }
    }

    /// Scenario: panels before the first row, a closed row, an empty one.
    #[test]
    fn rows_split_a_dashboard() {
        let mut row = panel("Details", PanelKind::Row);
        row.collapsed = true;
        let panels = [panel("a", PanelKind::Graph), row, panel("b", PanelKind::Stat), panel("Empty", PanelKind::Row)];
        let found = sections(&panels);
        assert_eq!(found.iter().map(|section| section.panels.clone()).collect::<Vec<_>>(), [vec![0], vec![2], vec![]]);
        assert!(found[1].is_collapsed && found[0].title.is_none());
        assert_eq!(sections(&panels[1..2]).len(), 1, "nothing stands above the first row");
    }

    /// Scenario: a panel that repeats by two values, and one that does not.
    #[test]
    fn a_panel_is_repeated_by_what_is_chosen() {
        let list =
            Chosen { values: vec!["x".to_owned(), "y".to_owned()], is_list: true, all: All::Text(".*".to_owned()) };
        let chosen = BTreeMap::from([("v".to_owned(), list)]);
        let repeated = Panel { repeat: "v".to_owned(), ..Panel::default() };
        let found = expand(&repeated, &chosen);
        assert_eq!(found.iter().map(|chosen| chosen["v"].values.join(",")).collect::<Vec<_>>(), ["x", "y"]);
        assert!(found.iter().all(|chosen| chosen["v"].all == All::No));
        assert_eq!(expand(&Panel::default(), &chosen), [chosen]);
    }

    /// Scenario: templates with labels that are there, absent, and not closed.
    #[test]
    fn lines_are_named_by_their_template() {
        let labels = Labels::from([("__name__".to_owned(), "m".to_owned()), ("a".to_owned(), "1".to_owned())]);
        for (template, expected) in
            [("", "a=1"), ("{{a}} of {{ b }}", "1 of"), ("{{b}} · {{a}}", "1"), ("p95", "p95"), ("{{a", "{{a")]
        {
            assert_eq!(legend(template, &labels), expected, "{template}");
        }
    }

    /// Scenario: values with a hole; lines on each other.
    #[test]
    fn values_become_one_and_bands_add_up() {
        let points = [(1.0, 2.0), (2.0, f64::NAN), (3.0, 4.0)];
        let found = ["last", "mean", "max", "min", "sum"].map(|word| Reduce::of(word).apply(&points));
        assert_eq!(found, [Some(4.0), Some(3.0), Some(4.0), Some(2.0), Some(6.0)]);
        assert_eq!(Reduce::Last.apply(&[(1.0, f64::NAN)]), None);
        let line = Line { name: String::new(), labels: Labels::new(), points: points.to_vec(), is_before: false };
        let stacked = bands(&[line.clone(), line]);
        assert_eq!(stacked[1].points, [(1.0, 4.0), (2.0, 0.0), (3.0, 8.0)]);
    }
}
