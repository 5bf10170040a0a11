//! Pieces that span and log details share.

use leptos::prelude::*;
use telltale_api::trace::{AttributeRow, LogRow, ResourceView, ScopeView, ValueType};
use telltale_model::Severity;

use crate::components::bits::ClockTime;
use crate::components::copy_button::CopyButton;
use crate::pages::story::state::StoryState;
use crate::strings;

/// Values longer than this, or of several lines, get a block of their own.
const INLINE_CHARS: usize = 120;

/// A table of attributes, in the order sent.
pub(crate) fn attributes(rows: &[AttributeRow], dropped: u32) -> AnyView {
    if rows.is_empty() && dropped == 0 {
        return view! { <p class="muted">{strings::NO_ATTRIBUTES}</p> }.into_any();
    }
    let items = rows.iter().map(|row| {
        let long = row.value.len() > INLINE_CHARS || row.value.contains('\n');
        let value = if long {
            view! { <pre tabindex="0"><code>{row.value.clone()}</code></pre> }.into_any()
        } else {
            view! { <span class=value_class(row.value_type)>{shown(row)}</span> }.into_any()
        };
        view! {
            <div class="attribute">
                <dt>{row.key.clone()}</dt>
                <dd title=type_name(row.value_type)>{value}<CopyButton text=row.value.clone() what=strings::WHAT_VALUE/></dd>
            </div>
        }
    });
    let dropped = (dropped > 0).then(|| view! { <p class="warn-text">{strings::dropped_attributes(dropped)}</p> });
    view! { <dl class="attributes">{items.collect_view()}</dl>{dropped} }.into_any()
}

fn shown(row: &AttributeRow) -> String {
    match row.value_type {
        ValueType::Empty => strings::EMPTY_VALUE.to_owned(),
        ValueType::String if row.value.is_empty() => strings::EMPTY_TEXT.to_owned(),
        _ => row.value.clone(),
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
pub(crate) fn log_line(state: StoryState, index: usize, log: &LogRow) -> impl IntoView + use<> {
    let (class, word) = severity(log);
    let body = if log.body.is_empty() { log.event_name.clone() } else { log.body.clone() };
    view! {
        <li class="drawer-log">
            <button type="button" class="log-button" on:click=move |_| state.open_log(index)>
                <span class="muted num"><ClockTime nanos=log.time_unix_nano.0/></span>
                " "
                <span class=class>{word}</span>
                " "
                <span class="log-body">{body}</span>
            </button>
        </li>
    }
}

/// Returns how a record's severity looks, and its word.
pub(crate) fn severity(log: &LogRow) -> (&'static str, String) {
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

/// Resource and scope, folded.
pub(crate) fn origin(resource: Option<&ResourceView>, scope: Option<&ScopeView>) -> impl IntoView + use<> {
    let resource = resource.map(|resource| {
        let schema = (!resource.schema_url.is_empty())
            .then(|| view! { <p class="muted">{strings::SCHEMA} " " {resource.schema_url.clone()}</p> });
        view! {
            <details class="drawer-part">
                <summary>{strings::RESOURCE}</summary>
                {attributes(&resource.attributes, resource.dropped_attributes_count)}
                {schema}
            </details>
        }
    });
    let scope = scope.map(|scope| {
        let name = if scope.name.is_empty() { strings::NO_SCOPE_NAME.to_owned() } else { scope.name.clone() };
        view! {
            <details class="drawer-part">
                <summary>{strings::SCOPE}</summary>
                <p>{name} " " {scope.version.clone()}</p>
                {(!scope.attributes.is_empty()).then(|| attributes(&scope.attributes, scope.dropped_attributes_count))}
                {(!scope.schema_url.is_empty()).then(|| view! { <p class="muted">{strings::SCHEMA} " " {scope.schema_url.clone()}</p> })}
            </details>
        }
    });
    view! { {resource} {scope} }
}
