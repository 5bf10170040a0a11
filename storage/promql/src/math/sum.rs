//! Sums that keep what a plain addition loses (Kahan, with Neumaier's improvement).

/// Adds a number to a sum and its compensation. The true sum is the sum of both.
pub(crate) fn kahan_add(value: f64, sum: f64, compensation: f64) -> (f64, f64) {
    let total = sum + value;
    let compensation = if total.is_infinite() {
        0.0
    } else if sum.abs() >= value.abs() {
        compensation + ((sum - total) + value)
    } else {
        compensation + ((value - total) + sum)
    };
    (total, compensation)
}

/// A running sum.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    sum: f64,
    compensation: f64,
}

impl Sum {
    pub(crate) const fn of(first: f64) -> Self {
        Self { sum: first, compensation: 0.0 }
    }

    pub(crate) fn add(&mut self, value: f64) {
        (self.sum, self.compensation) = kahan_add(value, self.sum, self.compensation);
    }

    pub(crate) fn value(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.compensation }
    }
}

/// A running mean: sum over count, until the sum would overflow; an incremental mean from there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    /// Sum, or mean once incremental.
    value: f64,
    compensation: f64,
    count: u32,
    is_incremental: bool,
}

impl Mean {
    pub(crate) const fn of(first: f64) -> Self {
        Self { value: first, compensation: 0.0, count: 1, is_incremental: false }
    }

    pub(crate) fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        let count = f64::from(self.count);
        if !self.is_incremental {
            let (sum, compensation) = kahan_add(value, self.value, self.compensation);
            if !sum.is_infinite() {
                (self.value, self.compensation) = (sum, compensation);
                return;
            }
            self.is_incremental = true;
            self.value /= count - 1.0;
            self.compensation /= count - 1.0;
        }
        let weight = (count - 1.0) / count;
        (self.value, self.compensation) = kahan_add(value / count, weight * self.value, weight * self.compensation);
    }

    pub(crate) fn value(self) -> f64 {
        if self.is_incremental {
            return self.value + self.compensation;
        }
        let count = f64::from(self.count);
        self.value / count + self.compensation / count
    }
}
