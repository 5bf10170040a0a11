//! Units, limits, thresholds, mappings, stacking: what says how values look.

use serde_json::Value;
use telltale_api::dashboard::{Level, Panel, PanelKind, Threshold};

use super::unit::unit;
use super::{at, string};

/// A value that every number is above: the first step of thresholds has none.
const LOWEST: f64 = -1e300;

/// Reads what later and older versions write.
pub(super) fn read(written: &Value, panel: &mut Panel) {
    let defaults = at(written, "/fieldConfig/defaults");
    let older = ["format", "formatOptions"].iter().find_map(|key| at(written, &format!("/{key}")).as_str());
    let axis = at(written, "/yaxes/0/format").as_str().or_else(|| at(written, "/yAxis/format").as_str());
    let heat = at(written, "/options/yAxis/unit").as_str();
    let id = at(defaults, "/unit").as_str().or(heat).or(axis).or(older).unwrap_or_default();
    match unit(id) {
        Ok(unit) => panel.unit = unit,
        Err(note) => panel.notes.push(note),
    }
    panel.decimals = at(defaults, "/decimals")
        .as_u64()
        .or_else(|| at(written, "/decimals").as_u64())
        .and_then(|decimals| u8::try_from(decimals.min(12)).ok());
    let axis_end = |key: &str| {
        let end = at(written, &format!("/yaxes/0/{key}"));
        end.as_f64().or_else(|| end.as_str().and_then(|text| text.parse().ok()))
    };
    let gauge_end =
        |key: &str| at(written, &format!("/gauge/{key}")).as_f64().filter(|_| at(written, "/gauge/show") == true);
    panel.min = at(defaults, "/min").as_f64().or_else(|| axis_end("min")).or_else(|| gauge_end("minValue"));
    panel.max = at(defaults, "/max").as_f64().or_else(|| axis_end("max")).or_else(|| gauge_end("maxValue"));
    if panel.kind == PanelKind::Stat && at(written, "/gauge/show") == true {
        panel.kind = PanelKind::Gauge;
    }
    let stacking = string(at(defaults, "/custom/stacking"), "mode");
    panel.stacked = matches!(stacking, "normal" | "percent") || at(written, "/stack") == true;
    if stacking == "percent" || at(written, "/percentage") == true {
        panel.notes.push("values are stacked as they are, not as per cent".to_owned());
    }
    reduce(written, panel);
    thresholds(written, panel);
    mappings(written, panel);
    overrides(written, panel);
}

fn reduce(written: &Value, panel: &mut Panel) {
    let calc = at(written, "/options/reduceOptions/calcs/0").as_str().or_else(|| at(written, "/valueName").as_str());
    let Some(calc) = calc else { return };
    let word = match calc {
        "last" | "lastNotNull" | "current" => "last",
        "mean" | "avg" => "mean",
        "max" => "max",
        "min" => "min",
        "sum" | "total" => "sum",
        other => {
            panel.notes.push(format!("the calculation {other:?} is not there: the last value is shown"));
            "last"
        }
    };
    word.clone_into(&mut panel.reduce);
}

fn thresholds(written: &Value, panel: &mut Panel) {
    let defaults = at(written, "/fieldConfig/defaults");
    let is_drawn = match panel.kind {
        PanelKind::Graph | PanelKind::Heatmap => {
            !matches!(string(at(defaults, "/custom/thresholdsStyle"), "mode"), "" | "off")
        }
        _ => true,
    };
    let mut steps: Vec<(f64, &str)> = Vec::new();
    for step in at(defaults, "/thresholds/steps").as_array().into_iter().flatten().filter(|_| is_drawn) {
        steps.push((at(step, "/value").as_f64().unwrap_or(LOWEST), string(step, "color")));
    }
    if let Some(values) = at(written, "/thresholds").as_str() {
        // Of single stats: `50,80` and three colours.
        let usual = |place: usize| ["green", "orange"].get(place).copied().unwrap_or("red");
        let colour = |place: usize| at(written, &format!("/colors/{place}")).as_str().unwrap_or_else(|| usual(place));
        let values: Vec<f64> = values.split(',').filter_map(|text| text.trim().parse().ok()).collect();
        if !values.is_empty() {
            steps.push((LOWEST, colour(0)));
            steps.extend((1..).zip(values).map(|(place, value)| (value, colour(place))));
        }
    }
    if string(at(defaults, "/thresholds"), "mode") == "percentage" && steps.len() > 1 {
        let (Some(low), Some(high)) = (panel.min, panel.max) else {
            panel.notes.push("thresholds in per cent need min and max: they are not shown".to_owned());
            return;
        };
        for (value, _) in steps.iter_mut().filter(|(value, _)| *value > LOWEST) {
            *value = low + (high - low) * *value / 100.0;
        }
    }
    let last = steps.len().saturating_sub(1);
    let level = |place: usize, colour: &str| {
        let small = colour.to_lowercase();
        let is = |words: &[&str]| words.iter().any(|word| small.contains(word));
        match () {
            () if is(&["red", "f2495c", "d44a3a", "c4162a", "bf1b00"]) => Level::Bad,
            () if is(&["yellow", "orange", "237, 129, 40", "ff9830", "fade2a"]) => Level::Warn,
            () if is(&["green", "blue", "transparent", "text", "50, 172, 45", "299c46", "73bf69"]) => Level::Good,
            () if place == 0 => Level::Good,
            () if place == last => Level::Bad,
            () => Level::Warn,
        }
    };
    panel.thresholds = steps
        .iter()
        .enumerate()
        .map(|(place, (from, colour))| Threshold { from: *from, level: level(place, colour) })
        .filter(|threshold| threshold.from > LOWEST || threshold.level != Level::Good)
        .collect();
}

fn mappings(written: &Value, panel: &mut Panel) {
    for mapping in at(written, "/fieldConfig/defaults/mappings").as_array().into_iter().flatten() {
        match at(mapping, "/type") {
            Value::String(kind) if kind == "value" => {
                for (value, result) in at(mapping, "/options").as_object().into_iter().flatten() {
                    panel.mappings.insert(value.clone(), string(result, "text").to_owned());
                }
            }
            // Of version 7: 1 is a value, 2 a range.
            Value::Number(kind) if kind.as_u64() == Some(1) => {
                let value = at(mapping, "/value");
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                panel.mappings.insert(value, string(mapping, "text").to_owned());
            }
            kind => panel.notes.push(format!("the value mapping of type {kind} is not applied")),
        }
    }
    for mapping in at(written, "/valueMaps").as_array().into_iter().flatten() {
        if at(mapping, "/value") != "null" {
            panel.mappings.insert(string(mapping, "value").to_owned(), string(mapping, "text").to_owned());
        }
    }
}

/// Overrides are per series; none of them is applied.
fn overrides(written: &Value, panel: &mut Panel) {
    for one in at(written, "/fieldConfig/overrides").as_array().into_iter().flatten() {
        let properties = at(one, "/properties").as_array().into_iter().flatten().map(|property| string(property, "id"));
        let properties = properties.collect::<Vec<_>>().join(", ");
        let matcher = at(one, "/matcher/options").as_str().unwrap_or_else(|| string(at(one, "/matcher"), "id"));
        if !properties.is_empty() {
            panel.notes.push(format!("the override of {matcher:?} ({properties}) is not applied"));
        }
    }
    for one in at(written, "/seriesOverrides").as_array().into_iter().flatten() {
        panel.notes.push(format!("the override of {:?} is not applied", string(one, "alias")));
    }
}
