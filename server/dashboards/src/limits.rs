//! Every bound of this package.

/// Bytes of a file; Grafana's JSON of hundreds of panels has one or two million.
pub const FILE_BYTES_MAX: usize = 8 << 20;

/// Panels of a dashboard, rows included.
pub const PANELS_MAX: usize = 400;

/// Expressions of a panel.
pub const QUERIES_MAX: usize = 26;

/// Variables of a dashboard.
pub const VARIABLES_MAX: usize = 50;

/// Values that a file lists for a variable.
pub const VALUES_MAX: usize = 1_000;

/// Objectives of a configuration.
pub const SLOS_MAX: usize = 200;

/// Rows of Grafana's rows within rows.
pub const ROW_DEPTH_MAX: usize = 8;
