//! Rows over time, in stretches that become longer as the range grows.

use std::collections::{BTreeMap, HashMap};

use crate::limits::COUNT_BUCKETS;

const SECOND: i64 = 1_000_000_000;
/// Lengths of a stretch. Each divides every round length of time that is longer: whoever shows longer ones adds up these.
const STEPS: [i64; 15] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    3_600 * SECOND,
    LONGEST,
];
/// A day: 292 years, which is all that a time of 64 bits can say, have 106,752 of them.
const LONGEST: i64 = 86_400 * SECOND;

/// Stretches that were met last, by the low bits of their number.
const REMEMBERED: usize = 1_024;

/// Rows over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverTime {
    /// Length of a stretch in nanoseconds: a power of ten up to a second, then 1, 5 or 15 minutes, an hour, a day.
    pub step_ns: i64,
    /// The earliest time.
    pub least: i64,
    /// The latest.
    pub most: i64,
    /// Rows of each group, by the stretch's number since 1970; only stretches with rows.
    pub buckets: BTreeMap<i64, Vec<u64>>,
}

/// Rows over time while they are counted.
#[derive(Debug)]
pub(super) struct Times {
    groups: usize,
    step: i64,
    least: i64,
    most: i64,
    /// Positions by the stretch's number.
    places: HashMap<i64, u32>,
    /// A count a group for each position.
    counts: Vec<u64>,
    remembered: Vec<(i64, u32)>,
}

impl Times {
    pub(super) fn new(groups: usize) -> Self {
        Self {
            groups,
            step: 1,
            least: i64::MAX,
            most: i64::MIN,
            places: HashMap::new(),
            counts: Vec::new(),
            remembered: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, time: i64, group: usize) {
        self.least = self.least.min(time);
        self.most = self.most.max(time);
        self.count(time.div_euclid(self.step), group, 1);
        self.make_room();
    }

    fn make_room(&mut self) {
        // There are no more days in the times that can be stored than this takes.
        if self.places.len() > COUNT_BUCKETS && self.step < LONGEST {
            self.lengthen(self.fitting());
        }
    }

    fn count(&mut self, bucket: i64, group: usize, rows: u64) {
        if self.remembered.is_empty() {
            self.remembered = vec![(0, u32::MAX); REMEMBERED];
        }
        let slot = usize::try_from(bucket.rem_euclid(REMEMBERED as i64)).unwrap_or(0);
        let known = self.remembered.get(slot).copied().filter(|(known, place)| *known == bucket && *place != u32::MAX);
        let place = match known {
            Some((_, place)) => place,
            None => {
                let next = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
                let place = *self.places.entry(bucket).or_insert(next);
                if place == next {
                    self.counts.resize(self.counts.len() + self.groups, 0);
                }
                if let Some(remembered) = self.remembered.get_mut(slot) {
                    *remembered = (bucket, place);
                }
                place
            }
        };
        let group = if group < self.groups { group } else { 0 };
        if let Some(count) = self.counts.get_mut(place as usize * self.groups + group) {
            *count += rows;
        }
    }

    /// Returns the shortest length that needs half of the room at most.
    fn fitting(&self) -> i64 {
        let most = i64::try_from(COUNT_BUCKETS / 2).unwrap_or(i64::MAX);
        let range = self.most.saturating_sub(self.least);
        let fits = |step: &i64| *step > self.step && range / step < most;
        STEPS.into_iter().find(fits).unwrap_or(LONGEST)
    }

    /// Adds up the stretches of the present length to those of a longer one.
    fn lengthen(&mut self, step: i64) {
        let factor = step / self.step;
        let mut longer = Self { step, least: self.least, most: self.most, ..Self::new(self.groups) };
        for (bucket, place) in &self.places {
            let from = *place as usize * self.groups;
            let counts = self.counts.get(from..from + self.groups).unwrap_or_default();
            for (group, rows) in counts.iter().enumerate().filter(|(_, rows)| **rows > 0) {
                longer.count(bucket.div_euclid(factor), group, *rows);
            }
        }
        *self = longer;
    }

    pub(super) fn merge(&mut self, mut other: Self) {
        let step = self.step.max(other.step);
        for one in [&mut *self, &mut other] {
            if one.step < step {
                one.lengthen(step);
            }
        }
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
        for (bucket, place) in &other.places {
            let from = *place as usize * other.groups;
            let counts = other.counts.get(from..from + other.groups).unwrap_or_default();
            for (group, rows) in counts.iter().enumerate().filter(|(_, rows)| **rows > 0) {
                self.count(*bucket, group, *rows);
            }
        }
        self.make_room();
    }

    pub(super) fn finish(self) -> Option<OverTime> {
        let counts = |place: u32| {
            let from = place as usize * self.groups;
            self.counts.get(from..from + self.groups).unwrap_or_default().to_vec()
        };
        let buckets: BTreeMap<i64, Vec<u64>> =
            self.places.iter().map(|(bucket, place)| (*bucket, counts(*place))).collect();
        let (step_ns, least, most) = (self.step, self.least, self.most);
        (!buckets.is_empty()).then_some(OverTime { step_ns, least, most, buckets })
    }
}
