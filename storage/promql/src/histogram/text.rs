//! Histograms as text, as `count_values` labels them.

use std::fmt;

use super::{Bucket, Histogram};
use crate::math::go_g;

/// `{count:20, sum:10, [-2,-1):2, [-0.001,0.001]:2, (0.5,1]:1}`
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", go_g(self.count), go_g(self.sum))?;
        let negative = self.negative.iter().rev().map(|bucket| self.negative_bucket(*bucket));
        let zero = (self.zero_count != 0.0).then(|| self.zero_bucket());
        let positive = self.positive.iter().map(|bucket| self.positive_bucket(*bucket));
        for bucket in negative.chain(zero).chain(positive).filter(|bucket| bucket.count != 0.0) {
            write!(f, ", {bucket}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.lower_inclusive { '[' } else { '(' };
        let close = if self.upper_inclusive { ']' } else { ')' };
        write!(f, "{open}{},{}{close}:{}", go_g(self.lower), go_g(self.upper), go_g(self.count))
    }
}
