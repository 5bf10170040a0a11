//! A rate over the last ten seconds, in one-second slots.

use std::time::Duration;

/// Seconds that are remembered.
const SLOTS: usize = 10;

/// Counts by second since some start.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    /// Second and count; the slot of a second is its number modulo [`SLOTS`].
    slots: [(u64, u64); SLOTS],
    /// When something was counted last.
    last: Option<Duration>,
}

impl Rate {
    /// Begins at zero.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Counts `items` at `since_start`.
    pub(crate) fn add(&mut self, since_start: Duration, items: u64) {
        if items > 0 {
            self.last = Some(since_start);
        }
        let second = since_start.as_secs();
        let place = usize::try_from(second).unwrap_or(0) % SLOTS;
        if let Some(slot) = self.slots.get_mut(place) {
            if slot.0 != second {
                *slot = (second, 0);
            }
            slot.1 = slot.1.saturating_add(items);
        }
    }

    /// Returns when something was counted last, since the same start.
    pub(crate) const fn last(&self) -> Option<Duration> {
        self.last
    }

    /// Returns the mean of the last ten seconds (of fewer when there were fewer), the running one included.
    pub(crate) fn per_second(&self, since_start: Duration) -> f64 {
        let now = since_start.as_secs();
        let recent = self.slots.iter().filter(|(second, _)| now - (*second).min(now) < SLOTS as u64);
        let items: u64 = recent.map(|(_, count)| count).sum();
        let window = since_start.as_secs_f64().clamp(1.0, SLOTS as f64);
        items as f64 / window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_ten_seconds_count() {
        let mut rate = Rate::new();
        let at = Duration::from_secs;
        assert_eq!(rate.last(), None);
        rate.add(at(100), 50);
        rate.add(at(101), 50);
        assert!((rate.per_second(at(105)) - 10.0).abs() < 1e-9);
        assert!((rate.per_second(at(110)) - 5.0).abs() < 1e-9, "second 100 is over");
        rate.add(at(111), 10);
        assert!((rate.per_second(at(111)) - 1.0).abs() < 1e-9, "second 101's slot is taken over");
        assert!(rate.per_second(at(500)).abs() < 1e-9);
        rate.add(at(501), 0);
        assert_eq!(rate.last(), Some(at(111)), "nothing is no arrival");
    }
}
