//! The list of traces that wait: who gets a place, when a trace is quiet, what is counted.

use std::time::Duration;

use super::*;
use crate::receiver::Protocol;

fn sender() -> Arc<Sender> {
    Arc::new(Sender { peer: "127.0.0.1".to_owned(), user_agent: None, protocol: Protocol::Grpc, compression: "none" })
}

fn ids(numbers: impl IntoIterator<Item = u16>) -> FixedSizeBinaryArray {
    let ids = numbers.into_iter().map(|number| [[1; 14].as_slice(), &number.to_be_bytes()].concat());
    FixedSizeBinaryArray::try_from_iter(ids).unwrap()
}

/// Scenario: more traces than places. Guarantees: the first keep their places, the others are counted, and a known trace
/// is renewed also when the list is full.
#[test]
fn the_list_is_bounded_and_known_traces_are_renewed() {
    let mut waiting = HashMap::new();
    let start = Instant::now();
    let most = u16::try_from(QUIET_TRACES).unwrap();
    assert_eq!(note_ids(&mut waiting, &ids([0, 0, 0, 1, 1]), &sender(), start), 0);
    assert_eq!(waiting.len(), 2);
    assert_eq!(note_ids(&mut waiting, &ids(0..most + 7), &sender(), start), 7);
    assert_eq!(waiting.len(), QUIET_TRACES);
    let later = start + Duration::from_secs(1);
    assert_eq!(note_ids(&mut waiting, &ids([0, most + 1]), &sender(), later), 1);
    assert_eq!(waiting.values().filter(|seen| seen.last == later).count(), 1);
}

/// Scenario: traces of different ages. Guarantees: only the quiet ones are taken, the longest quiet first, a bounded
/// number at a time, each once.
#[test]
fn quiet_traces_are_taken_once_the_oldest_first() {
    let quiet = Quiet::new(Arc::new(Telemetry::new()));
    let start = Instant::now();
    let many = u16::try_from(QUIET_LOOKS).unwrap() + 2;
    for number in 0..many {
        let at = start + Duration::from_millis(u64::from(many - number));
        note_ids(&mut quiet.lock(), &ids([number]), &sender(), at);
    }
    assert!(quiet.take_quiet(start + QUIET_AFTER).is_empty(), "not quiet for long enough");
    let now = start + QUIET_AFTER + Duration::from_secs(1);
    let first = quiet.take_quiet(now);
    assert_eq!(first.len(), QUIET_LOOKS);
    assert!(first.is_sorted_by_key(|(_, seen)| seen.last));
    assert_eq!(quiet.take_quiet(now).len(), 2);
    assert_eq!(quiet.waiting_count(), 0);
}
