//! Which segments are compacted next: a pure function of what there is.
//!
//! Segments of one table and one UTC day of arrival are merged with others of about the same size, eight to thirty-two at a
//! time: as few as let a row become part of a full segment with the fewest rewrites, which cost more processor time than
//! anything else that happens to it. Once a day is over and its last rows are in segments, what is left of it is merged
//! into sealed ones. Log records get their index with the first merge, so those that wait for one too long are merged as they
//! are. The day is that of arrival, not that of the rows' own times: a sender with a wrong clock, or an old trace that is sent
//! again, then costs nothing and lives as long as everything else.

use std::collections::BTreeSet;

use crate::limits::{
    COMPACTION_CALM_TIERS, COMPACTION_FAN_IN, COMPACTION_FULL_BYTES, COMPACTION_FULL_BYTES_LOGS, DAY_GRACE,
    LOG_INDEX_AFTER, SEALED_LEVEL,
};
use crate::schema::Table;
use crate::segment::awaits_log_index;

/// Nanoseconds of a day.
const DAY_NS: u64 = 24 * 3_600 * 1_000_000_000;
/// Segments up to this size, in bytes, are of the smallest tier.
const SMALLEST_TIER_BYTES: u64 = 1 << 20;
/// Segments up to this average size, in bytes, are merged as soon as there are enough: to write them once more costs nothing.
const TINY_BYTES: u64 = 64 << 10;
/// Ratio of the sizes of one tier.
const TIER_RATIO: u64 = 8;
/// How much longer than it works a compaction waits while ingest or queries are busy and nothing has piled up.
const PATIENCE_MAX: u32 = 4;

/// A segment as the policy sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) segment_id: u64,
    pub(crate) table: Table,
    pub(crate) level: u8,
    pub(crate) bytes: u64,
    pub(crate) first_lsn: u64,
    /// When the newest of its rows arrived, in nanoseconds since the epoch.
    pub(crate) created_at_ns: u64,
}

/// What to merge, and into what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) table: Table,
    /// Ids of the inputs, in order of arrival.
    pub(crate) inputs: Vec<u64>,
    /// The outputs' level.
    pub(crate) level: u8,
}

/// The numbers that the policy goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// Segments of one tier that are worth a merge.
    pub(crate) tier_segments: usize,
    /// Segments of one tier that a merge waits for at most, where that saves rewriting their rows once more.
    pub(crate) fan_in: usize,
    /// Size at which an output is cut, in bytes; half of it is as good as full.
    pub(crate) cut_bytes: u64,
}

impl Policy {
    /// Returns the next merge; `None` when everything is as it should be.
    pub(crate) fn next(&self, segments: &[Candidate], now_ns: u64) -> Option<Job> {
        let mut open: Vec<&Candidate> = segments.iter().filter(|one| one.level < SEALED_LEVEL).collect();
        open.sort_unstable_by_key(|one| (one.table, day(one), one.first_lsn, one.segment_id));
        let days = || open.chunk_by(|one, other| (one.table, day(one)) == (other.table, day(other)));
        // What arrives now first: many small segments cost every query.
        let tiered = days().find_map(|of_day| self.tiered(of_day));
        let sealed = || days().filter(|of_day| is_over(of_day, now_ns)).find_map(sealed);
        tiered.or_else(sealed).or_else(|| days().find_map(|of_day| self.unindexed(of_day, now_ns)))
    }

    /// Returns a merge of log records of a day that have waited long enough for their index; of one segment, too.
    fn unindexed(&self, of_day: &[&Candidate], now_ns: u64) -> Option<Job> {
        let after = u64::try_from(LOG_INDEX_AFTER.as_nanos()).unwrap_or(u64::MAX);
        let is_due = |one: &&&Candidate| is_unindexed(one) && now_ns > one.created_at_ns.saturating_add(after);
        let due: Vec<&Candidate> = of_day.iter().filter(is_due).take(COMPACTION_FAN_IN).copied().collect();
        self.merge_of(&due)
    }

    /// Returns a merge of these, into a sealed segment when it is full; `None`: of nothing.
    fn merge_of(&self, inputs: &[&Candidate]) -> Option<Job> {
        let bytes: u64 = inputs.iter().map(|one| one.bytes).sum();
        let level = if bytes >= self.full_bytes(inputs.first()?.table) { SEALED_LEVEL } else { 1 };
        job(inputs.iter().copied(), level)
    }

    /// Returns a merge of segments of one tier of a day.
    fn tiered(&self, of_day: &[&Candidate]) -> Option<Job> {
        let mut tiers: Vec<u32> = of_day.iter().map(|one| tier(one.bytes)).collect();
        tiers.sort_unstable();
        tiers.dedup();
        tiers.into_iter().find_map(|wanted| {
            let members = || of_day.iter().filter(|one| tier(one.bytes) == wanted);
            let count = members().count();
            if count < self.tier_segments.max(2) {
                return None;
            }
            let chosen: Vec<_> = members().take(COMPACTION_FAN_IN).copied().collect();
            let bytes: u64 = chosen.iter().map(|one| one.bytes).sum();
            let full = self.full_bytes(chosen.first()?.table);
            if count < self.fan_in(bytes / chosen.len().max(1) as u64, full) {
                return None;
            }
            self.merge_of(&chosen)
        })
    }

    /// Returns the size of a segment of a table, in bytes, that gains nothing by becoming larger.
    fn full_bytes(&self, table: Table) -> u64 {
        let half = self.cut_bytes / 2;
        match table {
            Table::Spans => half.min(COMPACTION_FULL_BYTES),
            Table::Logs => half.min(COMPACTION_FULL_BYTES_LOGS),
            _ => half,
        }
    }

    /// Returns how many segments of this average size are merged at once: the fewest with which full ones need as few rewrites as
    /// with the most.
    fn fan_in(&self, average_bytes: u64, full_bytes: u64) -> usize {
        let least = self.tier_segments.max(2);
        if average_bytes < TINY_BYTES {
            return least;
        }
        let most = self.fan_in.min(COMPACTION_FAN_IN).max(least);
        let grown = |fan: usize, rewrites| {
            u64::try_from(fan).unwrap_or(u64::MAX).saturating_pow(rewrites).saturating_mul(average_bytes)
        };
        let rewrites = (1..u64::BITS).find(|rewrites| grown(most, *rewrites) >= full_bytes).unwrap_or(u64::BITS);
        (least..most).find(|fan| grown(*fan, rewrites) >= full_bytes).unwrap_or(most)
    }
}

/// Returns how many times as long as it has worked a compaction waits for ingest and queries, when the table with the most segments
/// that are not sealed has `open` of them.
pub(crate) fn patience(open: usize, tier_segments: usize) -> u32 {
    let calm = tier_segments.max(2).saturating_mul(COMPACTION_CALM_TIERS);
    let left = calm.saturating_mul(2).saturating_sub(open).min(calm);
    let most = usize::try_from(PATIENCE_MAX).unwrap_or(usize::MAX);
    u32::try_from(left.saturating_mul(most).div_ceil(calm)).unwrap_or(PATIENCE_MAX)
}

/// Returns the segments that nothing is merged with any more: sealed ones, and those that are alone in a day that is over.
pub(crate) fn settled(segments: &[Candidate], now_ns: u64) -> BTreeSet<u64> {
    let (sealed, mut open): (Vec<&Candidate>, Vec<&Candidate>) =
        segments.iter().partition(|one| one.level >= SEALED_LEVEL);
    open.sort_unstable_by_key(|one| (one.table, day(one)));
    let days = open.chunk_by(|one, other| (one.table, day(one)) == (other.table, day(other)));
    let alone = days.filter(|of_day| of_day.len() == 1 && is_over(of_day, now_ns)).flatten();
    sealed.iter().chain(alone.filter(|one| !is_unindexed(one))).map(|one| one.segment_id).collect()
}

/// Tells whether a segment waits for an index over its log records.
fn is_unindexed(segment: &Candidate) -> bool {
    awaits_log_index(segment.table, segment.level)
}

/// Returns a merge of what is left of a day that is over.
fn sealed(of_day: &[&Candidate]) -> Option<Job> {
    // One that is alone gains nothing by being written again.
    if of_day.len() < 2 { None } else { job(of_day.iter().take(COMPACTION_FAN_IN).copied(), SEALED_LEVEL) }
}

fn job<'a>(inputs: impl Iterator<Item = &'a Candidate>, level: u8) -> Option<Job> {
    let mut inputs = inputs.peekable();
    let table = inputs.peek()?.table;
    Some(Job { table, inputs: inputs.map(|one| one.segment_id).collect(), level })
}

fn day(segment: &Candidate) -> u64 {
    segment.created_at_ns / DAY_NS
}

fn is_over(of_day: &[&Candidate], now_ns: u64) -> bool {
    let grace = u64::try_from(DAY_GRACE.as_nanos()).unwrap_or(u64::MAX);
    let end = |one: &&Candidate| (day(one) + 1).saturating_mul(DAY_NS);
    of_day.first().is_some_and(|one| now_ns > end(one).saturating_add(grace))
}

/// Returns the place of a size on a scale of powers of eight.
fn tier(bytes: u64) -> u32 {
    (bytes / SMALLEST_TIER_BYTES).checked_ilog(TIER_RATIO).map_or(0, |tier| tier + 1)
}

#[cfg(test)]
mod tests;
