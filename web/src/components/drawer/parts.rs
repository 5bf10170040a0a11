//! Pieces that span and log details share.

use telltale_api::trace::{AttributeRow, LogRow, ValueType};
use telltale_model::Severity;
use telltale_story::pack::Structure;

use super::viewers::block;
use crate::components::bits::clock_time;
use crate::components::copy_button::copy_button;
use crate::dom::{El, el, text_el};
use crate::pages::story::state::StoryState;
use crate::strings;

/// Values longer than this, or of several lines, get a block of their own.
const INLINE_CHARS: usize = 120;

/// A table of attributes, in the order sent; with a `state` each can become a column of the waterfall.
pub(super) fn attributes(state: Option<StoryState>, rows: &[AttributeRow], dropped: u32) -> El {
    if rows.is_empty() && dropped == 0 {
        return text_el("p", "muted", strings::NO_ATTRIBUTES);
    }
    let items = rows.iter().map(|row| {
        let long = row.value.len() > INLINE_CHARS || row.value.contains('\n');
        let value = if long { block(&row.value) } else { text_el("span", value_class(row.value_type), shown(row)) };
        let text = row.value.clone();
        let pin = state.map(|state| pin_button(state, &row.key));
        el("div").class("attribute").add([
            text_el("dt", "", &row.key),
            el("dd").attr("title", type_name(row.value_type)).add(value).add(pin).add(copy_button(
                move || text.clone(),
                strings::WHAT_VALUE,
                None,
            )),
        ])
    });
    let list = el("dl").class("attributes").add_all(items);
    let words = (dropped > 0).then(|| text_el("p", "warn-text", &strings::dropped_attributes(dropped)));
    el("div").add(list).add(words)
}

/// Makes an attribute a column of the waterfall, or no longer.
fn pin_button(state: StoryState, key: &str) -> El {
    let (shown, act) = (key.to_owned(), key.to_owned());
    el("button")
        .class("icon-button pin-button")
        .attr("type", "button")
        .named(&strings::pin(key))
        .dyn_attr("aria-pressed", move || Some(state.view.with_columns(&shown).to_string()))
        .on_click(move || {
            state.change(|view| {
                if view.columns.contains(&act) {
                    view.columns.retain(|known| *known != act);
                } else {
                    view.columns.push(act.clone());
                }
            });
        })
        .add(el("span").class("pin-sign").attr("aria-hidden", "true"))
}

/// Reads the pinned columns and subscribes to them.
trait WithColumns {
    fn with_columns(&self, key: &str) -> bool;
}

impl WithColumns for leptos::prelude::Memo<crate::route::View> {
    fn with_columns(&self, key: &str) -> bool {
        leptos::prelude::With::with(self, |view| view.columns.iter().any(|known| known == key))
    }
}

fn shown(row: &AttributeRow) -> &str {
    match row.value_type {
        ValueType::Empty => strings::EMPTY_VALUE,
        ValueType::String if row.value.is_empty() => strings::EMPTY_TEXT,
        _ => &row.value,
    }
}

const fn value_class(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::String => "value",
        ValueType::Empty => "value value-empty",
        _ => "value value-typed",
    }
}

const fn type_name(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::String => "string",
        ValueType::Bool => "bool",
        ValueType::Int => "int",
        ValueType::Double => "double",
        ValueType::Bytes => "bytes",
        ValueType::Array => "array",
        ValueType::Map => "map",
        ValueType::Empty => "empty",
    }
}

/// A log record on a line, which opens it.
pub(super) fn log_line(state: StoryState, record: u32, log: &LogRow) -> El {
    let (class, word) = severity(log);
    let body = if log.body.is_empty() { &log.event_name } else { &log.body };
    let button = el("button").class("log-button").attr("type", "button").on_click(move || state.open_log(record));
    let button = button.add([
        el("span").class("muted num").add(clock_time(log.time_unix_nano.0)).text(" "),
        text_el("span", class, &format!("{word} ")),
        text_el("span", "log-body", body),
    ]);
    el("li").class("drawer-log").add(button)
}

/// Returns how a record's severity looks, and its word.
pub(super) fn severity(log: &LogRow) -> (&'static str, String) {
    let band = Severity::from_number(log.severity_number);
    let class = match band {
        Some(Severity::Error | Severity::Fatal) => "severity danger-text",
        Some(Severity::Warn) => "severity warn-text",
        _ => "severity muted",
    };
    let sign = match band {
        Some(Severity::Error | Severity::Fatal) => "✖ ",
        Some(Severity::Warn) => "▲ ",
        _ => "",
    };
    let word = match (band, log.severity_text.is_empty()) {
        (_, false) => log.severity_text.clone(),
        (Some(band), true) => band.name().to_owned(),
        (None, true) => strings::NO_SEVERITY.to_owned(),
    };
    (class, format!("{sign}{word}"))
}

/// A part that is folded at first.
pub(super) fn folded(title: &str) -> El {
    el("details").class("drawer-part").add(text_el("summary", "", title))
}

/// Resource and scope, folded.
pub(super) fn origin(structure: &Structure, resource: u32, scope: u32) -> Vec<El> {
    let place = |position: u32| usize::try_from(position).unwrap_or(usize::MAX);
    let schema = |url: &str| (!url.is_empty()).then(|| text_el("p", "muted", &format!("{} {url}", strings::SCHEMA)));
    let resource = structure.resources.get(place(resource)).map(|resource| {
        folded(strings::RESOURCE)
            .add(attributes(None, &resource.attributes, resource.dropped_attributes_count))
            .add(schema(&resource.schema_url))
    });
    let scope = structure.scopes.get(place(scope)).map(|scope| {
        let name = if scope.name.is_empty() { strings::NO_SCOPE_NAME } else { &scope.name };
        let own = (!scope.attributes.is_empty() || scope.dropped_attributes_count > 0)
            .then(|| attributes(None, &scope.attributes, scope.dropped_attributes_count));
        folded(strings::SCOPE)
            .add(text_el("p", "", &format!("{name} {}", scope.version)))
            .add(own)
            .add(schema(&scope.schema_url))
    });
    resource.into_iter().chain(scope).collect()
}
