//! Where panels lie: the grid of later versions, the rows of old ones; both become one list in reading order.

use serde_json::{Value, json};

use super::{at, string};

use crate::limits::ROW_DEPTH_MAX;

/// Size of a panel in the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) width: u8,
    pub(super) height: u8,
    pub(super) is_collapsed: bool,
}

/// Pixels of a row of the grid with its gap.
const ROW_PIXELS: f64 = 38.0;

/// Returns all panels in reading order, rows before what they hold.
pub(super) fn panels(value: &Value) -> Vec<(Place, Value)> {
    let mut out = Vec::new();
    grid(at(value, "/panels"), 0, &mut out);
    for row in at(value, "/rows").as_array().into_iter().flatten() {
        old_row(row, &mut out);
    }
    out
}

fn grid(panels: &Value, depth: usize, out: &mut Vec<(Place, Value)>) {
    let mut panels: Vec<&Value> = panels.as_array().into_iter().flatten().collect();
    let number = |panel: &Value, key: &str| at(panel, &format!("/gridPos/{key}")).as_u64().unwrap_or(0);
    panels.sort_by_key(|panel| (number(panel, "y"), number(panel, "x")));
    for panel in panels {
        let size = |key: &str, otherwise: u64, most: u64| {
            u8::try_from(at(panel, &format!("/gridPos/{key}")).as_u64().unwrap_or(otherwise).clamp(1, most))
                .unwrap_or(u8::MAX)
        };
        let is_collapsed = at(panel, "/collapsed") == true;
        let place = Place { width: size("w", 12, 24), height: size("h", 8, 60), is_collapsed };
        out.push((place, panel.clone()));
        if at(panel, "/type") == "row" && depth < ROW_DEPTH_MAX {
            grid(at(panel, "/panels"), depth + 1, out);
        }
    }
}

/// A row of schemas before 16: a title, a height, and panels whose widths are twelfths.
fn old_row(row: &Value, out: &mut Vec<(Place, Value)>) {
    let is_collapsed = at(row, "/collapse") == true;
    let title = string(row, "title");
    if is_collapsed || (at(row, "/showTitle") == true && !title.is_empty()) {
        let place = Place { width: 24, height: 1, is_collapsed };
        out.push((place, json!({ "type": "row", "title": title, "repeat": at(row, "/repeat") })));
    }
    for panel in at(row, "/panels").as_array().into_iter().flatten() {
        let twelfths = at(panel, "/span").as_f64().unwrap_or(12.0);
        let height = pixels(at(panel, "/height")).or_else(|| pixels(at(row, "/height"))).unwrap_or(250.0);
        let place = Place {
            width: small((twelfths * 2.0).clamp(1.0, 24.0)),
            height: small((height / ROW_PIXELS).clamp(2.0, 60.0)),
            is_collapsed: false,
        };
        out.push((place, panel.clone()));
    }
}

fn pixels(height: &Value) -> Option<f64> {
    let written = height.as_str().and_then(|text| text.trim_end_matches("px").parse::<f64>().ok());
    height.as_f64().or(written).filter(|height| *height > 0.0)
}

/// A number that is between 0 and 60, rounded.
fn small(number: f64) -> u8 {
    (0..=60u8)
        .min_by(|left, right| (f64::from(*left) - number).abs().total_cmp(&(f64::from(*right) - number).abs()))
        .unwrap_or(1)
}
