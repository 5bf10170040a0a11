//! Every bound of this package in one file.

/// Bytes of a signals file.
pub const FILE_BYTES: usize = 1024 * 1024;

/// Rules of a signals file.
pub const RULES: usize = 1_000;

/// Bytes of one pattern.
pub const PATTERN_BYTES: usize = 4 * 1024;

/// Memory of one compiled regular expression, in bytes.
pub const REGEX_BYTES: usize = 1024 * 1024;

/// Characters of a name that are compared when the nearest one is sought.
pub const NAME_CHARS: usize = 120;

/// Distinct names that are compared when the nearest one is sought; of more, the first by name.
pub const NAMES_COMPARED: usize = 2_000;

/// Spans that a verdict names as evidence; its counts are over all.
pub const EVIDENCE: usize = 5;

/// Parents that are followed from a span: deeper trees are cut there, loops end there.
pub const ANCESTORS: usize = 256;

/// Rules that `--bless` writes for one kind of signal; what it leaves out is said in the file.
pub const BLESS_RULES: usize = 200;

/// Attributes of one operation or labels of one metric that `--bless` and a schema list.
pub const KEYS: usize = 200;

/// Bytes of a JUnit XML file.
pub const JUNIT_BYTES: usize = 64 * 1024 * 1024;

/// Test cases of a JUnit XML file.
pub const JUNIT_CASES: usize = 100_000;

/// Depth of elements of a JUnit XML file.
pub const JUNIT_DEPTH: usize = 64;

/// Bytes of one text of a JUnit XML file that are kept: the end of what a test printed, where its failure is.
pub const JUNIT_TEXT_BYTES: usize = 64 * 1024;

/// Groups of errors that a run in short lists; their number is said.
pub const SUMMARY_ERRORS: usize = 50;

/// Operations that a run in short lists as the slowest.
pub const SUMMARY_SLOWEST: usize = 10;

/// Log records that a run in short lists, the last ones; their number is said.
pub const SUMMARY_LOGS: usize = 100;
