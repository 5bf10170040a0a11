//! The policy against every history of arrivals: it ends, it leaves few segments, it rewrites a row a few times.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const POLICY: Policy = Policy { tier_segments: 8, fan_in: COMPACTION_FAN_IN, cut_bytes: 256 << 20 };
const HOUR_NS: u64 = 3_600 * 1_000_000_000;

/// A store of which only sizes are known.
#[derive(Debug, Default)]
struct Model {
    segments: Vec<Candidate>,
    next_id: u64,
    written: u64,
    flushed: u64,
}

impl Model {
    fn flush(&mut self, table: Table, bytes: u64, now_ns: u64) {
        self.flushed += bytes;
        self.add(table, 0, bytes, self.next_id + 1, now_ns);
    }

    fn add(&mut self, table: Table, level: u8, bytes: u64, first_lsn: u64, created_at_ns: u64) {
        self.next_id += 1;
        let segment_id = self.next_id;
        self.segments.push(Candidate { segment_id, table, level, bytes, first_lsn, created_at_ns });
    }

    /// Does what the policy says until it says nothing more.
    fn settle(&mut self, now_ns: u64) {
        let mut jobs = 0;
        while let Some(job) = POLICY.next(&self.segments, now_ns) {
            jobs += 1;
            assert!(jobs <= self.next_id, "the policy does not end");
            let least = if job.table == Table::Logs { 1 } else { 2 };
            assert!((least..=COMPACTION_FAN_IN).contains(&job.inputs.len()), "{job:?}");
            let is_input = |one: &Candidate| job.inputs.contains(&one.segment_id);
            let inputs: Vec<_> = self.segments.iter().copied().filter(is_input).collect();
            assert_eq!(inputs.len(), job.inputs.len());
            assert!(inputs.iter().all(|one| one.table == job.table && one.level < SEALED_LEVEL));
            assert!(inputs.iter().all(|one| day(one) == day(&inputs[0])), "two days in {inputs:?}");
            assert!(inputs.len() > 1 || inputs.iter().all(is_unindexed), "{inputs:?}");
            self.segments.retain(|one| !is_input(one));
            let mut rest: u64 = inputs.iter().map(|one| one.bytes).sum();
            self.written += rest;
            let first_lsn = inputs.iter().map(|one| one.first_lsn).min().unwrap();
            let created = inputs.iter().map(|one| one.created_at_ns).max().unwrap();
            while rest > 0 {
                let bytes = rest.min(POLICY.cut_bytes);
                self.add(job.table, job.level, bytes, first_lsn, created);
                rest -= bytes;
            }
        }
    }
}

/// Scenario: a store that is never at rest. Guarantees: a compaction waits for others while there is nothing to catch up with, shorter
/// with every few segments more, and not at all once there are twice as many as a table at rest has.
#[test]
fn patience_ends_when_segments_pile_up() {
    assert_eq!([0, 8, 40].map(|open| patience(open, 8)), [4; 3]);
    assert_eq!([41, 50, 60, 70, 79].map(|open| patience(open, 8)), [4, 3, 2, 1, 1]);
    assert_eq!([80, 100, usize::MAX].map(|open| patience(open, 8)), [0; 3]);
    for tier_segments in [0, 1, 2, 8, 1_000] {
        assert!((1..200).all(|open| patience(open, tier_segments) <= patience(open - 1, tier_segments)));
    }
}

proptest! {
    #[test]
    fn every_history_settles_with_few_segments_and_few_rewrites(
        flushes in prop::collection::vec((0_usize..2, 1_u64..40 << 20, 0_u64..3 * HOUR_NS), 1..300),
    ) {
        let mut model = Model::default();
        let mut now = 20_000 * DAY_NS;
        for (table, bytes, pause) in flushes {
            now += pause;
            model.flush([Table::Spans, Table::Logs][table], bytes, now);
            model.settle(now);
        }
        let mut open: BTreeMap<(Table, u64, u32), usize> = BTreeMap::new();
        for one in model.segments.iter().filter(|one| one.level < SEALED_LEVEL) {
            *open.entry((one.table, day(one), tier(one.bytes))).or_default() += 1;
        }
        prop_assert!(open.values().all(|count| *count < POLICY.fan_in), "{open:?}");
        // A month later every day has at most one segment that is not sealed.
        now += 30 * DAY_NS;
        model.settle(now);
        let mut left: BTreeMap<(Table, u64), usize> = BTreeMap::new();
        for one in model.segments.iter().filter(|one| one.level < SEALED_LEVEL) {
            *left.entry((one.table, day(one))).or_default() += 1;
        }
        prop_assert!(left.values().all(|count| *count == 1), "{left:?}");
        prop_assert_eq!(settled(&model.segments, now).len(), model.segments.len(), "and nothing is merged any more");
        prop_assert!(!model.segments.iter().any(is_unindexed), "log records without an index");
        // Once for the index, twice until segments are full, and once more what is left of a day.
        prop_assert!(model.written <= 4 * model.flushed, "{} of {}", model.written, model.flushed);
        let bytes: u64 = model.segments.iter().map(|one| one.bytes).sum();
        prop_assert_eq!(bytes, model.flushed);
    }
}

/// Scenario: a day of a quiet machine, one small flush every ten minutes, looked at before and after midnight.
#[test]
fn a_quiet_day_ends_in_one_sealed_segment() {
    let mut model = Model::default();
    let start = 20_000 * DAY_NS;
    for minute in (0..24 * 60).step_by(10) {
        let now = start + minute * 60_000_000_000;
        model.flush(Table::Spans, 1_000, now);
        model.settle(now);
        assert!(model.segments.len() < POLICY.tier_segments);
    }
    model.settle(start + DAY_NS + HOUR_NS);
    assert!(model.segments.len() > 1, "the day is still open to what is on its way");
    assert!(settled(&model.segments, start + DAY_NS + HOUR_NS).is_empty());
    model.settle(start + DAY_NS + 3 * HOUR_NS);
    assert_eq!(model.segments.iter().map(|one| (one.level, one.bytes)).collect::<Vec<_>>(), [(2, 144_000)]);
}

/// Scenario: a flush of the same size each second for an hour, as a fleet's load makes them. Guarantees: their rows are rewritten once until
/// they are part of full segments, twice where a flush leaves less than a thirty-second of one.
#[test]
fn a_steady_load_is_rewritten_as_seldom_as_can_be() {
    for (table, kibibytes, most) in [
        (Table::Spans, 512, 2),
        (Table::Spans, 1_400, 1),
        (Table::Spans, 2_000, 1),
        (Table::Spans, 3_500, 1),
        (Table::Spans, 7_000, 1),
        (Table::Spans, 17_000, 1),
        (Table::Logs, 512, 2),
        (Table::Logs, 1_250, 1),
        (Table::Logs, 2_048, 1),
        (Table::Logs, 3_000, 1),
        (Table::Logs, 7_700, 1),
    ] {
        let mut model = Model::default();
        let mut now = 20_000 * DAY_NS;
        for _ in 0..3_000 {
            now += 1_000_000_000;
            model.flush(table, kibibytes << 10, now);
            model.settle(now);
        }
        assert!(model.written <= most * model.flushed, "{table:?} of {kibibytes} KiB: {}", model.written);
        assert!(model.written * 10 > most * model.flushed * 9, "{table:?} of {kibibytes} KiB are not merged");
    }
}

#[test]
fn sizes_have_their_tiers() {
    assert_eq!([0, 1 << 20, (8 << 20) - 1, 8 << 20, 64 << 20].map(tier), [0, 1, 1, 2, 3]);
}
