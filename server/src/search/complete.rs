//! What can stand at the cursor: keys of columns and attributes, and their values, with counts from what is stored.

use telltale_api::search::{Completion, Offer};
use telltale_api::sql::ScanReport;
use telltale_query::{Query, QueryError};
use telltale_search::Target;
use telltale_search::complete::{Context, context, quoted};
use telltale_search::field::{Field, IntColumn, KINDS, LEVELS, LOG_KEYS, SPAN_KEYS, STATUSES, TextColumn};
use telltale_search::tree::{Key, Place};

use super::sample::{attributes, written_key};
use super::{Asked, Kind, Order, StoreEngine, problem, summary};
use crate::limits::{OFFERS, SAMPLE_ROWS};

/// Offers for the cursor at byte `at` of a query.
pub(crate) async fn read(store: &Query, kind: Kind, text: &str, at: usize) -> Result<Completion, QueryError> {
    let problems = telltale_search::parse(text).check(kind.target(), &StoreEngine).iter().map(problem).collect();
    let all = Asked { kind, query: telltale_search::Query::all(), order: Order::Newest, from: None, to: None };
    let mut completion = match context(text, at) {
        Context::Nothing => Completion { from: at, to: at, what: "nothing".to_owned(), ..Completion::default() },
        Context::Key { prefix, range } => {
            let sample = attributes(store, &all, SAMPLE_ROWS).await?;
            let fixed: &[(&str, &str)] = match kind.target() {
                Target::Spans => &SPAN_KEYS,
                Target::Logs => &LOG_KEYS,
            };
            let columns = fixed.iter().map(|(key, about)| Offer {
                text: format!("{key}:"),
                about: (*about).to_owned(),
                count: None,
            });
            let found = sample.keys.iter().map(|counts| Offer {
                text: format!("{}:", written_key(counts, &sample.keys, kind.target())),
                about: String::new(),
                count: Some(counts.rows.iter().sum()),
            });
            let offers = ranked(columns.chain(found), prefix.trim_start_matches('@'));
            Completion {
                from: range.start,
                to: range.end,
                what: "key".to_owned(),
                offers,
                of_rows: sample.rows.iter().sum(),
                ..Completion::default()
            }
        }
        Context::Value { key, prefix, range } => {
            let (offers, of_rows) = values(store, &all, &key, &prefix).await?;
            Completion {
                from: range.start,
                to: range.end,
                what: "value".to_owned(),
                offers,
                of_rows,
                ..Completion::default()
            }
        }
    };
    completion.problems = problems;
    Ok(completion)
}

/// Keeps what holds the prefix: first what begins with it, then by count; what has no count is ours and comes first.
fn ranked(offers: impl Iterator<Item = Offer>, prefix: &str) -> Vec<Offer> {
    let prefix = prefix.to_lowercase();
    let mut kept: Vec<(bool, Offer)> = offers
        .filter_map(|offer| {
            let text = offer.text.trim_matches('"').to_lowercase();
            let begins = text.trim_start_matches('@').starts_with(&prefix);
            (begins || text.contains(&prefix)).then_some((begins, offer))
        })
        .collect();
    kept.sort_by_key(|(begins, offer)| {
        (std::cmp::Reverse(*begins), offer.count.is_some(), std::cmp::Reverse(offer.count.unwrap_or(0)))
    });
    kept.dedup_by(|one, other| one.1.text == other.1.text);
    kept.into_iter().map(|(_, offer)| offer).take(OFFERS).collect()
}

/// Returns values of a key, and how many rows were looked at.
async fn values(store: &Query, all: &Asked, key: &str, prefix: &str) -> Result<(Vec<Offer>, u64), QueryError> {
    let plain = |names: &mut dyn Iterator<Item = &str>| {
        let offers = names.map(|name| Offer { text: name.to_owned(), ..Offer::default() });
        ranked(offers, prefix)
    };
    let (name, place) = match key.split_at_checked(1) {
        Some(("@", name)) => (name, Place::Attribute),
        _ => (key, Place::Any),
    };
    match key {
        "is" => return Ok((plain(&mut ["root", "error"].into_iter()), 0)),
        "has" | "exists" => {
            let sample = attributes(store, all, SAMPLE_ROWS).await?;
            let ours = ["exception", "trace", "parent", "links", "events"]
                .map(|name| Offer { text: name.to_owned(), ..Offer::default() });
            let found = sample.keys.iter().map(|counts| Offer {
                text: counts.key.clone(),
                about: String::new(),
                count: Some(counts.rows.iter().sum()),
            });
            return Ok((ranked(ours.into_iter().chain(found), prefix), sample.rows.iter().sum()));
        }
        _ => {}
    }
    let place = if place == Place::Any && key.starts_with("resource.") { Place::Resource } else { place };
    let name = if place == Place::Resource { name.trim_start_matches("resource.") } else { name };
    match (Key { name: name.to_owned(), place, range: 0..0 }).field(all.target()) {
        Field::Level => named(store, all, ("level", prefix), &mut LEVELS.iter().map(|(name, ..)| *name)).await,
        Field::Int(IntColumn::Status) => {
            named(store, all, ("status", prefix), &mut STATUSES.iter().map(|(name, _)| *name)).await
        }
        Field::Int(IntColumn::Kind) => {
            named(store, all, ("kind", prefix), &mut KINDS.iter().map(|(name, _)| *name)).await
        }
        Field::Text(TextColumn::Body | TextColumn::StatusMessage)
        | Field::Id(_)
        | Field::Int(_)
        | Field::Presence(_) => Ok((Vec::new(), 0)),
        Field::Text(column) => {
            let facet = summary::facet(store, all, key, column.name(), &mut ScanReport::default()).await?;
            let offers = facet.values.iter().map(|value| offer(&value.value, value.count));
            Ok((ranked(offers, prefix), facet.of_rows))
        }
        Field::Attribute(_, name) => {
            let sample = attributes(store, all, SAMPLE_ROWS).await?;
            let found = sample.keys.iter().filter(|counts| counts.key == name).flat_map(|counts| &counts.values);
            let offers = found.map(|value| offer(&value.value, value.rows.iter().sum()));
            Ok((ranked(offers, prefix), sample.rows.iter().sum()))
        }
    }
}

/// Returns the values of a key that has names of its own, in their order, with how often each is stored.
async fn named(
    store: &Query,
    all: &Asked,
    (key, prefix): (&str, &str),
    names: &mut (dyn Iterator<Item = &'static str> + Send),
) -> Result<(Vec<Offer>, u64), QueryError> {
    let facet = summary::named_facet(store, all, key, &mut ScanReport::default()).await?;
    let count = |name: &str| facet.values.iter().find(|value| value.value == name).map_or(0, |value| value.count);
    let prefix = prefix.to_lowercase();
    let offers = names.filter(|name| name.contains(&prefix)).map(|name| offer(name, count(name)));
    Ok((offers.collect(), facet.of_rows))
}

fn offer(value: &str, count: u64) -> Offer {
    Offer { text: quoted(value), about: String::new(), count: Some(count) }
}
