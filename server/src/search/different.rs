//! What selected rows have that the others have not: values by the difference of their shares.

use telltale_api::search::{Difference, Differences};
use telltale_query::{KeyCounts, KeyOrigin, Query, QueryError};
use telltale_search::Target;
use telltale_search::complete::quoted;

use super::sample::{Sample, tally, written_key};
use super::{Asked, summary};
use crate::limits::{DIFFERENCES, DIFFERENT_ROWS};

/// Compares the rows that pass the query and the time of `selection` with the rest of what is asked for.
pub(crate) async fn read(store: &Query, asked: &Asked, selection: &Asked) -> Result<Differences, QueryError> {
    let target = asked.target();
    let columns = match target {
        Target::Spans => "service_name, name, coalesce(status_code, 0) AS status, kind",
        Target::Logs => "service_name, event_name AS event",
    };
    let level = match target {
        Target::Spans => String::new(),
        Target::Logs => format!(", {} AS level", summary::LEVEL_SQL),
    };
    let sql = format!(
        "SELECT ({}) AS selected, {columns}{level}, attributes, resource FROM {} WHERE {}",
        selection.condition(),
        target.table(),
        asked.condition()
    );
    let sample = tally(store, &sql, DIFFERENT_ROWS).await?;
    Ok(differences(&sample, target))
}

fn differences(sample: &Sample, target: Target) -> Differences {
    let [rest, selected] = sample.rows;
    let mut differences = Vec::new();
    if selected > 0 && rest > 0 {
        for counts in sample.keys.iter().filter(|counts| !is_shown_elsewhere(counts)) {
            let key = written_key(counts, &sample.keys, target);
            for value in &counts.values {
                let [in_rest, in_selected] = value.rows;
                let (selected_share, rest_share) = (share(in_selected, selected), share(in_rest, rest));
                if selected_share > rest_share {
                    let (value, condition) = shown(&key, &value.value, target);
                    differences.push(Difference {
                        key: key.clone(),
                        value,
                        selected: in_selected,
                        rest: in_rest,
                        selected_share,
                        rest_share,
                        condition,
                    });
                }
            }
        }
    }
    // By how far the shares are apart; of equals, the one that the rest has less of.
    differences.sort_by(|one, other| {
        let apart = |one: &Difference| one.selected_share - one.rest_share;
        apart(other)
            .total_cmp(&apart(one))
            .then_with(|| one.key.cmp(&other.key))
            .then_with(|| one.value.cmp(&other.value))
    });
    differences.truncate(DIFFERENCES);
    Differences { selected, rest, is_complete: sample.is_complete, differences }
}

/// The resource's service is a column too.
fn is_shown_elsewhere(counts: &KeyCounts) -> bool {
    counts.origin == KeyOrigin::Resource && counts.key == "service.name"
}

/// Returns a value with its name, and the condition for it.
fn shown(key: &str, value: &str, target: Target) -> (String, String) {
    let named =
        |names: &[&str]| value.parse().ok().and_then(|number: usize| names.get(number).map(|name| (*name).to_owned()));
    let name = match (key, target) {
        ("status", Target::Spans) => named(&summary::STATUSES),
        ("kind", Target::Spans) => named(&summary::KINDS),
        ("level", Target::Logs) => named(&summary::LEVELS),
        _ => None,
    };
    match name {
        Some(name) if key == "level" && name == "unset" => (name, "-has:level".to_owned()),
        Some(name) => {
            let condition = format!("{key}:{name}");
            (name, condition)
        }
        None => (value.to_owned(), format!("{key}={}", quoted(value))),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share is read with three digits")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
