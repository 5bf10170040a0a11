//! Values in the form that they are read in: SQL, JSON, stack traces, HTTP, messages.

use js_sys::JSON;
use telltale_api::trace::SpanRow;

use crate::components::copy_button::copy_button;
use crate::components::errors_tab::value_of;
use crate::components::raw_tab::pretty;
use crate::dom::{El, el, text_el};
use crate::{pretty as layout, strings};

/// Characters of a value that are laid out anew; longer ones are shown as they are.
const LAID_OUT_CHARS: usize = 100_000;

/// A block of text, JSON laid out.
pub(super) fn block(text: &str) -> El {
    el("pre").attr("tabindex", "0").add(text_el("code", "", json(text).as_deref().unwrap_or(text)))
}

/// Returns a text that is a JSON object or list, laid out.
fn json(text: &str) -> Option<String> {
    let trimmed = text.trim();
    let looks =
        (trimmed.starts_with('{') && trimmed.ends_with('}')) || (trimmed.starts_with('[') && trimmed.ends_with(']'));
    if !looks || trimmed.len() > LAID_OUT_CHARS {
        return None;
    }
    JSON::parse(trimmed).ok().map(|value| String::from(pretty(&value)))
}

/// A text on its own with a way to copy it.
pub(super) fn long_text(text: &str, label: &str) -> El {
    let to_copy = text.to_owned();
    el("div").class("drawer-body-text").add([
        block(text).class("log-text").label(label),
        copy_button(move || to_copy.clone(), strings::WHAT_VALUE, None),
    ])
}

/// A titled block with a way to copy it.
pub(super) fn figure(title: &str, text: &str, shown: El) -> El {
    let to_copy = text.to_owned();
    let caption = text_el("figcaption", "", title).add(copy_button(move || to_copy.clone(), strings::WHAT_VALUE, None));
    el("figure").class("fact-block").add([caption, shown])
}

/// A statement, a clause a line, its keywords set off.
pub(super) fn statement(text: &str) -> El {
    let laid_out = if text.len() > LAID_OUT_CHARS { text.to_owned() } else { layout::sql(text) };
    let code = el("code").add(text_el("span", "", &laid_out));
    figure(strings::STATEMENT, text, el("pre").attr("tabindex", "0").add(code))
}

/// A stack trace: the application's own lines stand out, libraries' are dimmed.
pub(super) fn stack(text: &str) -> El {
    let lines = layout::frames(text).into_iter().map(|frame| {
        text_el("span", if frame.is_library { "frame-library" } else { "frame" }, &format!("{}\n", frame.text))
    });
    el("pre").class("stack-text").attr("tabindex", "0").add(el("code").add_all(lines))
}

/// What a card shows: title and the attributes that it looks for, by label.
type Card = (&'static str, &'static [(&'static str, &'static [&'static str])]);

/// Cards by what a span is about; a card shows when its first line has a value.
const CARDS: [Card; 3] = [
    (
        strings::CARD_HTTP,
        &[
            (strings::HTTP_METHOD, &["http.request.method", "http.method"]),
            (strings::HTTP_STATUS, &["http.response.status_code", "http.status_code"]),
            (strings::HTTP_ROUTE, &["http.route", "url.template"]),
            (strings::HTTP_URL, &["url.full", "http.url", "url.path", "http.target"]),
            (strings::HTTP_QUERY, &["url.query"]),
            (strings::PEER, &["server.address", "net.peer.name", "http.host"]),
            (strings::CLIENT, &["client.address", "http.client_ip", "network.peer.address"]),
            (strings::USER_AGENT, &["user_agent.original", "http.user_agent"]),
            (strings::RETRIES, &["http.request.resend_count"]),
            (strings::SIZES, &["http.response.body.size", "http.response_content_length"]),
        ],
    ),
    (
        strings::CARD_MESSAGING,
        &[
            (strings::MESSAGING_SYSTEM, &["messaging.system"]),
            (
                strings::MESSAGING_OPERATION,
                &["messaging.operation.type", "messaging.operation.name", "messaging.operation"],
            ),
            (strings::MESSAGING_DESTINATION, &["messaging.destination.name", "messaging.destination"]),
            (strings::MESSAGING_GROUP, &["messaging.consumer.group.name", "messaging.kafka.consumer.group"]),
            (strings::MESSAGING_MESSAGE, &["messaging.message.id", "messaging.message_id"]),
            (strings::MESSAGING_KEY, &["messaging.kafka.message.key", "messaging.message.conversation_id"]),
            (strings::MESSAGING_BATCH, &["messaging.batch.message_count"]),
            (strings::PEER, &["server.address", "net.peer.name"]),
        ],
    ),
    (
        strings::CARD_DATABASE,
        &[
            (strings::DB_SYSTEM, &["db.system.name", "db.system"]),
            (strings::DB_NAMESPACE, &["db.namespace", "db.name"]),
            (strings::DB_OPERATION, &["db.operation.name", "db.operation"]),
            (strings::DB_COLLECTION, &["db.collection.name", "db.sql.table"]),
            (strings::DB_ROWS, &["db.response.returned_rows"]),
            (strings::DB_STATUS, &["db.response.status_code"]),
            (strings::DB_BATCH, &["db.operation.batch.size"]),
            (strings::PEER, &["server.address", "net.peer.name"]),
        ],
    ),
];

/// The cards that fit a span.
pub(super) fn cards(span: &SpanRow) -> Vec<El> {
    let first = |keys: &[&str]| keys.iter().find_map(|key| value_of(&span.attributes, key));
    let card = |(title, lines): &Card| {
        lines.first().and_then(|(_, keys)| first(keys))?;
        let rows = lines.iter().filter_map(|(label, keys)| Some((label, first(keys)?)));
        let rows = rows.map(|(label, value)| el("div").add([text_el("dt", "", label), text_el("dd", "", &value)]));
        let list = el("dl").add_all(rows);
        Some(el("section").class("card").label(title).add([text_el("h3", "", title), list]))
    };
    CARDS.iter().filter_map(card).collect()
}

/// The parameters of a statement, in order of their keys.
pub(super) fn parameters(span: &SpanRow) -> Option<El> {
    let rows = span.attributes.iter().filter_map(|a| {
        let name = a.key.strip_prefix("db.query.parameter.").or_else(|| a.key.strip_prefix("db.operation.parameter."));
        Some((name?, &a.value))
    });
    let rows: Vec<El> =
        rows.map(|(name, value)| el("div").add([text_el("dt", "", name), text_el("dd", "", value)])).collect();
    (!rows.is_empty()).then(|| {
        el("section")
            .class("card")
            .label(strings::DB_PARAMETERS)
            .add([text_el("h3", "", strings::DB_PARAMETERS), el("dl").add(rows)])
    })
}
