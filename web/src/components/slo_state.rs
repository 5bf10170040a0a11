//! How an objective stands in a line: its state, what is left of its budget, how fast that goes, and the way to the objective.

use telltale_api::dashboard::{SloState, SloStatus};

use crate::components::bits::go_link;
use crate::dom::{El, el, text_el};
use crate::route::encode;
use crate::strings;

/// The time whose burn rate is told where there is room for one: the one that asks for somebody first.
const TOLD: &str = "1h";

/// The state in a word.
pub(crate) fn badge(status: SloStatus) -> El {
    let (class, words) = match status {
        SloStatus::Good => ("badge badge-ok", strings::SLO_GOOD),
        SloStatus::Burning => ("badge badge-warn", strings::SLO_BURNING),
        SloStatus::Spent => ("badge badge-error", strings::SLO_SPENT),
        SloStatus::NoData => ("badge", strings::SLO_NO_DATA),
        SloStatus::Failed => ("badge badge-error", strings::SLO_FAILED),
    };
    text_el("span", class, words)
}

/// A part of one in per cent.
pub(crate) fn percent(part: f64) -> String {
    let text = format!("{:.3}", part * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A burn rate.
pub(crate) fn burn(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}×"))
}

/// The objectives in lines, each leading to its own.
pub(crate) fn slo_lines<'a>(slos: impl Iterator<Item = &'a SloState>) -> El {
    el("ul").class("slo-lines").add_all(slos.map(line))
}

fn line(slo: &SloState) -> El {
    let told = slo.burns.iter().find(|burn| burn.window == TOLD).or_else(|| slo.burns.first());
    let numbers = slo.budget_left.map(|left| {
        let burning = told.map(|told| strings::slo_burning(&burn(told.rate), &told.window));
        strings::slo_line(&format!("{:.1} %", left * 100.0), &burning.unwrap_or_default())
    });
    el("li").add([
        badge(slo.status),
        go_link(&format!("/slos?slo={}", encode(&slo.name)), &slo.title),
        text_el("span", "muted", &numbers.unwrap_or_default()),
    ])
}
