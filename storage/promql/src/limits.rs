//! Every bound of parsing and evaluating, by name.

/// Bytes of an expression.
pub const EXPRESSION_BYTES_MAX: usize = 1 << 20;

/// How deep an expression may be nested; deeper ones are refused when they are parsed.
pub const EXPRESSION_DEPTH_MAX: usize = 200;

/// Steps of a range query; Prometheus's bound on points a series.
pub const STEPS_MAX: i64 = 11_000;

/// What one query may use. The defaults are Prometheus's where it has one.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Samples held in memory at once.
    pub samples_max: usize,
    /// Series that one selector may touch.
    pub series_max: usize,
    /// Steps of a range query.
    pub steps_max: i64,
    /// How far an instant selector looks back, in milliseconds.
    pub lookback_ms: i64,
    /// Step of a subquery that names none, in milliseconds.
    pub subquery_step_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            samples_max: 50_000_000,
            series_max: 1_000_000,
            steps_max: STEPS_MAX,
            lookback_ms: 5 * 60_000,
            subquery_step_ms: 60_000,
        }
    }
}
