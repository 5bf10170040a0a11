//! Rows that are looked at one by one: counts of attribute keys and values over the first rows of an answer.

use telltale_api::search::{Facet, FacetValue};
use telltale_query::{KeyCounts, KeyOrigin, Query, QueryError, QueryLimits, Tally};
use telltale_search::Target;
use telltale_search::complete::{quoted, quoted_key};
use telltale_search::field::{Field, TextColumn};
use telltale_search::tree::{Key, Place};

use super::Asked;
use crate::limits::{FACET_KEYS, FACET_VALUES};

/// Rows that were counted.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) rows: [u64; 2],
    pub(crate) keys: Vec<KeyCounts>,
    /// Whether these are all rows of the answer.
    pub(crate) is_complete: bool,
}

/// Counts what the rows of a statement hold, at most `limit` of them.
pub(crate) async fn tally(store: &Query, sql: &str, limit: u64) -> Result<Sample, QueryError> {
    let mut stream = store.stream(sql, QueryLimits::default().time).await?;
    let mut tally = Tally::new();
    let mut is_complete = true;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let left = limit.saturating_sub(tally.rows().iter().sum());
        let taken = batch.num_rows().min(usize::try_from(left).unwrap_or(usize::MAX));
        tally.add(&batch.slice(0, taken))?;
        if taken < batch.num_rows() {
            is_complete = false;
            break;
        }
    }
    Ok(Sample { rows: tally.rows(), keys: tally.finish(), is_complete })
}

/// Counts the attributes of rows that match.
pub(crate) async fn attributes(store: &Query, asked: &Asked, limit: u64) -> Result<Sample, QueryError> {
    let sql = format!("SELECT attributes, resource FROM {} WHERE {}", asked.target().table(), asked.condition());
    tally(store, &sql, limit).await
}

/// Returns the most frequent keys as facets.
pub(crate) fn facets(sample: &Sample, target: Target) -> Vec<Facet> {
    let of_rows = sample.rows.iter().sum();
    let keys = sample.keys.iter().filter(|counts| counts.values.len() > 1 || !counts.values.is_empty());
    // The service has a facet of its own.
    let keys = keys.filter(|counts| counts.key != "service.name").take(FACET_KEYS);
    keys.map(|counts| {
        let key = written_key(counts, &sample.keys, target);
        let values = counts.values.iter().take(FACET_VALUES).map(|value| FacetValue {
            value: value.value.clone(),
            count: value.rows.iter().sum(),
            condition: format!("{key}={}", quoted(&value.value)),
        });
        let values: Vec<FacetValue> = values.collect();
        let rows: u64 = counts.rows.iter().sum();
        let listed: u64 = values.iter().map(|value| value.count).sum();
        Facet { other: rows.saturating_sub(listed), key, rows, values, is_exact: sample.is_complete, of_rows }
    })
    .collect()
}

/// Writes a key so that the language finds these values: with its place where another thing has the same name.
pub(crate) fn written_key(counts: &KeyCounts, all: &[KeyCounts], target: Target) -> String {
    let key = Key { name: counts.key.clone(), place: Place::Any, range: 0..0 };
    let field = key.field(target);
    match counts.origin {
        KeyOrigin::Column => match counts.key.as_str() {
            "service_name" => "service".to_owned(),
            name => name.to_owned(),
        },
        KeyOrigin::Record if matches!(field, Field::Attribute(..)) && !has_place(&counts.key) => {
            quoted_key(&counts.key)
        }
        KeyOrigin::Record => quoted_key(&format!("@{}", counts.key)),
        KeyOrigin::Resource => {
            let is_shared = all.iter().any(|one| one.key == counts.key && one.origin == KeyOrigin::Record);
            match field {
                Field::Attribute(..) if !is_shared && !has_place(&counts.key) => quoted_key(&counts.key),
                Field::Text(TextColumn::Service) => "service".to_owned(),
                _ => quoted_key(&format!("resource.{}", counts.key)),
            }
        }
    }
}

/// Whether the language would take the beginning of a key for its place, or the whole of it for a word of its own.
fn has_place(key: &str) -> bool {
    key.starts_with('@')
        || ["resource.", "scope."].iter().any(|place| key.starts_with(place))
        || ["has", "exists", "is"].contains(&key.to_ascii_lowercase().as_str())
}
