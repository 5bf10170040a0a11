//! Every path that the server answers, once: server, browser and command line cannot disagree on one.

/// The web application's start page.
pub const HOME: &str = "/";
/// A story: `/t/{id}` and `/t/{id}/{span_id}`; `.txt`, `.md` and `.json` after the id give it without a browser.
pub const STORY_PAGE: &str = "/t/";
/// Health of the process.
pub const HEALTH: &str = "/api/health";
/// What a paste may mean (`?q=`).
pub const RESOLVE: &str = "/api/resolve";
/// One trace: `/api/trace/{id}`, `/api/trace/{id}/pack` in columns, and `/api/trace/{id}/otlp`.
pub const TRACE: &str = "/api/trace/";
/// One story as JSON: `/api/story/{id}`.
pub const STORY: &str = "/api/story/";
/// What happened around a request: `/api/around/{id}`.
pub const AROUND: &str = "/api/around/";
/// Two traces side by side (`?a=&b=`).
pub const DIFF: &str = "/api/diff";
/// A query plan as text becomes a tree (POST).
pub const PLAN: &str = "/api/plan";
/// Newest traces and errors.
pub const RECENT: &str = "/api/recent";
/// Server-sent events of what was just acknowledged.
pub const LIVE: &str = "/api/live";
/// What senders did wrong or oddly.
pub const ISSUES: &str = "/api/issues";
/// Who sends, how, how much, and what of it was refused or odd.
pub const SENDERS: &str = "/api/senders";
/// Opens a file of telemetry of this or another tool (POST, `?name=`).
pub const IMPORT: &str = "/api/import";
/// A trace for others: `/api/share/{id}/preview`, `/api/share/{id}/story.html` and other files; POST `/api/share/{id}` makes a link.
pub const SHARE: &str = "/api/share/";
/// Links to single traces; DELETE `/api/shares/{share}` ends one.
pub const SHARES: &str = "/api/shares";
/// What a link shows, without the server's token: `/s/{token}`.
pub const SHARED: &str = "/s/";
/// Search for spans, logs and traces: `?q=&kind=&from=&to=&order=&limit=&cursor=&include=`.
pub const SEARCH: &str = "/api/search";
/// What can stand at the cursor of a search box.
pub const SEARCH_COMPLETE: &str = "/api/search/complete";
/// What selected rows have that others have not.
pub const SEARCH_DIFFERENT: &str = "/api/search/different";
/// Templates of the log lines that match.
pub const SEARCH_PATTERNS: &str = "/api/search/patterns";
/// What matches as a file: `?format=csv|jsonl|parquet`.
pub const SEARCH_EXPORT: &str = "/api/search/export";
/// Saved searches: GET the list, PUT and DELETE `/api/searches/{name}`.
pub const SEARCHES: &str = "/api/searches";
/// Rate, errors and durations of services: `?from=&to=`.
pub const SERVICES: &str = "/api/services";
/// Who calls whom: `?from=&to=`.
pub const SERVICE_MAP: &str = "/api/services/map";
/// Dashboards: GET the list, POST opens one of TOML or of Grafana's JSON; GET, PUT and DELETE `/api/dashboards/{name}`.
pub const DASHBOARDS: &str = "/api/dashboards";
/// Service level objectives and how they stand: `?service=`.
pub const SLOS: &str = "/api/slos";
/// What can stand at the cursor of a PromQL field, and what is wrong in it: `?query=&cursor=`.
pub const PROMQL_COMPLETE: &str = "/api/promql/complete";
/// SQL, read only (POST).
pub const SQL: &str = "/api/sql";
/// Barrier: returns when everything acknowledged is queryable (POST).
pub const FLUSH: &str = "/api/flush";
/// Removes a trace, a service's telemetry, a stretch of time or everything (POST).
pub const DELETE: &str = "/api/delete";
/// Long poll: returns when something is there, or stays away.
pub const WAIT: &str = "/api/wait";
/// Verdicts of a signals file (POST).
pub const CHECK: &str = "/api/check";
/// A signals file that what is stored would meet.
pub const BLESS: &str = "/api/bless";
/// The promises of the signals file that this server watches, judged now.
pub const SIGNALS: &str = "/api/signals";
/// The schema of what is stored.
pub const SCHEMA: &str = "/api/schema";
/// Named runs; a new one begins with POST.
pub const RUNS: &str = "/api/runs";
/// What the run of an artifact came to.
pub const RESULTS: &str = "/api/results";
/// One run whole: tests, expectations, errors, the slowest, logs, files (`?run=`).
pub const RUNS_SHOW: &str = "/api/runs/show";
/// The tests of all runs: flaky, failing, slow.
pub const RUNS_TESTS: &str = "/api/runs/tests";
/// A file of a run's artifact (`?run=`, `?name=`).
pub const RUNS_FILE: &str = "/api/runs/file";
/// Two runs compared (`?a=`, `?b=`).
pub const RUNS_DIFF: &str = "/api/runs/diff";
/// telltale's own metrics in Prometheus text.
pub const METRICS: &str = "/metrics";
/// The login link that start-up prints: sets the cookie and leads home (`?token=`).
pub const LOGIN: &str = "/login";
/// Static files of the web application.
pub const ASSETS: &str = "/assets/";
/// OTLP/HTTP paths.
pub const OTLP_TRACES: &str = "/v1/traces";
/// OTLP/HTTP path of metrics.
pub const OTLP_METRICS: &str = "/v1/metrics";
/// OTLP/HTTP path of logs.
pub const OTLP_LOGS: &str = "/v1/logs";
