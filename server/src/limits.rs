//! Every bound of the server in one file; the store's own are in `telltale_storage::limits`.

use std::time::Duration;

/// Live events that a slow reader may be behind before it loses some; a power of two.
pub const LIVE_EVENTS_KEPT: usize = 1024;

/// Kinds of issue that are remembered; the one not seen for longest is forgotten first.
pub const ISSUES_KEPT: usize = 512;

/// Bytes of an issue's texts (message, user agent, service name) that are remembered.
pub const ISSUE_TEXT_BYTES: usize = 1024;

/// Senders that are remembered; the one not seen for longest is forgotten first and counted.
pub const SENDERS_KEPT: usize = 256;

/// Services of one sender that are listed, and as many SDKs; further sightings are counted.
pub const SENDER_NAMES: usize = 50;

/// Resources of one request that are looked at for names, and whose names a sender remembers to have read.
pub const SENDER_RESOURCES: usize = 64;

/// Bytes of an error message or of a partial-success message (OTLP 1.11 allows to shorten it).
pub const ERROR_MESSAGE_BYTES: usize = 1024;

/// Reasons that a partial-success message names before it says how many others there are.
pub const REASONS_NAMED: usize = 3;

/// How long a request waits for memory or for start-up before it is refused (reliability: hold first, refuse second).
pub const HOLD: Duration = Duration::from_secs(5);

/// What a refused sender is told to wait: more is data lost with clients whose export ends after ten seconds.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// From the first byte of a request's head (or from the connection) to its end.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// From the first to the last byte of a request's body.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// Length of the window in which a body has to bring [`BODY_WINDOW_BYTES`].
pub const BODY_WINDOW: Duration = Duration::from_secs(10);

/// Least number of body bytes a window: 1 KiB/s.
pub const BODY_WINDOW_BYTES: usize = 10 * 1024;

/// How long a connection may be without a request once it had one.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// How long an HTTP/2 connection may wait with its first request.
pub const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a peer may leave an answer unread.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Open connections of the process.
pub const CONNECTIONS: usize = 1000;

/// Open connections of one address; loopback has only the limit of the process.
pub const CONNECTIONS_PER_ADDRESS: usize = 200;

/// Requests at once on one HTTP/2 connection.
pub const STREAMS_PER_CONNECTION: u32 = 256;

/// Bytes of a request's head.
pub const HEAD_BYTES: u32 = 64 * 1024;

/// Default of `max-request-mib`: what OTLP 1.11 recommends, counted after decompression.
pub const REQUEST_MIB: u64 = 64;

/// Output a compressed body may have whatever its ratio is.
pub const INFLATE_FREE_BYTES: usize = 8 * 1024 * 1024;

/// Decompressed over compressed bytes; beyond [`INFLATE_FREE_BYTES`] more than this is refused as a bomb.
pub const INFLATE_RATIO: usize = 100;

/// How long shutting down may take before what is still open is cut.
pub const SHUTDOWN: Duration = Duration::from_secs(8);

/// Largest value of `max-request-mib`: a request has to fit into memory several times.
pub const REQUEST_MIB_MAX: u64 = 1024;

/// Shortest token; catches an empty or forgotten placeholder, strength is the owner's business.
pub const TOKEN_BYTES_MIN: usize = 8;

/// Connections that the kernel keeps while none is accepted.
pub const LISTEN_BACKLOG: u32 = 1024;

/// How often a free port is sought that is free in both loopback families.
pub const PORT_TRIES: usize = 32;

/// How long a new connection waits for a place when there are too many.
pub const PLACE_WAIT: Duration = Duration::from_secs(1);

/// How long a connection that was asked to end may finish its answers.
pub const GRACE: Duration = Duration::from_secs(5);

/// Pause after the system refused to accept, such as for want of file descriptors.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Bytes that an HTTP/1.1 connection buffers, which bounds a request's head.
pub const READ_BUFFER_BYTES: usize = 256 * 1024;

/// HTTP/2 flow control of one stream: a whole batch of spans without waiting for a window update.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;

/// HTTP/2 flow control of one connection.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// How often a quiet HTTP/2 connection is asked whether it lives.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);

/// How long the answer to such a ping may take.
pub const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long nothing of a trace has come before it is looked at as a whole.
pub const QUIET_AFTER: Duration = Duration::from_secs(3);

/// How often quiet traces are looked for.
pub const QUIET_TICK: Duration = Duration::from_millis(500);

/// Quiet traces that are looked at each time; a busy server looks at a sample.
pub const QUIET_LOOKS: usize = 8;

/// Traces that wait until they are quiet; others are not looked at.
pub const QUIET_TRACES: usize = 1024;

/// Spans of the largest trace that is looked at.
pub const QUIET_SPANS: usize = 10_000;

/// Bytes of acknowledged requests that wait to be forwarded (`--forward`).
pub const FORWARD_QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// How long the other side may take for one forwarded request.
pub const FORWARD_TIMEOUT: Duration = Duration::from_secs(10);

/// First pause after an attempt to forward that failed; each further one is twice as long.
pub const FORWARD_PAUSE_MIN: Duration = Duration::from_millis(250);

/// Longest such pause, also when the other side asks for more.
pub const FORWARD_PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long a stopping server goes on forwarding what waits; part of [`SHUTDOWN`].
pub const FORWARD_GRACE: Duration = Duration::from_secs(2);

/// Requests of the largest size whose memory there is.
pub const ADMISSION_REQUESTS: usize = 4;

/// Memory is given out in pieces of this many bytes.
pub const ADMISSION_UNIT_BYTES: usize = 16 * 1024;

/// Body bytes of a refused request that are read and thrown away, so that its sender reads the answer instead of a
/// broken connection; a multiple of the largest request.
pub const DRAIN_REQUESTS: usize = 4;

/// Decompressed bytes between two looks at the limits.
pub const INFLATE_STEP_BYTES: usize = 128 * 1024;

/// JSON bytes from which decoding leaves the async worker.
pub const JSON_INLINE_BYTES_MAX: usize = 64 * 1024;

/// Traces that one live event names; the rest of a larger request or burst is told as `skipped` or `left_out`.
pub const LIVE_TRACES: usize = 500;

/// Window of zstd input, as a power of two: 8 MiB, what RFC 8878 asks every decoder to support.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Wrong tokens at the login link a minute, of all visitors together.
pub const LOGIN_FAILURES_PER_MINUTE: usize = 10;

/// How long a login holds, in seconds: 12 hours.
pub const SESSION_SECONDS: u64 = 12 * 60 * 60;

/// How long a stopping server waits for its connections; the rest of [`SHUTDOWN`] is for the last flush.
pub const CONNECTIONS_DRAIN: Duration = Duration::from_secs(3);

/// Bytes of a title or a description that a story's page shows in chats and tickets; longer ones end in `…`.
pub const PREVIEW_BYTES: usize = 300;

/// Traces on the start page when `?limit=` does not say.
pub const RECENT_TRACES: usize = 50;

/// Traces that `?limit=` may ask for.
pub const RECENT_TRACES_MAX: usize = 200;

/// Issues on the start page; `/api/issues` has all.
pub const RECENT_ISSUES: usize = 10;

/// Services that the start page names, by name.
pub const RECENT_SERVICES: usize = 300;

/// Traces that are shown for one reading of a paste; its note says how many were left out.
pub const RESOLVE_TRACES: usize = 20;

/// Digits that the beginning of a trace id needs to be looked for: fewer match too much.
pub const PREFIX_DIGITS: usize = 6;

/// Hits that are looked at when a paste is an attribute's value.
pub const VALUE_HITS: usize = 100;

/// Keys of a trace that are looked for elsewhere.
pub const AROUND_KEYS: usize = 8;

/// Hits of each of them that are looked at.
pub const AROUND_VALUES: usize = 1_000;

/// Traces that each list around a request shows.
pub const AROUND_TRACES: usize = 20;

/// Metrics that are shown beside a request.
pub const AROUND_METRICS: usize = 100;

/// Seconds before and after a request whose metrics are shown.
pub const AROUND_METRIC_SECONDS: i64 = 30;

/// Metrics beside a request that have a chart; all have their numbers.
pub const AROUND_CHARTS: usize = 12;

/// Seconds before and after a request that charts show.
pub const AROUND_CHART_SECONDS: i64 = 600;

/// Values of a line of a chart.
pub const AROUND_CHART_VALUES: i64 = 120;

/// Requests of the same operation, nearest in time, among which healthy ones are sought to compare with.
pub const BASELINE_CANDIDATES: usize = 100;

/// Healthy requests that stand for what is usual.
pub const BASELINE_TRACES: usize = 9;

/// Traces with nearly the same id that an answer names.
pub const NEAR_TRACES: usize = 10;

/// Log lines and attributes that an answer names in which an unknown id stands.
pub const ELSEWHERE: usize = 20;

/// Newest traces whose services an answer names with their newest data.
pub const NEWS_TRACES: usize = 200;

/// Characters of a paste that are looked for in log lines and attributes as they stand.
pub const TEXT_CHARS: usize = 200;

/// Bytes of a paste that `telltale story -` reads: what fits, URL-encoded, into a request's head.
pub const PASTE_BYTES: usize = 16 * 1024;

/// Bytes of a request body on the query paths; OTLP has its own limit.
pub const QUERY_BODY_BYTES: usize = 1024 * 1024;

/// How often a quiet live stream sends a comment, so that proxies do not cut it.
pub const LIVE_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How soon a browser comes back after a live stream broke off.
pub const LIVE_RETRY: Duration = Duration::from_secs(1);

/// How long `telltale doctor` waits for a connection.
pub const DOCTOR_CONNECT: Duration = Duration::from_secs(3);

/// Operations of a trace of which a story says what is usual.
pub const STORY_OPERATIONS: usize = 1_000;

/// Spans of `/api/trace/{id}` that are written at once; a larger trace is sent in so many pieces.
pub const TRACE_SPANS_AT_ONCE: usize = 4_096;

/// Rows of one part of a trace as OTLP; a larger trace is written in so many parts, each with its own envelopes.
pub const OTLP_ROWS_AT_ONCE: usize = 8_192;

/// Entries of a story's merged list that are written at once; a longer list is sent in so many pieces.
pub const STORY_ENTRIES_AT_ONCE: usize = 4_096;

/// Rows that one judgement, schema or comparison looks at.
pub const OBSERVED_ROWS: usize = 500_000;

/// Requests that may wait for something to arrive at once.
pub const WAITING: usize = 64;

/// How long `/api/wait` waits when nobody says.
pub const WAIT: Duration = Duration::from_secs(10);

/// How long `/api/wait` and `/api/check` may wait.
pub const WAIT_MAX: Duration = Duration::from_secs(300);

/// How long nothing may arrive before what is absent is taken to stay so: senders that we did not start give no sign.
pub const QUIET: Duration = Duration::from_millis(300);

/// Named runs that are kept; the oldest is forgotten first, its telemetry stays.
pub const RUNS_KEPT: usize = 200;

/// Bytes of a run's name.
pub const RUN_NAME_BYTES: usize = 200;

/// Bytes of a file that is opened, as it is sent.
pub const IMPORT_BYTES: u64 = 2 << 30;

/// Files that are opened at once: each may hold a large document in memory.
pub const IMPORTS_AT_ONCE: usize = 2;

/// Requests of a file that wait to be stored; reading goes on only as fast as storing.
pub const IMPORT_PARTS_WAITING: usize = 2;

/// Faults of a file that are listed; the rest is counted.
pub const IMPORT_FAULTS: usize = 100;

/// Traces of a file that are named.
pub const IMPORT_TRACES: usize = 20;

/// How long one request of a file waits for room in the store before it counts as not stored.
pub const IMPORT_PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of a file's name.
pub const IMPORT_NAME_BYTES: usize = 300;

/// Longest time that a setting may keep data: a hundred years, in days.
pub const KEEP_DAYS_MAX: u64 = 36_500;

/// Largest size of a disk that a setting may name: a pebibyte, in MiB.
pub const DISK_MIB_MAX: u64 = 1 << 30;

/// Smallest value of `store-cache-mib`: the files of one sealed segment have to fit.
pub const STORE_CACHE_MIB_MIN: u64 = 512;

/// Questions about metrics that run at once; more wait.
pub const METRIC_QUERIES: usize = 4;

/// How long one question about metrics may take, waiting included; `timeout` may ask for less.
pub const METRIC_QUERY_TIME: Duration = Duration::from_secs(60);

/// Families whose type and help senders told apart from samples that are remembered.
pub const FAMILIES_KEPT: usize = 20_000;

/// How far back `status/tsdb` counts series, in milliseconds.
pub const TSDB_STATUS_MS: i64 = 3_600_000;

/// Bytes of one scraped text. Beyond: the scrape fails and `up` is 0.
pub const SCRAPE_BYTES: usize = 64 * 1024 * 1024;

/// Shortest interval between two scrapes of a target.
pub const SCRAPE_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// Links to single traces that hold at once.
pub const SHARES_KEPT: usize = 1_000;

/// How long a link holds when nobody says, in seconds: a week.
pub const SHARE_SECONDS: u64 = 7 * 24 * 60 * 60;

/// How long a link may hold, in seconds: 90 days.
pub const SHARE_SECONDS_MAX: u64 = 90 * 24 * 60 * 60;

/// Shared pages that are made at once: strangers ask for them.
pub const SHARED_AT_ONCE: usize = 4;

/// Rows of a page of search results when `limit=` does not say.
pub const SEARCH_ROWS: usize = 50;

/// Rows of a page of search results that `limit=` may ask for.
pub const SEARCH_ROWS_MAX: usize = 500;

/// Rows of one and the same time (or duration) that paging can step over; beyond, the page says so.
pub const SEARCH_TIES_MAX: usize = 50_000;

/// Buckets of a search histogram, about.
pub const SEARCH_BUCKETS: u64 = 60;

/// Values that a facet lists.
pub const FACET_VALUES: usize = 10;

/// Attribute keys that facets list.
pub const FACET_KEYS: usize = 30;

/// Rows that completion and attribute facets look at.
pub const SAMPLE_ROWS: u64 = 20_000;

/// Rows that "what is different" looks at.
pub const DIFFERENT_ROWS: u64 = 200_000;

/// Differences that are listed.
pub const DIFFERENCES: usize = 50;

/// Log lines that patterns are made from.
pub const PATTERN_LINES: u64 = 200_000;

/// Offers of one completion.
pub const OFFERS: usize = 20;

/// Time that an export may take.
pub const EXPORT_TIME: Duration = Duration::from_secs(15 * 60);

/// Saved searches that are kept.
pub const SAVED_SEARCHES: usize = 500;

/// Bytes of the name of a saved search.
pub const SAVED_NAME_BYTES: usize = 200;

/// Size of a compiled regular expression of a search.
pub const REGEX_BYTES: usize = 1024 * 1024;

/// Requests that live readers can look back at.
pub const TAIL_REQUESTS: usize = 2048;

/// Bytes of the rows of these requests, in memory.
pub const TAIL_BYTES: usize = 32 * 1024 * 1024;

/// Requests that a live reader looks at before it sends an event.
pub const TAIL_REQUESTS_AT_ONCE: usize = 256;

/// Rows of one live event; the oldest of a larger burst are counted and not sent.
pub const TAIL_ROWS: usize = 1000;

/// Least time between two live events of rows: what arrives in between comes together.
pub const TAIL_PAUSE: Duration = Duration::from_millis(100);

/// A live reader rests so many times as long as it has just looked: it takes a quarter of one processor at most.
pub const TAIL_REST: u32 = 3;

/// Range of the services page when none is asked for.
pub const SERVICES_SINCE: Duration = Duration::from_secs(15 * 60);

/// Entry spans that the services page counts, of the range and the range before together.
pub const SERVICE_SPANS: u64 = 2_000_000;

/// Services that are told apart; spans of further ones are left out and the answer is not complete.
pub const SERVICES: usize = 2_000;

/// Operations of one service that are told apart; spans of further ones are counted as left out.
pub const SERVICE_OPERATIONS: usize = 500;

/// Operations of each service that a list of all services has; those of one service are all listed.
pub const OPERATIONS_LISTED: usize = 20;

/// Steps of a trend.
pub const TREND_STEPS: usize = 30;

/// Spans that the service map is made from; all of them are in memory for that time.
pub const MAP_SPANS: usize = 400_000;

/// Dashboards of a folder.
pub const DASHBOARDS: usize = 500;

/// Bytes of a dashboard's name.
pub const DASHBOARD_NAME_BYTES: usize = 100;

/// Bytes of a request with a dashboard: Grafana's JSON can be large.
pub const DASHBOARD_BODY_BYTES: usize = telltale_dashboards::limits::FILE_BYTES_MAX;

/// What a field of PromQL offers at once.
pub const PROMQL_OFFERS: usize = 50;

/// How far back names are looked for that such a field offers, in milliseconds.
pub const SEARCHED_BACK_MS: i64 = 86_400_000;

/// How long an answer about objectives serves whoever asks, in milliseconds.
pub const SLO_FRESH_MS: i64 = 10_000;

/// After a run's command has ended: how long its connections may take to be read to their end.
pub const BARRIER: Duration = Duration::from_millis(150);

/// How long a command may take to end after it was told to.
pub const CHILD_GRACE: Duration = Duration::from_secs(10);

/// How long an output may stay open after the command has ended.
pub const OUTPUT_DRAIN: Duration = Duration::from_secs(2);

/// Bytes of one output of a command that an artifact keeps; the beginning.
pub const RUN_OUTPUT_BYTES: u64 = 64 * 1024 * 1024;

/// Entries of an artifact.
pub const ARTIFACT_ENTRIES: usize = 100_000;

/// Bytes of an artifact, unpacked.
pub const ARTIFACT_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// Bytes of an artifact's JSON files.
pub const ARTIFACT_JSON_BYTES: u64 = 256 * 1024 * 1024;

/// How often the signals file is looked at for a change while somebody has the board open.
pub const SIGNALS_LOOK: Duration = Duration::from_millis(300);

/// Bytes of one piece of a run's file on its way to a client.
pub const RUN_FILE_PIECE_BYTES: usize = 64 * 1024;

/// Pieces that are read ahead of a client.
pub const RUN_FILE_PIECES: usize = 4;

/// Artifacts of a folder that are shown together, the newest; the number of the others is said.
pub const FOLDER_RUNS: usize = 100;

/// Folders inside of folders in which artifacts are sought: what CI systems download has one for each job.
pub const FOLDER_DEPTH: usize = 3;

/// After a run's end, what arrives in its store is the run's: as long as a server takes to stop.
pub const RUN_TAIL: Duration = Duration::from_secs(10);

/// Traces whose story stands in the page of a run.
pub const REPORT_TRACES: usize = 40;
