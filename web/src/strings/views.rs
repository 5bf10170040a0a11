//! The words of the story page's views and viewers.

use crate::route::Tab;

/// Name of a view.
#[must_use]
pub const fn tab_name(tab: Tab) -> &'static str {
    match tab {
        Tab::Timeline => "Timeline",
        Tab::List => "Story list",
        Tab::Flame => "Flame",
        Tab::Table => "Table",
        Tab::Graph => "Graph",
        Tab::Errors => "Errors",
        Tab::Raw => "Raw",
    }
}

/// The story could not be told; the rows are there all the same.
pub const VERDICT_FAILED: &str = "The verdict could not be told";
/// What is copied.
pub const WHAT_FACTS: &str = "facts";
/// Button.
pub const COPY_FACTS: &str = "Copy all facts as Markdown";
/// Name of the list of gaps, repeats and unusual spans.
pub const FINDINGS_LABEL: &str = "What stands out";

/// Values of a fact beyond those shown.
#[must_use]
pub fn more_values(count: u64) -> String {
    format!("and {count} more")
}

/// What an operation usually takes.
#[must_use]
pub fn usual(p50: &str, p95: &str) -> String {
    format!("usually {p50}, p95 {p95}")
}

/// How many spans that is measured on.
#[must_use]
pub fn usual_of(count: &str) -> String {
    format!("of {count} spans of this operation in this store")
}

// Tools
/// Switch.
pub const ERRORS_ONLY: &str = "Errors only";
/// Switch.
pub const SIDE_BY_SIDE: &str = "Side by side";
/// What it does.
pub const SIDE_BY_SIDE_HELP: &str = "Waterfall and story list beside each other, with one selection (v)";
/// Button.
pub const HIDE_OTHERS: &str = "Hide others";
/// Name of the way from the root.
pub const CRUMBS_LABEL: &str = "From the root to this span";
/// Button.
pub const SHOW_ALL: &str = "Show all";
/// A bundle whose members should be one call.
pub const N_PLUS_ONE: &str = "N+1";
/// A span that points to others.
pub const HAS_LINKS: &str = "has links";
/// Name of the strip.
pub const MINIMAP_LABEL: &str = "Overview of the whole trace";
/// Slider.
pub const ZOOM_FROM: &str = "Shown time begins";
/// Slider.
pub const ZOOM_TO: &str = "Shown time ends";

/// What the view is cut to.
#[must_use]
pub fn rooted_at(name: &str) -> String {
    format!("Only {name} and what it called")
}

/// What the view is cut to.
#[must_use]
pub fn zoomed_to(from: &str, to: &str) -> String {
    format!("{from} to {to}")
}

/// Button of an attribute.
#[must_use]
pub fn pin(key: &str) -> String {
    format!("Show {key} as a column")
}

/// Button of a column.
#[must_use]
pub fn unpin(key: &str) -> String {
    format!("Remove the column {key}")
}

// Neighbours
/// Switch.
pub const NEIGHBOURS: &str = "Neighbours";
/// What it shows.
pub const NEIGHBOURS_HELP: &str = "Log records of the same hosts, two seconds around, that name no trace";
/// They could not be asked for.
pub const NEIGHBOURS_FAILED: &str = "The neighbours could not be asked for";
/// An entry.
pub const ENTRY_NEAR: &str = "nearby";

/// How many neighbours there are.
#[must_use]
pub fn neighbours(count: usize, hosts: &str) -> String {
    if hosts.is_empty() {
        return "No span of this trace says on which host or in which service it ran.".to_owned();
    }
    let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
    format!("{records} without a trace ID from {hosts}, two seconds around.")
}

/// More exist than are shown.
#[must_use]
pub fn neighbours_cut(count: usize) -> String {
    format!("There are more: the first {count} are shown.")
}

// Flame
/// What the view shows.
pub const FLAME_HELP: &str =
    "Equal calls merged; width is time. Choose a box to look into it; Shift+Enter opens its longest span.";
/// Button.
pub const FLAME_WHOLE: &str = "Whole trace";
/// Name of the view.
pub const FLAME_LABEL: &str = "Operations by time, what was called below what called it";
/// Link.
pub const FLAME_LONGEST: &str = "longest span";

/// A box in words.
#[must_use]
pub fn flame_words(count: &str, total: &str, own: &str, errors: u64) -> String {
    let failed = if errors > 0 { format!(", {errors} failed") } else { String::new() };
    format!("×{count}, Σ {total}, self {own}{failed}")
}

/// Boxes that are too small to draw.
#[must_use]
pub fn flame_rest(count: usize) -> String {
    format!("{count} smaller boxes are not drawn; look into a box to see them, or use the table.")
}

// Table
/// Way to gather.
pub const BY_OPERATION: &str = "operation";
/// Way to gather.
pub const BY_SERVICE: &str = "service";
/// Way to gather.
pub const BY_KIND: &str = "kind";
/// Way to gather.
pub const BY_NONE: &str = "nothing: each span";
/// Way to gather.
pub const BY_ATTRIBUTE: &str = "attribute…";
/// Label of the choice.
pub const GROUP_BY: &str = "Group by";
/// Field.
pub const ATTRIBUTE_KEY: &str = "Attribute key";
/// The group of spans without the attribute.
pub const WITHOUT_ATTRIBUTE: &str = "(without)";
/// Name of the table.
pub const TABLE_LABEL: &str = "Spans with sums";
/// Column.
pub const COLUMN_GROUP: &str = "Group";
/// Column.
pub const COLUMN_COUNT: &str = "Spans";
/// Column.
pub const COLUMN_ERRORS: &str = "Errors";
/// Column.
pub const COLUMN_SELF: &str = "Self time";
/// Column.
pub const COLUMN_TOTAL: &str = "Total";
/// Column.
pub const COLUMN_LONGEST: &str = "Longest";

/// How many rows the table has.
#[must_use]
pub fn table_rows(count: usize) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

// Graph
/// Name of the picture's place.
pub const GRAPH_LABEL: &str = "Graph of services";
/// Name of the table.
pub const GRAPH_TABLE: &str = "Calls between services";
/// Column.
pub const COLUMN_CALLER: &str = "From";
/// Column.
pub const COLUMN_CALLED: &str = "To";
/// Column.
pub const COLUMN_CALLS: &str = "Calls";
/// Column.
pub const COLUMN_EXAMPLE: &str = "Example";
/// What was called and recorded nothing.
pub const SILENT: &str = "recorded nothing itself";

/// The picture in words.
#[must_use]
pub fn graph_words(nodes: usize, edges: usize) -> String {
    format!("{nodes} services and what they called, {edges} connections; the table below says the same")
}

/// A connection.
#[must_use]
pub fn calls(count: u64, errors: u64, total: &str) -> String {
    let failed = if errors > 0 { format!(", {errors} ✖") } else { String::new() };
    format!("×{count}{failed} · {total}")
}

/// A node.
#[must_use]
pub fn node_words(spans: &str, own: &str) -> String {
    format!("{spans} · self {own}")
}

// Raw
/// The whole is too large for a page.
#[must_use]
pub fn raw_too_large(spans: &str) -> String {
    format!("{spans} spans are too many to show as text. The download has them all; the drawer shows each span's own.")
}

// Viewers
/// Name of the block.
pub const LOG_BODY: &str = "Body of the record";
/// Summary.
pub const BACK_LINKS: &str = "Linked from";
/// None.
pub const NO_BACK_LINKS: &str = "No stored span links to this one.";

/// More exist than are shown.
#[must_use]
pub fn back_links_cut(count: usize) -> String {
    format!("There are more: the first {count} are shown.")
}

/// Card.
pub const CARD_HTTP: &str = "HTTP";
/// Line of a card.
pub const HTTP_METHOD: &str = "Method";
/// Line of a card.
pub const HTTP_STATUS: &str = "Status";
/// Line of a card.
pub const HTTP_ROUTE: &str = "Route";
/// Line of a card.
pub const HTTP_URL: &str = "URL";
/// Line of a card.
pub const HTTP_QUERY: &str = "Query";
/// Line of a card.
pub const PEER: &str = "Server";
/// Line of a card.
pub const CLIENT: &str = "Client";
/// Line of a card.
pub const USER_AGENT: &str = "User agent";
/// Line of a card.
pub const RETRIES: &str = "Sent again";
/// Line of a card.
pub const SIZES: &str = "Answer bytes";
/// Card.
pub const CARD_MESSAGING: &str = "Message";
/// Line of a card.
pub const MESSAGING_SYSTEM: &str = "System";
/// Line of a card.
pub const MESSAGING_OPERATION: &str = "Operation";
/// Line of a card.
pub const MESSAGING_DESTINATION: &str = "Destination";
/// Line of a card.
pub const MESSAGING_GROUP: &str = "Consumer group";
/// Line of a card.
pub const MESSAGING_MESSAGE: &str = "Message ID";
/// Line of a card.
pub const MESSAGING_KEY: &str = "Key";
/// Line of a card.
pub const MESSAGING_BATCH: &str = "Messages";
/// Card.
pub const CARD_DATABASE: &str = "Database";
/// Line of a card.
pub const DB_SYSTEM: &str = "System";
/// Line of a card.
pub const DB_NAMESPACE: &str = "Database";
/// Line of a card.
pub const DB_OPERATION: &str = "Operation";
/// Line of a card.
pub const DB_COLLECTION: &str = "Table";
/// Line of a card.
pub const DB_ROWS: &str = "Rows returned";
/// Line of a card.
pub const DB_STATUS: &str = "Status";
/// Line of a card.
pub const DB_BATCH: &str = "Statements";
/// Card.
pub const DB_PARAMETERS: &str = "Parameters";

// Plan
/// The operator that costs most.
pub const PLAN_WORST: &str = "costs most: ";
/// Summary.
pub const PLAN_TEXT: &str = "As recorded";

/// Name of the tree.
#[must_use]
pub fn plan_label(format: &str) -> String {
    format!("Query plan, {format}")
}

/// Time of all.
#[must_use]
pub fn plan_total(time: &str) -> String {
    format!("{time} in all")
}

/// Operators that are not shown here.
#[must_use]
pub fn plan_left(count: usize) -> String {
    format!("{count} more operators in the span's details")
}

/// Rows that came, and those expected.
#[must_use]
pub fn plan_rows(rows: &str, expected: Option<&str>) -> String {
    match expected {
        Some(expected) if expected != rows => format!("{rows} rows, {expected} expected"),
        _ => format!("{rows} rows"),
    }
}

/// Rows that were expected.
#[must_use]
pub fn plan_rows_estimated(rows: &str) -> String {
    format!("{rows} rows expected")
}

/// Cost by the planner.
#[must_use]
pub fn plan_cost(cost: &str) -> String {
    format!("cost {cost}")
}

/// An estimate that was far off.
#[must_use]
pub fn misestimate(factor: u64) -> String {
    format!("estimate {factor}× off")
}
