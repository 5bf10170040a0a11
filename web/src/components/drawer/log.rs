//! A log record's details.

use telltale_story::pack::Details;

use super::parts::{attributes, origin, severity};
use super::viewers::long_text;
use crate::components::bits::{date_time, service_chip};
use crate::components::verdict::span_link;
use crate::dom::{El, el, text_el};
use crate::pages::story::data::Trace;
use crate::pages::story::state::StoryState;
use crate::strings;

/// The details.
pub(super) fn log_details(state: StoryState, trace: &Trace, details: &Details, record: u32) -> Vec<El> {
    let structure = &trace.structure;
    let Some(log) = details.log(structure, record) else {
        return vec![text_el("h2", "", strings::LOG_TITLE), text_el("p", "", strings::NO_SUCH_LOG)];
    };
    let (class, word) = severity(&log);
    let mut parts = vec![el("header").class("drawer-head").add([
        text_el("h2", "", strings::LOG_TITLE),
        el("p").class("drawer-sub").add([
            service_chip(&trace.palette.look(log.service_name.as_deref())),
            text_el("span", class, &word),
            date_time(log.time_unix_nano.0),
        ]),
    ])];
    if !log.event_name.is_empty() {
        parts.push(el("p").add(text_el("strong", "", &log.event_name)));
    }
    parts.push(long_text(&log.body, strings::LOG_BODY));
    if let Some(span_id) = &log.span_id {
        let row = structure.row_of_hex(span_id);
        let name = row.map_or(span_id.as_str(), |row| structure.name(row));
        parts.push(text_el("p", "", &format!("{} ", strings::WRITTEN_IN)).add(span_link(state, span_id, "", name)));
    }
    parts.push(text_el("h3", "", strings::ATTRIBUTES));
    parts.push(attributes(Some(state), &log.attributes, log.dropped_attributes_count));
    parts.extend(origin(structure, log.resource, log.scope));
    parts
}
