//! Every bound of this crate, once, with what happens at it.

/// Bytes of a paste that are read; the rest is left alone and each candidate's note says so.
pub const PASTE_BYTES: usize = 64 * 1024;

/// Candidates that one paste yields; the last one's note says how many were left out.
pub const CANDIDATES: usize = 100;

/// Rounds of percent-decoding: links inside links inside links.
pub const PERCENT_ROUNDS: usize = 3;

/// Bytes of base64 that are decoded to look inside (New Relic's header); longer runs are only read as they stand.
pub const NESTED_BASE64_BYTES: usize = 8 * 1024;

/// Bytes to the left of an id in which its key is looked for.
pub const LABEL_BYTES: usize = 80;

/// Values that one fact shows; further ones are counted in `Fact::left_out`.
pub const FACT_VALUES: usize = 20;

/// Operations that `Story::time_by_operation` lists.
pub const TOP_OPERATIONS: usize = 5;

/// Spans that a chip names as evidence; its text has the whole count.
pub const CHIP_SPANS: usize = 20;

/// Characters of an error message in the verdict; a longer one ends in `…`.
pub const MESSAGE_CHARS: usize = 200;

/// Siblings of one service and name from which on the verdict calls them a repetition.
pub const REPEATS: u32 = 5;

/// A child of another service that starts earlier than its parent by this much means that clocks disagree.
pub const CLOCK_SKEW_NS: u64 = 1_000_000;

/// A trace whose last item arrived less than this before the answer may still be arriving.
pub const ARRIVING_NS: u64 = 5_000_000_000;

/// Characters in a line of a text story.
pub const TEXT_WIDTH: usize = 100;

/// Levels that a text story indents; deeper rows carry their depth as a number.
pub const INDENT_LEVELS: u32 = 16;

/// Lines of one log body or error message in a text story; the last one tells how much is left out.
pub const MESSAGE_LINES: usize = 6;

/// Bytes of a query plan that are read; a longer one is shown as text and says so.
pub const PLAN_BYTES: usize = 1024 * 1024;

/// Operators of a query plan that are shown; a note tells how many are not.
pub const PLAN_NODES: usize = 2_000;

/// Statements about one operator that are shown; the last one tells how many are not.
pub const PLAN_DETAILS: usize = 40;

/// Factor between expected and real rows from which on an operator is called misjudged.
pub const PLAN_MISESTIMATE: u64 = 10;

/// Gaps that a story names.
pub const GAPS: usize = 5;

/// Share of the request, in thousandths, from which on a gap is named.
pub const GAP_PERMILLE: u32 = 100;

/// Length from which on a gap is named.
pub const GAP_NS: i64 = 1_000_000;

/// Repetitions that a story names.
pub const REPEATS_TOLD: usize = 5;

/// Spans of an operation that must be stored before one of them is called unusual.
pub const BASELINE_SPANS: u64 = 20;

/// A span is unusual from this many tenths of the usual length on.
pub const UNUSUAL_TENTHS: u64 = 20;

/// A span is unusual when it takes this much more than usual.
pub const UNUSUAL_NS: i64 = 1_000_000;

/// Unusual spans that a story names.
pub const UNUSUAL_TOLD: usize = 10;

/// Query plans that a story reads; further ones stay text.
pub const STORY_PLANS: usize = 20;

/// Share, in thousandths, by which a span must take longer or shorter to be called slower or faster.
pub const DIFF_PERMILLE: i128 = 250;

/// Length by which a span must take longer or shorter to be called slower or faster.
pub const DIFF_NS: i64 = 1_000_000;

/// Rows of a comparison; the rest is counted.
pub const DIFF_ROWS: usize = 5_000;

/// Rows of a comparison as text; the rest is counted.
pub const DIFF_TEXT_ROWS: usize = 200;

/// Spans of an operation whose attributes are compared.
pub const DIFF_MEMBERS: usize = 100;

/// Attributes that one row of a comparison shows.
pub const DIFF_ATTRIBUTES: usize = 20;

/// Values of an attribute that a comparison shows; the last one tells how many there are beside.
pub const DIFF_VALUES: usize = 5;

/// Characters of such a value; a longer one ends in `…`.
pub const DIFF_VALUE_CHARS: usize = 200;

/// Log lines of one side that a comparison shows.
pub const DIFF_LOGS: usize = 50;

/// Sentences of one kind, and names in one sentence, of a comparison.
pub const DIFF_SENTENCES: usize = 5;
