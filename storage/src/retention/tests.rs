//! The plan against every store: nothing pinned, nothing young and nothing on the word of an odd clock goes.

use proptest::prelude::*;

use super::*;

const HOUR_NS: u64 = 3_600 * 1_000_000_000;
const NOW_NS: u64 = 20_000 * 24 * HOUR_NS;

fn hours(hours: u64) -> Option<Duration> {
    Some(Duration::from_secs(hours * 3_600))
}

fn item(segment_id: u64, table: Table, hours_ago: u64, bytes: u64) -> Item {
    Item { segment_id, table, bytes, arrived_ns: NOW_NS - hours_ago * HOUR_NS, is_pinned: false }
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let one = (0_usize..6, 0_u64..400, 1_u64..1_000, prop::bool::weighted(0.1));
    prop::collection::vec(one, 0..60).prop_map(|all| {
        let item = |(id, (table, hours_ago, bytes, is_pinned))| Item {
            is_pinned,
            ..item(id, Table::ALL[table], hours_ago, bytes)
        };
        (1..).zip(all).map(item).collect()
    })
}

proptest! {
    #[test]
    fn what_goes_is_old_or_too_much_and_what_stays_is_not(
        items in items(),
        ages in prop::array::uniform3(prop::option::of(1_u64..400)),
        bytes_max in prop::option::of(0_u64..20_000),
        is_steady in any::<bool>(),
    ) {
        let [traces, logs, metrics] = ages.map(|age| age.and_then(hours));
        let retention = Retention { traces, logs, metrics, bytes_max };
        let gone = plan(&items, &retention, Now { wall_ns: NOW_NS, is_steady });
        let reason = |item: &Item| gone.iter().find(|(id, _)| *id == item.segment_id).map(|(_, reason)| *reason);
        let is_old = |item: &Item| retention.age(item.table)
            .is_some_and(|age| u128::from(NOW_NS - item.arrived_ns) > age.as_nanos());
        prop_assert!(items.iter().all(|item| !item.is_pinned || reason(item).is_none()));
        prop_assert!(items.iter().all(|item| reason(item) != Some(Reason::Age) || is_old(item)));
        if is_steady {
            prop_assert!(items.iter().all(|item| item.is_pinned || !is_old(item) || reason(item).is_some()));
        }
        let left: Vec<_> = items.iter().filter(|item| reason(item).is_none()).collect();
        let left_bytes: u64 = left.iter().map(|item| item.bytes).sum();
        if let Some(most) = bytes_max {
            prop_assert!(left_bytes <= most || left.iter().all(|item| item.is_pinned), "{left_bytes} of {most}");
        }
        // Oldest first: whatever went for its bytes is older than everything that stays and could have gone.
        let for_bytes = items.iter().filter(|item| reason(item) == Some(Reason::Bytes));
        if let Some(youngest) = for_bytes.map(|item| item.arrived_ns).max() {
            prop_assert!(left.iter().all(|item| item.is_pinned || item.arrived_ns >= youngest));
        }
    }

    /// Scenario: everything is recent, then the clock jumps by up to ten years. Nothing goes on its word.
    #[test]
    fn a_jump_of_the_clock_deletes_nothing(items in items(), hours_ahead in 25_u64..24 * 3_650) {
        let retention = Retention { traces: hours(500), logs: hours(500), metrics: hours(500), bytes_max: None };
        let now = |ahead: u64| Now { wall_ns: NOW_NS + ahead * HOUR_NS, is_steady: false };
        prop_assert_eq!(plan(&items, &retention, now(0)), Vec::new());
        prop_assert_eq!(plan(&items, &retention, now(hours_ahead)), Vec::new());
    }
}

#[test]
fn a_tenth_that_is_old_goes_at_once_and_most_of_it_only_by_a_steady_clock() {
    let retention = Retention { traces: hours(24), ..Retention::default() };
    let mut items: Vec<_> = (1..=10).map(|id| item(id, Table::Spans, 10 - id, 100)).collect();
    items[0].arrived_ns = NOW_NS - 25 * HOUR_NS;
    let now = |is_steady| Now { wall_ns: NOW_NS, is_steady };
    assert_eq!(plan(&items, &retention, now(false)), [(1, Reason::Age)]);
    for item in &mut items[..8] {
        item.arrived_ns = NOW_NS - 25 * HOUR_NS;
    }
    assert_eq!(plan(&items, &retention, now(false)), Vec::new());
    assert_eq!(plan(&items, &retention, now(true)).len(), 8);
}

#[test]
fn a_clock_is_steady_an_hour_after_its_last_jump() {
    let wall = |hours: u64| UnixNanos(NOW_NS + hours * HOUR_NS);
    let monotonic = |hours: u64| Duration::from_secs(hours * 3_600);
    let mut steadiness = Steadiness::begin(wall(0), monotonic(0));
    assert!(!steadiness.look(wall(0), monotonic(0)));
    assert!(steadiness.look(wall(1), monotonic(1)));
    assert!(!steadiness.look(wall(2 + 400 * 24), monotonic(2)));
    assert!(!steadiness.look(wall(2 + 400 * 24), monotonic(2)));
    assert!(steadiness.look(wall(3 + 400 * 24), monotonic(3)));
    assert!(!steadiness.look(wall(4), monotonic(4)), "and back");
}
