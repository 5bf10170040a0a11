//! The verdict: what counts of good and of all events over several times come to.

use telltale_api::dashboard::{SloAlert, SloBurn, SloState, SloStatus};

use super::{Objective, words};

/// Two times, and the part of the budget that may not be spent in the long one.
#[derive(Debug)]
pub(super) struct Pair {
    severity: &'static str,
    pub(super) long: u64,
    pub(super) short: u64,
    /// Of the budget of the whole window.
    share: f64,
}

/// 2 % of the budget in an hour, 5 % in six, 10 % in three days: for 30 days these are burn rates of 14.4, 6 and 1.
pub(super) const PAIRS: [Pair; 3] = [
    Pair { severity: "page", long: 3_600, short: 300, share: 0.02 },
    Pair { severity: "page", long: 21_600, short: 1_800, share: 0.05 },
    Pair { severity: "ticket", long: 259_200, short: 21_600, share: 0.1 },
];

/// Events over one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Seconds.
    pub window: u64,
    /// Good ones; none where there is no series.
    pub good: Option<f64>,
    /// All; none where there is no series.
    pub total: Option<f64>,
}

impl Counts {
    /// Good ones of all; no good series beside events means that none was good.
    fn ratio(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0.0)?;
        Some((self.good.unwrap_or(0.0) / total).clamp(0.0, 1.0))
    }
}

/// Judges an objective by its counts, one for each of [`Objective::times`].
#[must_use]
pub fn judge(objective: &Objective, counts: &[Counts]) -> SloState {
    let allowed = 1.0 - objective.objective / 100.0;
    let rate = |window: u64| {
        let ratio = counts.iter().find(|counts| counts.window == window)?.ratio()?;
        Some((1.0 - ratio) / allowed)
    };
    let whole = counts.iter().find(|counts| counts.window == objective.window);
    let ratio = whole.and_then(Counts::ratio);
    let budget_left = ratio.map(|ratio| 1.0 - (1.0 - ratio) / allowed);
    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a window has far less than 2^53 seconds")]
    let float = |seconds: u64| seconds as f64;
    let alerts = PAIRS.iter().filter(|pair| pair.long < objective.window).map(|pair| {
        // A burn rate of one spends no more than the budget, however short the window.
        let factor = (pair.share * float(objective.window) / float(pair.long)).max(1.0);
        let above = |window| rate(window).is_some_and(|rate| rate > factor);
        SloAlert {
            severity: pair.severity.to_owned(),
            long: words(pair.long),
            short: words(pair.short),
            factor,
            is_firing: above(pair.long) && above(pair.short),
        }
    });
    let alerts: Vec<SloAlert> = alerts.collect();
    let status = match budget_left {
        None => SloStatus::NoData,
        Some(left) if left <= 0.0 => SloStatus::Spent,
        Some(_) if alerts.iter().any(|alert| alert.is_firing) => SloStatus::Burning,
        Some(_) => SloStatus::Good,
    };
    let burns =
        counts.iter().map(|counts| SloBurn { window: words(counts.window), rate: rate(counts.window) }).collect();
    let events = whole.and_then(|counts| counts.total);
    SloState { events, ratio, budget_left, burns, alerts, ..objective.unknown(status, None) }
}
