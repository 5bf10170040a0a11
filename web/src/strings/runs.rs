//! Words of the pages of runs and of the board.

/// Title of the list.
pub const RUNS_TITLE: &str = "Runs";
/// While the list cannot be had.
pub const RUNS_FAILED: &str = "The runs cannot be listed";
/// There is none.
pub const RUNS_NONE: &str = "No run yet.";
/// What a run is, where runs can be begun.
pub const RUNS_NONE_MARK: &str = "Give what arrives from now on a name, do your work, begin a second run, and compare the two: \
     new errors, slower operations, new and lost signals, more queries.";
/// What a run is, in CI.
pub const RUNS_NONE_RUN: &str =
    "In CI, telltale run -- CMD keeps a run with its tests in one file, and telltale open shows it here.";
/// Name of the field for a new run.
pub const RUNS_NAME: &str = "Name of a run that begins now";
/// Hint in that field.
pub const RUNS_NAME_HINT: &str = "before my change";
/// Its button.
pub const RUNS_MARK: &str = "Begin run";
/// Its form.
pub const RUNS_MARK_FORM: &str = "Begin a run";
/// A run that is not over.
pub const RUNS_OPEN: &str = "open";
/// Heading of the choice of the older run.
pub const RUNS_BEFORE: &str = "Before";
/// Heading of the choice of the newer run.
pub const RUNS_AFTER: &str = "After";
/// Button.
pub const RUNS_COMPARE: &str = "Compare";
/// Column.
pub const RUNS_NAME_COLUMN: &str = "Run";
/// Column.
pub const RUNS_RESULT: &str = "Result";
/// Column.
pub const RUNS_TESTS_COLUMN: &str = "Tests";
/// Column.
pub const RUNS_SIGNALS: &str = "Expectations";
/// Column.
pub const RUNS_SPANS: &str = "Spans";
/// Column.
pub const RUNS_LOGS_COLUMN: &str = "Logs";
/// Column.
pub const RUNS_BEGAN: &str = "Began";
/// Column.
pub const RUNS_TOOK: &str = "Took";
/// Column.
pub const RUNS_REVISION: &str = "Revision";
/// A run that went well.
pub const RUN_GOOD: &str = "good";
/// A run that did not.
pub const RUN_BAD: &str = "failed";
/// What could not be shown of a run.
pub const RUN_FAILED: &str = "The run cannot be shown";
/// Facts of a run.
pub const RUN_FACTS: &str = "About this run";
/// Fact.
pub const RUN_COMMAND: &str = "command";
/// Section.
pub const RUN_EXPECTATIONS: &str = "Expectations";
/// Section.
pub const RUN_ERRORS: &str = "Errors";
/// Section.
pub const RUN_SLOWEST: &str = "Slowest";
/// Section.
pub const RUN_LOGS: &str = "Logs";
/// Section.
pub const RUN_FILES: &str = "Output and files";
/// Nothing failed.
pub const RUN_NO_ERRORS: &str = "No span failed and no error was logged.";
/// Nothing was written.
pub const RUN_NO_LOGS: &str = "No log arrived.";
/// The output was not kept, or there is no artifact.
pub const RUN_NOTE: &str = "Note";
/// Column of tests.
pub const TEST_NAME: &str = "Test";
/// Column of tests.
pub const TEST_OUTCOME: &str = "Outcome";
/// Column of tests.
pub const TEST_TRACE: &str = "Story";
/// Link to the story of a test.
pub const TEST_STORY: &str = "story";
/// A test without a trace.
pub const TEST_NO_TRACE: &str = "none found";
/// A trace that is a guess.
pub const TEST_GUESS: &str = "a guess: it began while the test ran";
/// A trace that the test printed.
pub const TEST_PRINTED: &str = "the test printed it";
/// Filter of tests.
pub const TESTS_BAD_ONLY: &str = "Failing only";
/// What a failing test printed.
pub const TEST_PRINTED_TEXT: &str = "What the test printed";
/// Link that opens a file alone.
pub const FILE_OPEN: &str = "open";
/// A file that is too large to be shown in the page.
pub const FILE_LARGE: &str = "too large to be shown here";
/// A file that cannot be had.
pub const FILE_FAILED: &str = "the file cannot be read";

/// Section of tests over several runs.
#[must_use]
pub fn tests_of_runs(runs: &str) -> String {
    format!("Tests of {runs}")
}
/// A test that both passes and fails on one revision.
pub const TEST_FLAKY: &str = "flaky";
/// A test that fails.
pub const TEST_FAILING: &str = "failing";
/// A test that passes.
pub const TEST_PASSING: &str = "passing";
/// What flaky means.
pub const TEST_FLAKY_MEANS: &str =
    "Flaky: passed and failed on the same revision, or passed only when run again. Slowest first among the others.";
/// Column.
pub const TEST_FAILED_COLUMN: &str = "Failed";
/// Column.
pub const TEST_MEDIAN: &str = "Median";
/// Column.
pub const TEST_LONGEST: &str = "Longest";
/// Column.
pub const TEST_LAST_FAILURE: &str = "Last failure";
/// Tests that are not listed.
#[must_use]
pub fn tests_more(count: &str) -> String {
    format!("and {count} more that pass; show all")
}

/// `2 of 5 failed`.
#[must_use]
pub fn of_failed(failed: &str, all: &str) -> String {
    format!("{failed} of {all} failed")
}

/// `4 of 5 met`.
#[must_use]
pub fn of_met(met: &str, all: &str) -> String {
    format!("{met} of {all} met")
}

/// How a run of a command ended.
#[must_use]
pub fn run_ended(is_good: bool, exit_code: i32) -> String {
    match (is_good, exit_code) {
        (true, _) => "is good".to_owned(),
        (false, 0) => "does not meet its expectations".to_owned(),
        (false, code) => format!("failed with exit code {code}"),
    }
}

/// How much a list leaves out.
#[must_use]
pub fn shown_of(shown: &str, all: &str) -> String {
    format!("{shown} of {all} are shown")
}

/// Title of a run's page.
#[must_use]
pub fn run_title(name: &str) -> String {
    format!("{name} · run · telltale")
}

// Comparison
/// Title.
pub const COMPARE_TITLE: &str = "Two runs compared";
/// It cannot be made.
pub const COMPARE_FAILED: &str = "The runs cannot be compared";
/// Button.
pub const COMPARE_SWAP: &str = "Swap";
/// Nothing differs.
pub const COMPARE_SAME: &str = "No difference beyond chance.";
/// Section.
pub const COMPARE_NEW_ERRORS: &str = "New errors";
/// Section.
pub const COMPARE_GONE_ERRORS: &str = "Errors that are gone";
/// Section.
pub const COMPARE_SPEED: &str = "Slower and faster operations";
/// Section.
pub const COMPARE_QUERIES: &str = "Database calls beneath one operation";
/// Section.
pub const COMPARE_SIGNALS: &str = "New, lost and changed signals";
/// Section.
pub const COMPARE_OTHERS: &str = "Operations without a difference";
/// Column.
pub const COMPARE_OPERATION: &str = "Operation";
/// Column.
pub const COMPARE_MEDIAN_BEFORE: &str = "Median before";
/// Column.
pub const COMPARE_MEDIAN_AFTER: &str = "Median after";
/// Column.
pub const COMPARE_CHANGE: &str = "Change";
/// Column.
pub const COMPARE_SURE: &str = "How sure";
/// Column.
pub const COMPARE_WHAT: &str = "What";
/// Breaks those who rely on it.
pub const COMPARE_BREAKING: &str = "breaking";
/// Merely new.
pub const COMPARE_OTHER: &str = "other";
/// The test, once for all rows.
pub const COMPARE_TEST: &str = "Slower and faster: the medians differ by a tenth at least, and chance alone makes such a difference \
     less often than once in a hundred (Mann-Whitney, two sides). Fewer than five spans on a side are not judged.";

/// What differs, in one sentence.
#[must_use]
pub fn compare_told(parts: &[String]) -> String {
    if parts.is_empty() { COMPARE_SAME.to_owned() } else { format!("{}.", parts.join(", ")) }
}

/// How sure a difference is.
#[must_use]
pub fn compare_sure(p_value: &str, before: &str, after: &str) -> String {
    format!("{p_value}, {before} against {after} spans")
}

// Board
/// Title.
pub const BOARD_TITLE: &str = "Signals";
/// Title of the document.
pub const BOARD_DOCUMENT_TITLE: &str = "Signals · telltale";
/// It cannot be had.
pub const BOARD_FAILED: &str = "The signals cannot be judged";
/// There is no file.
pub const BOARD_MISSING: &str = "There is no signals file yet";
/// The file has a mistake.
pub const BOARD_MISTAKE: &str = "The signals file has a mistake";
/// What the file is, for a reader who has none.
pub const BOARD_EXAMPLE_TITLE: &str = "Write down what your feature emits; the board turns green as it arrives:";
/// An example.
pub const BOARD_EXAMPLE: &str = "[[span]]\nname = \"POST /orders\"\nservice = \"shop\"\nkind = \"server\"\nattrs = { \"http.route\" = \"/orders\" }\nmax_db_children = 5\n\n\
     [[log]]\nbody = \"order * accepted\"\nin_span = \"POST /orders\"\n\n[[metric]]\nname = \"orders.created\"\nunit = \"{order}\"\n\n\
     [[never]]\nspan.status = \"error\"\nservice = \"shop\"\n";
/// An artifact without expectations.
pub const BOARD_NO_REPORT: &str = "This run had no expectations (telltale run --expect signals.toml).";
/// Button.
pub const BOARD_ANEW: &str = "Begin anew";
/// What the button does.
pub const BOARD_ANEW_TITLE: &str = "Begins a run: only what arrives from now on counts";
/// Filter.
pub const BOARD_RED_ONLY: &str = "Red only";
/// What is judged when no run is open.
pub const BOARD_SINCE_START: &str = "judged by what arrived since the server started";
/// An expectation that is met.
pub const VERDICT_MET: &str = "met";
/// An expectation that is not met.
pub const VERDICT_NOT_MET: &str = "not met";
/// The author's reason.
pub const VERDICT_WHY: &str = "promised because: ";
/// What came nearest.
pub const VERDICT_NEAREST: &str = "nearest: ";

/// What is judged.
#[must_use]
pub fn board_of_run(name: &str) -> String {
    format!("judged by the run {name}")
}

/// How much was looked at.
#[must_use]
pub fn board_seen(spans: &str, logs: &str, series: &str) -> String {
    format!("looked at {spans}, {logs} and {series} series")
}
